using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Placement;

/// <summary>
/// Makes what selects namespaces of a virtual cluster select the namespaces that they are mapped to, and none of anybody else: peers of network policies, and
/// what pods want to be near to or far from. Pure.
/// </summary>
internal static class NamespaceSelectors
{
    private const string NameKey = "kubernetes.io/metadata.name";
    private const string SystemNamespace = "kube-system";

    /// <summary>By number, and by the names that the name service's own pods give it.</summary>
    private static readonly string[] NameServicePorts = ["53", "dns", "dns-tcp"];

    public static void Map(JsonObject manifest, string tenant, ClusterName cluster)
    {
        if (manifest.Kind == "NetworkPolicy")
        {
            MapPolicy(manifest, s => Scoped(s, tenant, cluster));
        }
        else if (PodSpec(manifest)?["affinity"] is JsonObject affinity)
        {
            foreach (JsonObject term in Terms(affinity))
            {
                MapTerm(term, tenant, cluster);
            }
        }
    }

    private static void MapPolicy(JsonObject manifest, Func<JsonObject, JsonObject> scoped)
    {
        foreach (JsonObject peer in Rules(manifest, "ingress").SelectMany(r => Objects(r["from"])))
        {
            Scope(peer, scoped);
        }

        // The name service of a virtual cluster is the one of each data plane: whoever may ask the one may ask the other, and nothing else there.
        List<JsonObject> more = [];
        foreach (JsonObject rule in Rules(manifest, "egress"))
        {
            JsonArray names = [.. Objects(rule["to"]).Where(SelectsSystem).Select(ToNameService)];
            if (names.Count > 0 && PortsOfNameService(rule) is { Count: > 0 } ports)
            {
                more.Add(new JsonObject { ["to"] = names, ["ports"] = ports });
            }

            foreach (JsonObject peer in Objects(rule["to"]))
            {
                Scope(peer, scoped);
            }
        }

        foreach (JsonObject rule in more)
        {
            (manifest.NodeAt("spec", "egress") as JsonArray)!.Add((JsonNode)rule);
        }
    }

    private static void Scope(JsonObject peer, Func<JsonObject, JsonObject> scoped)
    {
        if (peer["namespaceSelector"] is JsonObject selector)
        {
            peer["namespaceSelector"] = scoped(selector);
        }
    }

    private static bool SelectsSystem(JsonObject peer) =>
        peer["namespaceSelector"] is JsonObject selector
        && LabelSelector.FromJson(selector).Matches(new Dictionary<string, string> { [NameKey] = SystemNamespace });

    private static JsonNode ToNameService(JsonObject peer)
    {
        JsonObject there = peer.DeepClone().AsObject();
        there["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [NameKey] = SystemNamespace } };
        return there;
    }

    /// <summary>Those of the rule that are the name service's; both of them where it names none.</summary>
    private static JsonArray PortsOfNameService(JsonObject rule) => Objects(rule["ports"]).ToList() is { Count: > 0 } named
        ? [.. named.Where(p => p["endPort"] is null && p["port"] is { } port && NameServicePorts.Contains(port.ToString())).Select(p => p.DeepClone())]
        : [new JsonObject { ["protocol"] = "UDP", ["port"] = 53 }, new JsonObject { ["protocol"] = "TCP", ["port"] = 53 }];

    private static void MapTerm(JsonObject term, string tenant, ClusterName cluster)
    {
        if (term["namespaces"] is JsonArray names)
        {
            term["namespaces"] = new JsonArray([.. names.Select(n => (JsonNode)NamespaceMapping.Map(tenant, cluster, n!.GetValue<string>()))]);
        }

        Scope(term, s => Scoped(s, tenant, cluster));
    }

    /// <summary>The same labels, as they are carried there, of the virtual cluster's own namespaces.</summary>
    private static JsonObject Scoped(JsonObject selector, string tenant, ClusterName cluster)
    {
        var labels = new JsonObject
        {
            [OrreryNames.TenantLabel] = tenant,
            [OrreryNames.VirtualClusterLabel] = cluster.Name,
            [OrreryNames.ClusterNamespaceLabel] = cluster.Namespace,
        };
        foreach ((string key, JsonNode? value) in selector["matchLabels"] as JsonObject ?? [])
        {
            labels[CarriedLabels.KeyOf(key)] = value?.DeepClone();
        }

        var mapped = new JsonObject { ["matchLabels"] = labels };
        if (selector["matchExpressions"] is JsonArray { Count: > 0 } expressions)
        {
            mapped["matchExpressions"] = new JsonArray([.. expressions.OfType<JsonObject>().Select(e =>
            {
                JsonObject there = e.DeepClone().AsObject();
                there["key"] = CarriedLabels.KeyOf(e.TextAt("key") ?? "");
                return (JsonNode)there;
            })]);
        }

        return mapped;
    }

    private static JsonObject? PodSpec(JsonObject manifest) => (manifest.Kind switch
    {
        "Pod" => manifest["spec"],
        "CronJob" => manifest.NodeAt("spec", "jobTemplate", "spec", "template", "spec"),
        _ => manifest.NodeAt("spec", "template", "spec"),
    }) as JsonObject;

    private static IEnumerable<JsonObject> Terms(JsonObject affinity) =>
        from side in (string[])["podAffinity", "podAntiAffinity"]
        where affinity[side] is JsonObject
        from term in Objects(affinity[side]!["requiredDuringSchedulingIgnoredDuringExecution"])
            .Concat(Objects(affinity[side]!["preferredDuringSchedulingIgnoredDuringExecution"]).Select(w => w["podAffinityTerm"]).OfType<JsonObject>())
        select term;

    private static IEnumerable<JsonObject> Rules(JsonObject manifest, string direction) => Objects(manifest.NodeAt("spec", direction)).ToList();

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => list is JsonArray items ? items.OfType<JsonObject>() : [];
}
