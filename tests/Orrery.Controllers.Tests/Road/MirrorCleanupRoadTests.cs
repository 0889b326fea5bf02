using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What stands in a virtual cluster for what is in a data plane: all of it goes when that leaves, and a flood of it holds up nobody else's.</summary>
public sealed class MirrorCleanupRoadTests
{
    private const string Leaving = "ny8-nyc";
    private const int Flood = 800;
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource StatefulSets = new("apps", "v1", "statefulsets");
    private static readonly GroupVersionResource Services = new("", "v1", "services");
    private static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");

    [Fact]
    public async Task DataPlane_ThatLeaves_TakesAllThatStoodForItOutOfTheVirtualCluster_AndNothingElse()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await using SimulatedPlane staying = await SimulatedPlane.JoinAsync(fleet, "ams9-ams", nodes: 1);
        await using SimulatedPlane leaving = await SimulatedPlane.JoinAsync(fleet, Leaving, nodes: 2);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "ams9-ams", Leaving);
        await shop.CreateAsync(Services, "default", Json("""{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}]} }"""), default);
        await shop.CreateAsync(StatefulSets, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"serviceName": "db", "replicas": 2, "podManagementPolicy": "Parallel", "selector": {"matchLabels": {"app": "db"} },
                      "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "example.test/db:1"}]} },
                      "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }]} }
            """), default);
        string[] kinds = ["endpoints", "events", "leases", "nodes", "persistentvolumeclaims", "pods"];
        foreach (string plane in (string[])["ams9-ams", Leaving])
        {
            await Eventually.TrueAsync(async () => (await OfAsync(shop, plane)).Select(o => o.Split('/')[0]).Intersect(kinds).Count() == kinds.Length, $"all kinds of {plane} show", TimeSpan.FromSeconds(60));
        }

        await Eventually.TrueAsync(async () => (await shop.GetAsync(StatefulSets, "default", "db", default)).NumberAt("status", "readyReplicas") == 4, "it runs in both", TimeSpan.FromSeconds(60));
        string[] pods = ["db-0.ams9-ams", "db-1.ams9-ams"];
        Dictionary<string, string> kept = (await shop.ListAsync(CoreResources.Pods, "default", null, default)).Items.Where(p => pods.Contains(p.Name)).ToDictionary(p => p.Name, p => p.Uid);

        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", Leaving, PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/force-delete": "yes"}}}"""), default);
        await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", Leaving, null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.DataPlanes, "", Leaving, default) is null, "the data plane is gone", TimeSpan.FromSeconds(60));

        string[] left = [];
        try
        {
            await Eventually.TrueAsync(async () => (left = await OfAsync(shop, Leaving)).Length == 0, "nothing stands for it any more", TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            Assert.Fail("left: " + string.Join(", ", left));
        }

        Assert.Equal(kept, (await shop.ListAsync(CoreResources.Pods, "default", null, default)).Items.ToDictionary(p => p.Name, p => p.Uid));
        Assert.Equal(["data-db-0.ams9-ams", "data-db-1.ams9-ams"], (await shop.ListAsync(Claims, "default", null, default)).Items.Select(c => c.Name));
        Assert.Equal(2, (await shop.GetAsync(StatefulSets, "default", "db", default)).NumberAt("status", "readyReplicas"));
    }

    [Fact]
    public async Task EventsOfATenant_ThatComeInAFlood_AllCome_AtTheirPace_AndThoseOfAnotherComeMeanwhile()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        var others = new ClusterName("globex", "shop");
        KubeClient acme = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par"), globex = await fleet.AddVirtualClusterAsync(others, "pa2-par");
        foreach ((KubeClient shop, string mapped) in ((KubeClient, string)[])[(acme, "acme-shop-default"), (globex, "globex-shop-default")])
        {
            await shop.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "opener"} }"""), default);
            await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, mapped, "opener", default), "the first object");
        }

        await Parallel.ForAsync(0, Flood, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, token) => await plane.CreateAsync(CoreResources.Events, "acme-shop-default", Event("acme-shop-default", i), token));
        await plane.CreateAsync(CoreResources.Events, "globex-shop-default", Event("globex-shop-default", 0), default);

        // 1. The other one's, while those of the first still come.
        await Eventually.TrueAsync(async () => (await ToldAsync(globex)).Length == 1, "the other tenant's event");
        int meanwhile = (await ToldAsync(acme)).Length;
        Assert.InRange(meanwhile, 0, Flood - 1);

        // 2. In the end all of them, each once, as it was.
        await Eventually.TrueAsync(async () => (await ToldAsync(acme)).Length == Flood, "all events", TimeSpan.FromSeconds(120));
        Assert.Equal(Enumerable.Range(0, Flood).Select(i => i.ToString(CultureInfo.InvariantCulture)), (await ToldAsync(acme)).OrderBy(m => int.Parse(m, CultureInfo.InvariantCulture)));
    }

    private static async Task<string[]> ToldAsync(KubeClient shop) =>
        [.. (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Where(e => e.TextAt("reason") == "Flood").Select(e => e.TextAt("message")!["pa2-par: ".Length..])];

    /// <summary>Whatever in a virtual cluster says the name of a data plane, as resource/name.</summary>
    private static async Task<string[]> OfAsync(KubeClient shop, string dataPlane)
    {
        var found = new List<string>();
        foreach (ApiResource resource in (await new Resources(shop).AllAsync(default)).Resources.Where(r => r.Verbs.Contains("list") && r.Resource.Resource != "componentstatuses" && r.Resource.Group != "metrics.k8s.io"))
        {
            found.AddRange((await shop.ListAsync(resource.Resource, "", null, default)).Items
                .Where(o => o.Json.GetRawText().Contains(dataPlane, StringComparison.Ordinal) && !IsTold(o, dataPlane)).Select(o => $"{resource.Resource.Resource}/{o.Name}"));
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    /// <summary>What the control plane did itself stays told, as any event does for its hour; what stands for an event of a data plane has that in its name.</summary>
    private static bool IsTold(KubeObject found, string dataPlane) => found.TextAt("reason") is not null && !found.Name.EndsWith("." + dataPlane, StringComparison.Ordinal);

    private static JsonObject Event(string ns, int number) => Json($$"""
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "flood-{{number}}"}, "reason": "Flood", "message": "{{number}}", "type": "Normal", "count": 1,
         "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "test"},
         "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "{{ns}}", "name": "opener"} }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
