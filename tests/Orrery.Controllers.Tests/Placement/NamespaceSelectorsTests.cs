using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class NamespaceSelectorsTests
{
    private const string NameKey = "kubernetes.io/metadata.name";
    private static readonly ClusterName Shop = new("acme", "shop");

    /// <summary>Of the same tenant, of the same name in another namespace of root, of another tenant: none of them is meant by Shop's policies.</summary>
    private static readonly (string Tenant, ClusterName Cluster)[] Others =
        [("acme", new("acme", "lab")), ("acme", new("acme-two", "shop")), ("globex", new("globex", "shop"))];

    private static readonly string[] Keys = ["team", "example.com/team", NameKey];
    private static readonly string[] Values = ["a", "b", "default", "web"];

    [Theory]
    [InlineData("ingress")]
    [InlineData("egress")]
    public void Policy_MappedToADataPlane_LetsThroughExactlyWhatItDidInItsVirtualCluster(string direction)
    {
        int allowed = 0, denied = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            var chance = new Random(seed);
            Dictionary<string, IReadOnlyDictionary<string, string>> namespaces = new[] { "default", "web", "back" }.ToDictionary(n => n, n => Labels(chance, n));
            JsonObject policy = Policy(chance, direction);
            JsonObject mapped = Mapped(policy);
            foreach ((string ns, IReadOnlyDictionary<string, string> labels) in namespaces)
            {
                foreach (string app in Values)
                {
                    var pod = new Dictionary<string, string> { ["app"] = app };
                    bool? there = TrafficModel.Allows(
                        policy, direction, new TrafficEnd("default", namespaces["default"], new Dictionary<string, string> { ["app"] = "a" }), new TrafficEnd(ns, labels, pod), 80);
                    bool? here = TrafficModel.Allows(
                        mapped, direction, Physical("acme", Shop, "default", namespaces["default"], "a"), Physical("acme", Shop, ns, labels, app), 80);
                    Assert.True(there == here, $"seed {seed}: {ns}/{app} was {there} and is {here} by {mapped.ToJsonString()}");
                    _ = here == true ? allowed++ : denied++;

                    foreach ((string tenant, ClusterName cluster) in Others)
                    {
                        bool? foreign = TrafficModel.Allows(mapped, direction, Physical("acme", Shop, "default", namespaces["default"], "a"), Physical(tenant, cluster, ns, labels, app), 80);
                        Assert.True(foreign != true || Unbounded(policy, direction), $"seed {seed}: {cluster} of {tenant} is let through by {mapped.ToJsonString()}");
                    }
                }
            }
        }

        Assert.True(allowed > 500 && denied > 500, $"{allowed} allowed, {denied} denied: both must have been tried");
    }

    [Fact]
    public void Egress_ToTheNameService_LeadsToTheOneOfTheDataPlaneAndToNothingElseThere()
    {
        JsonObject policy = Samples.Json("""
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "dns", "namespace": "default"},
             "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
               {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]}]}}
            """);
        JsonObject mapped = Mapped(policy);
        TrafficEnd web = Physical("acme", Shop, "default", new Dictionary<string, string>(), "a");
        var system = new Dictionary<string, string> { [NameKey] = "kube-system" };
        bool? Allows(string app, int port) =>
            TrafficModel.Allows(mapped, "egress", web, new TrafficEnd("kube-system", system, new Dictionary<string, string> { ["k8s-app"] = app }), port);

        Assert.Equal([true, false, false], new[] { Allows("kube-dns", 53), Allows("kube-dns", 8080), Allows("kube-proxy", 53) });
    }

    [Fact]
    public void Affinity_OfAPodTemplate_IsToNamespacesOfItsOwnVirtualClusterOnly()
    {
        JsonObject manifest = Samples.Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "x"}, "spec": {"template": {"spec": {"affinity": {
              "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "z", "namespaces": ["back", "kube-system"]}}]},
              "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "h", "namespaceSelector": {}}, {"topologyKey": "h"}]}}}}}}
            """);
        NamespaceSelectors.Map(manifest, "acme", Shop);

        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""
                    {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                       {"weight": 1, "podAffinityTerm": {"topologyKey": "z", "namespaces": ["acme-shop-back", "acme-shop-kube-system"]}}]},
                     "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                       {"topologyKey": "h", "namespaceSelector": {"matchLabels": {"orrery.dev/tenant": "acme", "orrery.dev/virtual-cluster": "shop", "orrery.dev/cluster-namespace": "acme"}}},
                       {"topologyKey": "h"}]}}
                    """),
                manifest.NodeAt("spec", "template", "spec", "affinity")),
            manifest.ToJsonString());
    }

    /// <summary>A rule that names no peer is open to everybody, in a virtual cluster as anywhere: the tenant's guard and the other side's decide.</summary>
    private static bool Unbounded(JsonObject policy, string direction) =>
        policy["spec"]![direction]!.AsArray().Any(r => r![direction == "ingress" ? "from" : "to"] is not JsonArray { Count: > 0 });

    private static TrafficEnd Physical(string tenant, ClusterName cluster, string ns, IReadOnlyDictionary<string, string> labels, string app)
    {
        string name = NamespaceMapping.Map(tenant, cluster, ns);
        var there = new Dictionary<string, string>(CarriedLabels.Of(labels))
        {
            [NameKey] = name,
            [OrreryNames.TenantLabel] = tenant,
            [OrreryNames.VirtualClusterLabel] = cluster.Name,
            [OrreryNames.ClusterNamespaceLabel] = cluster.Namespace,
            [OrreryNames.NamespaceLabel] = ns,
        };
        return new TrafficEnd(name, there, new Dictionary<string, string> { ["app"] = app });
    }

    private static JsonObject Mapped(JsonObject policy)
    {
        JsonObject mapped = policy.DeepClone().AsObject();
        mapped.Metadata["namespace"] = NamespaceMapping.Map("acme", Shop, policy.Namespace);
        NamespaceSelectors.Map(mapped, "acme", Shop);
        return mapped;
    }

    private static IReadOnlyDictionary<string, string> Labels(Random chance, string name)
    {
        var labels = new Dictionary<string, string> { [NameKey] = name };
        foreach (string key in Keys.Where(k => k != NameKey && chance.Next(2) == 0))
        {
            labels[key] = Values[chance.Next(2)];
        }

        return labels;
    }

    private static JsonObject Policy(Random chance, string direction)
    {
        var rules = new JsonArray();
        for (int rule = chance.Next(3); rule >= 0; rule--)
        {
            var peers = new JsonArray();
            for (int peer = chance.Next(10) == 0 ? 0 : 1 + chance.Next(2); peer > 0; peer--)
            {
                int form = chance.Next(3);
                var json = new JsonObject();
                if (form != 0)
                {
                    json["namespaceSelector"] = Selector(chance, Keys[chance.Next(Keys.Length)]);
                }

                if (form != 1)
                {
                    json["podSelector"] = Selector(chance, "app");
                }

                peers.Add((JsonNode)json);
            }

            var made = new JsonObject { [direction == "ingress" ? "from" : "to"] = peers };
            if (chance.Next(3) == 0)
            {
                made["ports"] = new JsonArray(new JsonObject { ["port"] = chance.Next(2) == 0 ? 80 : 443 });
            }

            rules.Add((JsonNode)made);
        }

        return new JsonObject
        {
            ["apiVersion"] = "networking.k8s.io/v1",
            ["kind"] = "NetworkPolicy",
            ["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = "default" },
            ["spec"] = new JsonObject { ["podSelector"] = new JsonObject(), [direction] = rules },
        };
    }

    private static JsonObject Selector(Random chance, string key) => chance.Next(6) switch
    {
        0 => new JsonObject(),
        1 => new JsonObject { ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = key, ["operator"] = "Exists" }) },
        2 => new JsonObject { ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = key, ["operator"] = "DoesNotExist" }) },
        3 => new JsonObject { ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = key, ["operator"] = "NotIn", ["values"] = new JsonArray(Values[chance.Next(4)]) }) },
        4 => new JsonObject { ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = key, ["operator"] = "In", ["values"] = new JsonArray("a", Values[chance.Next(4)]) }) },
        _ => new JsonObject { ["matchLabels"] = new JsonObject { [key] = Values[chance.Next(4)] } },
    };
}
