using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What a Service got from the server stays with it: addresses and node ports. The server owns the pools.</summary>
internal static class AllocatedServiceFields
{
    /// <summary>A client that knows <c>clusterIP</c> alone says <c>clusterIPs</c> with it. The other way round nothing is inferred.</summary>
    public static void Normalize(JsonObject spec)
    {
        if (spec.Text("clusterIP") is { Length: > 0 } first && spec.Count("clusterIPs") == 0)
        {
            spec["clusterIPs"] = new JsonArray(first);
        }
    }

    /// <summary>An update that leaves out what was allocated keeps it; a change to ExternalName gives it back.</summary>
    public static void Keep(JsonObject spec, JsonObject old)
    {
        LetGo(spec, old);
        if (spec.Text("type") == "ExternalName")
        {
            if (old.Text("type") != "ExternalName")
            {
                GiveBack(spec, old);
            }

            return;
        }

        if (old.Text("type") == "ExternalName")
        {
            return;
        }

        if (spec.Text("clusterIP").Length == 0)
        {
            spec.CopyFrom(old, "clusterIP");
        }

        if (spec.Text("clusterIP") == old.Text("clusterIP"))
        {
            if (spec.Count("clusterIPs") == 0)
            {
                spec.CopyFrom(old, "clusterIPs");
            }
        }
        else if (JsonFields.Same(spec["clusterIPs"], old["clusterIPs"]))
        {
            // A client that knows the one alone has changed it.
            spec["clusterIPs"] = new JsonArray(spec.Text("clusterIP"));
        }

        foreach (string member in new[] { "ipFamilies", "ipFamilyPolicy" })
        {
            if (!spec.Has(member))
            {
                spec.CopyFrom(old, member);
            }
        }

        if (HasNodePorts(spec) && HasNodePorts(old))
        {
            KeepNodePorts(spec, old);
        }

        if (IsCheckedByPort(spec) && IsCheckedByPort(old) && spec.Number("healthCheckNodePort") is null or 0)
        {
            spec.CopyFrom(old, "healthCheckNodePort");
        }
    }

    /// <summary>What a name needs no more goes where it was left as it was; whoever takes out the address alone means all of them.</summary>
    private static void GiveBack(JsonObject spec, JsonObject old)
    {
        if (JsonFields.Same(spec["clusterIPs"], old["clusterIPs"]) && (spec.Text("clusterIP").Length == 0 || spec.Text("clusterIP") == old.Text("clusterIP")))
        {
            spec.Remove("clusterIP");
            spec.Remove("clusterIPs");
        }

        foreach (string member in new[] { "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy" })
        {
            if (JsonFields.Same(spec[member], old[member]))
            {
                spec.Remove(member);
            }
        }
    }

    /// <summary>Who changes the type alone need not know what the new one cannot have: it goes where it was left as it was (<c>dropTypeDependentFields</c>).</summary>
    private static void LetGo(JsonObject spec, JsonObject old)
    {
        if (HasNodePorts(old) && !HasNodePorts(spec) && !Numbers(spec).Except(Numbers(old)).Any())
        {
            foreach (JsonObject port in spec.Items("ports"))
            {
                port.Remove("nodePort");
            }
        }

        LetGo(spec, old, IsCheckedByPort, "healthCheckNodePort");
        LetGo(spec, old, IsBalanced, "allocateLoadBalancerNodePorts");
        LetGo(spec, old, IsBalanced, "loadBalancerClass");
        LetGo(spec, old, IsReachedFromOutside, "externalTrafficPolicy");
    }

    private static void LetGo(JsonObject spec, JsonObject old, Func<JsonObject, bool> canHave, string member)
    {
        if (canHave(old) && !canHave(spec) && JsonFields.Same(spec[member], old[member]))
        {
            spec.Remove(member);
        }
    }

    private static bool IsBalanced(JsonObject spec) => spec.Text("type") == "LoadBalancer";

    private static bool IsReachedFromOutside(JsonObject spec) => HasNodePorts(spec) || (spec.Text("type") == "ClusterIP" && spec.Count("externalIPs") > 0);

    private static bool HasNodePorts(JsonObject spec) => spec.Text("type") is "NodePort" or "LoadBalancer";

    private static bool IsCheckedByPort(JsonObject spec) => spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>A port is known by its name: whatever else of it changes, it keeps its node port, unless another port names that one now.</summary>
    private static void KeepNodePorts(JsonObject spec, JsonObject old)
    {
        HashSet<long> used = [.. Numbers(old).Intersect(Numbers(spec))];
        foreach (JsonObject port in spec.Items("ports").Where(p => p.Number("nodePort") is null or 0))
        {
            JsonObject? before = old.Items("ports").LastOrDefault(p => p.Text("name") == port.Text("name"));
            if (before?.Number("nodePort") is { } held and not 0 && used.Add(held))
            {
                port.CopyFrom(before, "nodePort");
            }
        }
    }

    private static IEnumerable<long> Numbers(JsonObject spec) => spec.Items("ports").Select(p => p.Number("nodePort") ?? 0).Where(n => n != 0);
}
