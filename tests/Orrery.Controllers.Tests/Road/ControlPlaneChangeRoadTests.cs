using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A cluster whose owner lets its satellite serve another control plane, which knows nothing of what the former had applied there.</summary>
public sealed class ControlPlaneChangeRoadTests
{
    private const string Plane = "pa2-par";
    private const string Mapped = "acme-shop-default";
    private static readonly ClusterName Web = new("globex", "web");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");

    [Fact]
    public async Task AnotherControlPlane_LeavesTheFormersAlone_UntilTheClustersOwnerSaysSo()
    {
        // 1. A tenant of the first control plane, with a claim that a controller of the cluster made.
        await using TestFleet first = await TestFleet.StartAsync(Plane);
        KubeClient cluster = first.DataPlanes[Plane].Client;
        KubeClient shop = await first.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("first"), default);
        await Eventually.SomeAsync(() => cluster.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await cluster.CreateAsync(Claims, Mapped, Claim("data-db-0"), default);
        string firstId = await IdAsync(first), uid = (await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Uid;
        Assert.Equal(firstId, (await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Annotations[OrreryNames.ControlPlaneAnnotation]);
        await first.StopSatelliteAsync(Plane);

        // 2. The second says what it finds, and where it wants the same it is refused.
        await using TestFleet second = await TestFleet.StartAsync(new TestFleetOptions { Cluster = first.DataPlanes[Plane].Server }, Plane);
        await LeftAsync(second, $"left alone here: 1 objects and 1 namespaces of another control plane ({firstId}): ConfigMap {Mapped}/settings, Namespace {Mapped};");
        await Eventually.TrueAsync(
            async () => (await second.Root.ListAsync(Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == "AnotherControlPlane" && e.TextAt("involvedObject", "name") == Plane), "an Event");
        KubeClient same = await second.AddVirtualClusterAsync(TestFleet.Shop, Plane), web = await second.AddVirtualClusterAsync(Web, Plane);
        await same.CreateAsync(ConfigMaps, "default", ConfigMap("second"), default);
        await web.CreateAsync(ConfigMaps, "default", ConfigMap("second"), default);
        await Eventually.TrueAsync(
            async () => (await second.Root.ListAsync(OrreryResources.Works, "dp-" + Plane, null, default)).Items.Any(w => Conditions.Find(w, "Applied") is { Status: "False", Reason: "NotOurs" } refused
                && refused.Message == $"namespace {Mapped} belongs to namespace default of virtual cluster acme/shop of tenant acme of another control plane ({firstId}); it is left as it is"),
            "the conflict is told");
        await Eventually.SomeAsync(() => cluster.FindAsync(ConfigMaps, "globex-web-default", "settings", default), "settings of globex");
        KubeObject kept = await cluster.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("first", firstId), (kept.TextAt("data", "key"), kept.Annotations[OrreryNames.ControlPlaneAnnotation]));
        Assert.NotNull(await cluster.FindAsync(Claims, Mapped, "data-db-0", default));

        // 3. Back to the first: what it has goes on, and what the second had stays.
        await second.StopSatelliteAsync(Plane);
        first.StartSatellite(Plane);
        await first.ConditionAsync(OrreryResources.DataPlanes, "", Plane, "LeftBehind", "True");
        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["key"] = "changed" } }, default);
        await Eventually.TrueAsync(async () => (await cluster.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "changed", "what it has is changed as ever");
        Assert.Equal(uid, (await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Uid);
        Assert.NotNull(await cluster.FindAsync(ConfigMaps, "globex-web-default", "settings", default));

        // 4. The cluster's owner has it removed, and nothing else goes.
        await cluster.CreateAsync(ConfigMaps, "orrery-system", Json($$"""{"metadata": {"name": "satellite-policy"}, "data": {"removeOf": "{{await IdAsync(second)}}"} }"""), default);
        await Eventually.TrueAsync(async () => await cluster.FindAsync(CoreResources.Namespaces, "", "globex-web-default", default) is null, "what the second left goes", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => Conditions.Find(await first.Root.GetAsync(OrreryResources.DataPlanes, "", Plane, default), "LeftBehind") is null, "nothing is left behind any more", TimeSpan.FromSeconds(60));
        Assert.NotNull(await cluster.FindAsync(ConfigMaps, Mapped, "settings", default));
        Assert.NotNull(await cluster.FindAsync(Claims, Mapped, "data-db-0", default));
    }

    /// <summary>Who served the cluster before objects named their control plane marks them, and what went meanwhile goes.</summary>
    [Fact]
    public async Task AppliedBeforeControlPlanesWereNamed_IsMarkedByTheOneThatServesIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient cluster = fleet.DataPlanes[Plane].Client;
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("a"), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("a", "gone"), default);
        await Eventually.SomeAsync(() => cluster.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await Eventually.SomeAsync(() => cluster.FindAsync(ConfigMaps, Mapped, "gone", default), "gone");
        KubeObject former = await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default);
        await fleet.StopSatelliteAsync(Plane);

        // As a satellite from before it leaves them.
        JsonObject unmarked = Json("""{"metadata": {"annotations": {"orrery.dev/control-plane": null}}}""");
        await cluster.PatchAsync(CoreResources.Namespaces, "", Mapped, PatchKind.Merge, unmarked, default);
        await cluster.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, unmarked, default);
        await cluster.PatchAsync(ConfigMaps, Mapped, "gone", PatchKind.Merge, unmarked, default);
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", Plane, PatchKind.Merge, Json("""{"status": {"servesUnmarked": null}}"""), default, "status");
        await shop.DeleteAsync(ConfigMaps, "default", "gone", null, default);
        fleet.StartSatellite(Plane);

        string id = await IdAsync(fleet);
        await Eventually.TrueAsync(async () => await cluster.FindAsync(ConfigMaps, Mapped, "gone", default) is null, "what is not wanted goes");
        await Eventually.TrueAsync(
            async () => (await cluster.GetAsync(ConfigMaps, Mapped, "settings", default)).Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) == id
                && (await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) == id,
            "all are marked");
        Assert.Equal(former.Uid, (await cluster.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Uid);
        Assert.Null(Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", Plane, default), "LeftBehind"));
    }

    private static readonly GroupVersionResource Events = new("", "v1", "events");

    private static async Task<string> IdAsync(TestFleet fleet) => (await fleet.Root.GetAsync(CoreResources.Namespaces, "", "kube-system", default)).Uid;

    private static Task LeftAsync(TestFleet fleet, string begins) => Eventually.TrueAsync(
        async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", Plane, default), "LeftBehind") is { Status: "True" } left && left.Message.StartsWith(begins, StringComparison.Ordinal),
        begins);

    private static JsonObject ConfigMap(string value, string name = "settings") => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "{{value}}"} }""");

    private static JsonObject Claim(string name) => Json($$"""
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "{{name}}"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
