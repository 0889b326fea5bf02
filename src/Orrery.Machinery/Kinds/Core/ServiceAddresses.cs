using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What a Service got from the server stays with it: addresses and node ports. The server owns the pools.</summary>
internal static class ServiceAddresses
{
    /// <summary>Keeps <c>clusterIP</c> and <c>clusterIPs</c> in step: one is the other's first.</summary>
    public static void Normalize(JsonObject spec)
    {
        string first = spec.Text("clusterIP");
        if (first.Length > 0 && spec.Count("clusterIPs") == 0)
        {
            spec["clusterIPs"] = new JsonArray(first);
        }
        else if (first.Length == 0 && spec.Count("clusterIPs") > 0 && spec.Text("type") != "ExternalName")
        {
            spec["clusterIP"] = spec.Texts("clusterIPs").First();
        }
    }

    /// <summary>An update that leaves out what was allocated keeps it; a change to ExternalName gives it back.</summary>
    public static void Keep(JsonObject spec, JsonObject old)
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
