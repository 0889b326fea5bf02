using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Orrery.Server.Registry;

/// <summary>A network, IPv4 or IPv6, that cluster IPs of Services are taken from. Upstream: <c>--service-cluster-ip-range</c>.</summary>
public sealed record ServiceRange
{
    /// <summary>Addresses beyond these of an IPv6 network are given to those alone who name them.</summary>
    private const int MostBits = 20;

    public static readonly ServiceRange Default = Parse("10.96.0.0/12");

    /// <summary>Where a second range, of the other family, is wanted and none is named.</summary>
    public static readonly ServiceRange DefaultIpV6 = Parse("fd00:10:96::/108");

    private ServiceRange(IPNetwork range) => Network = range;

    public IPNetwork Network { get; }

    public bool IsIpV6 => Network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>As a Service's <c>ipFamilies</c> names it.</summary>
    public string Family => IsIpV6 ? "IPv6" : "IPv4";

    /// <summary>How many addresses can be given: neither the network's nor a broadcast address is.</summary>
    public int Count => Math.Max((1 << Math.Min((IsIpV6 ? 128 : 32) - Network.PrefixLength, MostBits)) - (IsIpV6 ? 1 : 2), 0);

    /// <summary>The address of the Service <c>kubernetes</c>.</summary>
    public string First => Address(0);

    /// <exception cref="FormatException">No IPv4 network of /12 to /29, and no IPv6 network of /64 to /125: larger ones are refused, as upstream does, and smaller ones have no room.</exception>
    public static ServiceRange Parse(string text) =>
        IPNetwork.TryParse(text, out IPNetwork range)
            && (range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? range.PrefixLength is >= 12 and <= 29 : range.PrefixLength is >= 64 and <= 125)
            ? new ServiceRange(range)
            : throw new FormatException($"'{text}' is no IPv4 network of /12 to /29, such as 10.96.0.0/12, and no IPv6 network of /64 to /125");

    /// <summary>Of any size, as ServiceCIDRs name them.</summary>
    public static ServiceRange Of(IPNetwork network) => new(network);

    /// <param name="index">From zero.</param>
    public string Address(int index)
    {
        byte[] bytes = Network.BaseAddress.GetAddressBytes();
        Span<byte> last = bytes.AsSpan(bytes.Length - 4);
        BinaryPrimitives.WriteUInt32BigEndian(last, BinaryPrimitives.ReadUInt32BigEndian(last) + 1 + (uint)index);
        return new IPAddress(bytes).ToString();
    }

    public bool Contains(string address) => IPAddress.TryParse(address, out IPAddress? ip) && Network.Contains(ip);

    public override string ToString() => Network.ToString();
}
