using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What a Service gets from the server: addresses and node ports. The server owns the pools; which members want filling is said here.</summary>
public static class ServiceAddresses
{
    private const string Headless = "None";

    /// <summary>Whether the service wants an address of its own and has none.</summary>
    public static bool WantsClusterIp(JsonObject service) =>
        service.ObjectAt("spec") is var spec && spec.Text("type") != "ExternalName" && spec.Text("clusterIP").Length == 0;

    /// <summary>Fills in what is missing. Call after <see cref="KindRules.PrepareForCreate"/> or <see cref="KindRules.PrepareForUpdate"/>.</summary>
    /// <param name="nextAddress">A free cluster address; called at most once.</param>
    /// <param name="nextNodePort">A free node port; called once for each port that wants one.</param>
    public static void Fill(JsonObject service, Func<string> nextAddress, Func<int> nextNodePort)
    {
        JsonObject spec = service.ObjectAt("spec");
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }

        if (spec.Text("clusterIP").Length == 0)
        {
            spec["clusterIP"] = nextAddress();
        }

        Normalize(spec);
        string address = spec.Text("clusterIP");
        if (spec.Count("ipFamilies") == 0)
        {
            spec["ipFamilies"] = new JsonArray(Addresses.IsIpV6(address) ? "IPv6" : "IPv4");
        }

        spec.FillText("ipFamilyPolicy", "SingleStack");
        bool wantsPorts = spec.Text("type") == "NodePort" || (spec.Text("type") == "LoadBalancer" && (spec.FlagAt("allocateLoadBalancerNodePorts") ?? true));
        if (!wantsPorts)
        {
            return;
        }

        foreach (JsonObject port in spec.Items("ports"))
        {
            if (port.Number("nodePort") is null or 0)
            {
                port["nodePort"] = nextNodePort();
            }
        }
    }

    /// <summary>The addresses and node ports that a stored service holds: what the pools must not hand out again.</summary>
    public static (IEnumerable<string> Addresses, IEnumerable<int> NodePorts) Held(JsonObject service)
    {
        JsonObject spec = service.ObjectAt("spec");
        return (spec.Texts("clusterIPs").Where(a => a is not (Headless or "")),
            spec.Items("ports").Select(p => (int)(p.Number("nodePort") ?? 0)).Where(p => p != 0));
    }

    /// <summary>Keeps <c>clusterIP</c> and <c>clusterIPs</c> in step: one is the other's first.</summary>
    internal static void Normalize(JsonObject spec)
    {
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }

        string first = spec.Text("clusterIP");
        if (first.Length > 0 && spec.Count("clusterIPs") == 0)
        {
            spec["clusterIPs"] = new JsonArray(first);
        }
        else if (first.Length == 0 && spec.Count("clusterIPs") > 0)
        {
            spec["clusterIP"] = spec.Texts("clusterIPs").First();
        }
    }

    /// <summary>An update that leaves out what was allocated keeps it; a change to ExternalName gives it back.</summary>
    internal static void Keep(JsonObject spec, JsonObject old)
    {
        if (spec.Text("type") == "ExternalName")
        {
            if (old.Text("type") != "ExternalName" && spec.Text("clusterIP") == old.Text("clusterIP"))
            {
                foreach (string member in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy" })
                {
                    spec.Remove(member);
                }
            }

            return;
        }

        if (old.Text("type") == "ExternalName")
        {
            return;
        }

        if (spec.Text("clusterIP").Length == 0 && spec.Count("clusterIPs") == 0)
        {
            spec.CopyFrom(old, "clusterIP");
            spec.CopyFrom(old, "clusterIPs");
        }

        foreach (string member in new[] { "ipFamilies", "ipFamilyPolicy" })
        {
            if (!spec.Has(member))
            {
                spec.CopyFrom(old, member);
            }
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            KeepNodePorts(spec, old);
        }
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject old)
    {
        foreach (JsonObject port in spec.Items("ports"))
        {
            if (port.Number("nodePort") is not (null or 0))
            {
                continue;
            }

            JsonObject? before = old.Items("ports").FirstOrDefault(p => p.Number("port") == port.Number("port") && p.Text("protocol") == port.Text("protocol"));
            if (before?["nodePort"] is { } held)
            {
                port["nodePort"] = held.DeepClone();
            }
        }
    }
}
