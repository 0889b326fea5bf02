using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>
/// Keeps what a tenant's own NetworkPolicy lets out within what the tenant's guard lets out. Policies add up: without this, one that allows an address, or
/// everything, would open the tenant's side towards nodes, metadata services and all pods of the data plane that no policy guards. Pure.
/// </summary>
internal static class TrafficBounds
{
    private static readonly IPNetwork[] Closed = [.. TenantGuards.Outside.SelectMany(o => o.Except).Select(e => IPNetwork.Parse(e))];

    /// <param name="manifest">Written by the tenant itself, of any kind; changed in place. What its vendor installs for it says what it may.</param>
    public static void Hold(JsonObject manifest, Tenancy tenancy)
    {
        if (!tenancy.IsolatesNetwork || manifest.Kind != "NetworkPolicy" || manifest.NodeAt("spec", "egress") is not JsonArray rules)
        {
            return;
        }

        foreach (JsonObject rule in rules.OfType<JsonObject>().ToList())
        {
            if (rule["to"] is not JsonArray { Count: > 0 } peers)
            {
                // To everybody: that is to everybody that the guard allows.
                rule["to"] = TenantGuards.Peers(tenancy.Tenant, tenancy.AllowedNamespaces);
                continue;
            }

            foreach (JsonObject peer in peers.OfType<JsonObject>().Where(p => p["ipBlock"] is JsonObject).ToList())
            {
                if (!Narrow(peer["ipBlock"]!.AsObject()))
                {
                    peers.Remove(peer);
                }
            }

            if (peers.Count == 0)
            {
                // A rule to nobody would be one to everybody.
                rules.Remove(rule);
            }
        }
    }

    /// <summary>Whether the guard lets the tenant's pods go to an address, whatever is there. A name is none: what it leads to may change.</summary>
    public static bool IsOutside(string address) =>
        IPAddress.TryParse(address, out IPAddress? ip) && Network($"{address}/{(ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}") is { } alone && !Closed.Any(c => Covers(c, alone));

    /// <returns>False when nothing of the block may be let out to.</returns>
    private static bool Narrow(JsonObject block)
    {
        if (Network(block.TextAt("cidr") ?? "") is not { } wanted || Closed.Any(c => Covers(c, wanted)))
        {
            return false;
        }

        JsonArray except = block["except"] as JsonArray ?? [];
        IPNetwork[] said = [.. except.Select(e => Network((string?)e ?? "")).OfType<IPNetwork>()];
        foreach (IPNetwork closed in Closed.Where(c => Covers(wanted, c) && !said.Any(s => Covers(s, c))))
        {
            except.Add((JsonNode)closed.ToString());
        }

        if (except.Count > 0 && except.Parent is null)
        {
            block["except"] = except;
        }

        return true;
    }

    private static bool Covers(IPNetwork outer, IPNetwork inner) =>
        outer.BaseAddress.AddressFamily == inner.BaseAddress.AddressFamily && outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    /// <summary>Also one whose address has bits beyond the prefix, which Kubernetes takes, and one of IPv4 written as IPv6.</summary>
    private static IPNetwork? Network(string cidr)
    {
        if (cidr.Split('/') is not [var text, var length] || !IPAddress.TryParse(text, out IPAddress? address) || !int.TryParse(length, out int prefix))
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6 && prefix >= 96)
        {
            (address, prefix) = (address.MapToIPv4(), prefix - 96);
        }

        byte[] bytes = address.GetAddressBytes();
        if (prefix < 0 || prefix > bytes.Length * 8 || (address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6))
        {
            return null;
        }

        for (int bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
