using System.Net;
using System.Net.Sockets;
using Orrery.Api;

namespace Orrery.Server.Webhooks;

/// <summary>
/// Where webhooks and OpenID providers may be. What a tenant configures must not reach what only the control plane can reach: this machine, its
/// network, the metadata service of its cloud. Root's webhooks are the operator's own and lead anywhere.
/// </summary>
/// <param name="allowed">What tenants may reach beside the public internet.</param>
internal sealed class AddressGuard(IReadOnlyList<IPNetwork> allowed)
{
    /// <summary>Everything that is not a public address of one machine (IANA's special-purpose registries, RFC 6890), and metadata services with an address of their own.</summary>
    private static readonly IPNetwork[] Closed =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
            "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <param name="cluster">Whose webhook it is.</param>
    public bool MayReach(ClusterName cluster, IPAddress address)
    {
        if (cluster.IsRoot)
        {
            return true;
        }

        IPAddress real = Unwrap(address);
        return allowed.Any(n => n.Contains(real)) || !Closed.Any(n => n.Contains(real));
    }

    /// <summary>Connects to a host, of which only those addresses count that may be reached: asked for when it is connected to, whatever the name led to before.</summary>
    /// <param name="cluster">For whom.</param>
    /// <param name="what">Is connecting, for people: <c>a webhook</c>.</param>
    /// <exception cref="WebhookException">It leads only where it must not.</exception>
    /// <exception cref="SocketException">There is no such host, or it does not answer.</exception>
    public async ValueTask<Stream> ConnectAsync(ClusterName cluster, string what, DnsEndPoint host, CancellationToken cancellationToken)
    {
        IPAddress[] found = await Dns.GetHostAddressesAsync(host.Host, cancellationToken);
        IPAddress[] open = [.. found.Where(a => MayReach(cluster, a))];
        if (open.Length == 0)
        {
            throw new WebhookException(found.Length == 0
                ? $"{host.Host} has no address"
                : $"{host.Host} leads to {string.Join(", ", found.AsEnumerable())}, which {what} of this cluster may not reach; the operator can allow it (--allow-webhook-address)");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, host.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The IPv4 address that some spellings of IPv6 lead to.</summary>
    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        // The scope of a link-local address does not make it another network.
        byte[] bytes = address.GetAddressBytes();
        var bare = new IPAddress(bytes);
        bool isCompatible = Compatible.Contains(bare) && !bare.Equals(IPAddress.IPv6Loopback) && !bare.Equals(IPAddress.IPv6Any);
        return Nat64.Contains(bare) || isCompatible ? new IPAddress(bytes.AsSpan(12, 4))
            : SixToFour.Contains(bare) ? new IPAddress(bytes.AsSpan(2, 4))
            : bare;
    }
}
