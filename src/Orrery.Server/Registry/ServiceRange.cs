using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Orrery.Server.Registry;

/// <summary>The IPv4 network that cluster IPs of Services are taken from. Upstream: <c>--service-cluster-ip-range</c>.</summary>
public sealed record ServiceRange
{
    /// <summary>Larger ranges are refused, as upstream does.</summary>
    private const int MinPrefix = 12;

    /// <summary>The smallest range that leaves addresses beside the one of the Service <c>kubernetes</c>.</summary>
    private const int MaxPrefix = 29;

    public static readonly ServiceRange Default = Parse("10.96.0.0/12");

    private readonly uint network;

    private ServiceRange(IPNetwork range)
    {
        Network = range;
        network = BinaryPrimitives.ReadUInt32BigEndian(range.BaseAddress.GetAddressBytes());
    }

    public IPNetwork Network { get; }

    /// <summary>How many addresses can be given: neither the network's nor the broadcast address is.</summary>
    public int Count => (1 << (32 - Network.PrefixLength)) - 2;

    /// <summary>The address of the Service <c>kubernetes</c>.</summary>
    public string First => Address(0);

    /// <exception cref="FormatException">No IPv4 network of /12 to /29.</exception>
    public static ServiceRange Parse(string text) =>
        IPNetwork.TryParse(text, out IPNetwork range) && range.BaseAddress.AddressFamily == AddressFamily.InterNetwork && range.PrefixLength is >= MinPrefix and <= MaxPrefix
            ? new ServiceRange(range)
            : throw new FormatException($"'{text}' is no IPv4 network of /{MinPrefix} to /{MaxPrefix}, such as 10.96.0.0/12; IPv6 and dual stack are not served");

    /// <param name="index">From zero.</param>
    public string Address(int index)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, network + 1 + (uint)index);
        return new IPAddress(bytes).ToString();
    }

    public bool Contains(string address) => IPAddress.TryParse(address, out IPAddress? ip) && Network.Contains(ip);

    public override string ToString() => Network.ToString();
}
