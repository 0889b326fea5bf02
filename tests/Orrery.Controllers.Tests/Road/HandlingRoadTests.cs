using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What becomes of drift, of fields that cannot change, and of strangers with a wanted name: as the object itself asks.</summary>
public sealed class HandlingRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Drift_PutBack_IsSaid()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");

        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);

        await SaidAsync(inside, "DriftCorrected", "it was changed by hand: data.key; it is put back");
        Assert.Equal("a", (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
    }

    /// <param name="saidLater">Its owner says so of what is applied already.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Drift_ReportOnly_IsSaidAndLeft_UntilSomethingElseIsWanted(bool saidLater)
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", saidLater ? "{}" : """{"orrery.dev/drift": "Report"}"""), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        if (saidLater)
        {
            await AppliedAsync(fleet, "Applied");
            await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/drift": "Report"} } }"""), default);
            await Eventually.TrueAsync(
                async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Single(w => w.TextAt("spec", "source", "name") == "settings") is var w && w.TextAt("spec", "handling", "drift") == "Report" && w.NumberAt("status", "observedGeneration") == w.Generation, "the satellite knows");
        }

        // 1. Left, also by a satellite that starts anew.
        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);
        await SaidAsync(inside, "Drifted", "it was changed by hand: data.key; it is left so");
        await AppliedAsync(fleet, "Drifted");
        await fleet.StopSatelliteAsync("pa2-par");
        fleet.StartSatellite("pa2-par");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("other", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "other", default), "other", TimeSpan.FromSeconds(60));
        Assert.Equal("hacked", (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));

        // 2. What is wanted anew comes into force.
        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"data": {"key": "b"} }"""), default);
        await Eventually.TrueAsync(async () => (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "b", "the new value");
        await AppliedAsync(fleet, "Applied");
    }

    [Fact]
    public async Task Immutable_IsMadeAnewOnlyWhereAllowed()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        JsonObject settings = ConfigMap("settings", "{}");
        settings["immutable"] = true;
        await shop.CreateAsync(ConfigMaps, "default", settings, default);
        string first = (await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings")).Uid;

        // The tenant makes it anew under the same name, faster than it goes in the data plane.
        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        JsonObject next = ConfigMap("settings", """{"orrery.dev/immutable": "Recreate"}""");
        next["data"] = Json("""{"key": "b"}""");
        next["immutable"] = true;
        await shop.CreateAsync(ConfigMaps, "default", next, default);

        await Eventually.TrueAsync(
            async () => await inside.FindAsync(ConfigMaps, Mapped, "settings", default) is { } now && now.TextAt("data", "key") == "b" && now.Uid != first, "made anew", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Conflict_WithSomebodyElseWhoApplies_IsSaidByFieldAndOwner_AndTakenOverWithPermission()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");

        await inside.ApplyAsync(ConfigMaps, Mapped, "settings", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"key": "theirs", "more": "x"} }"""), "flux", true, default);
        await AppliedAsync(fleet, "Conflict");
        await SaidAsync(inside, "ApplyConflict", "somebody else applies fields of it: .data.key (flux)");
        Assert.Equal("theirs", (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
        KubeObject work = (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.First(w => w.TextAt("spec", "source", "name") == "settings");
        Assert.Equal(
            "somebody else applies fields of it: .data.key (flux); leave them out, or take them over by the annotation orrery.dev/conflicts: TakeOver", Conditions.Find(work, "Applied")!.Message);

        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/conflicts": "TakeOver"} } }"""), default);
        await AppliedAsync(fleet, "Applied");
        KubeObject taken = await inside.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("a", "x"), (taken.TextAt("data", "key"), taken.TextAt("data", "more")));
    }

    [Fact]
    public async Task Autoscaled_KeepsTheReplicasThatItsAutoscalerSaid()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        var deployments = new GroupVersionResource("apps", "v1", "deployments");
        var autoscalers = new GroupVersionResource("autoscaling", "v2", "horizontalpodautoscalers");
        await shop.CreateAsync(deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
            """), default);
        await shop.CreateAsync(autoscalers, "default", Json("""
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
             "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 9}}
            """), default);
        await Eventually.SomeAsync(() => inside.FindAsync(autoscalers, Mapped, "web", default), "the autoscaler");
        await Eventually.SomeAsync(() => inside.FindAsync(deployments, Mapped, "web", default), "the deployment");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Count(w => w.TextAt("spec", "source", "name") == "web" && Conditions.IsTrue(w, OrreryNames.AppliedCondition)) == 2, "both are said to be there");

        // As the autoscaler there does; what is applied after it takes nothing back.
        await inside.PatchAsync(deployments, Mapped, "web", PatchKind.Merge, Json("""{"spec": {"replicas": 5} }"""), default, "scale");
        await shop.PatchAsync(deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"minReadySeconds": 3} }"""), default);
        KubeObject there = await Eventually.SomeAsync(
            async () => await inside.GetAsync(deployments, Mapped, "web", default) is { } d && d.NumberAt("spec", "minReadySeconds") == 3 ? d : null, "applied anew", TimeSpan.FromSeconds(60));
        Assert.Equal(5, there.NumberAt("spec", "replicas"));

        // Without it, the number is its tenant's again.
        await shop.DeleteAsync(autoscalers, "default", "web", null, default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(autoscalers, Mapped, "web", default) is null, "the autoscaler goes", TimeSpan.FromSeconds(60));
        await shop.PatchAsync(deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"minReadySeconds": 4} }"""), default);
        await Eventually.TrueAsync(async () => (await inside.GetAsync(deployments, Mapped, "web", default)).NumberAt("spec", "replicas") == 1, "as its tenant said", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Former_ThatWaitsForAFinalizer_IsSaidWithItsName()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"metadata": {"finalizers": ["example.test/keep"]} }"""), default);

        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        await Eventually.TrueAsync(async () => (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).IsDeleting, "it is going", TimeSpan.FromSeconds(60));
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await AppliedAsync(fleet, "Terminating");
        KubeObject work = (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.First(w => w.TextAt("spec", "source", "name") == "settings");
        Assert.Equal("an object of this name is still being deleted, and waits for its finalizers: example.test/keep", Conditions.Find(work, "Applied")!.Message);

        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"metadata": {"finalizers": null} }"""), default);
        await AppliedAsync(fleet, "Applied");
    }

    [Fact]
    public async Task Stranger_IsAdoptedOnlyWithPermission()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("ours", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "ours", default), "ours");
        string theirs = (await inside.CreateAsync(ConfigMaps, Mapped, Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"key": "theirs", "more": "x"} }"""), default)).Uid;

        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await AppliedAsync(fleet, "NotOurs");

        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/adopt": "true"} } }"""), default);
        await Eventually.TrueAsync(async () => (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "a", "adopted", TimeSpan.FromSeconds(60));
        Assert.Equal(theirs, (await inside.GetAsync(ConfigMaps, Mapped, "settings", default)).Uid);
        await AppliedAsync(fleet, "Applied");
    }

    [Fact]
    public async Task Removed_ThatWaitsForAFinalizer_IsSaid_AlsoWhereItsTenantLooks()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("other", "{}"), default);
        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"metadata": {"finalizers": ["example.test/keeps"]} }"""), default);

        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        const string Said = "it is wanted no more and was deleted, and waits for its finalizers: example.test/keeps";
        await Eventually.TrueAsync(
            async () => (await inside.ListAsync(CoreResources.Events, Mapped, null, default)).Items.Any(e => e.TextAt("reason") == "RemovalWaits" && e.TextAt("message") == Said), "the event", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == "RemovalWaits" && e.TextAt("message") == "pa2-par: " + Said),
            "the event in the virtual cluster",
            TimeSpan.FromSeconds(60));

        // Once it is let go, it goes.
        await inside.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"metadata": {"finalizers": null} }"""), default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(ConfigMaps, Mapped, "settings", default) is null, "it is gone");
    }

    [Fact]
    public async Task ClusterThatFails_IsSaidWithWhatItSays_UntilItWorks()
    {
        var webhooks = new GroupVersionResource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await inside.CreateAsync(webhooks, "", Json("""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "theirs"},
             "webhooks": [{"name": "theirs.example.test", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "clientConfig": {"url": "https://127.0.0.1:9/"},
                           "namespaceSelector": {"matchLabels": {"orrery.dev/tenant": "acme"} }, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}]}]}
            """), default);

        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "{}"), default);
        await AppliedAsync(fleet, "InternalError");
        KubeObject work = (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.First(w => w.TextAt("spec", "source", "name") == "settings");
        Assert.Contains("failed calling webhook \"theirs.example.test\"", Conditions.Find(work, "Applied")!.Message, StringComparison.Ordinal);

        await inside.DeleteAsync(webhooks, "", "theirs", null, default);
        await AppliedAsync(fleet, "Applied");
    }

    private static Task SaidAsync(KubeClient inside, string reason, string message) => Eventually.TrueAsync(
        async () => (await inside.ListAsync(CoreResources.Events, Mapped, null, default)).Items.Any(e => e.TextAt("reason") == reason && e.TextAt("message") == message), $"event {reason}");

    private static Task AppliedAsync(TestFleet fleet, string reason) => Eventually.TrueAsync(
        async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w =>
            w.TextAt("spec", "source", "name") == "settings" && Conditions.Find(w, "Applied")?.Reason == reason),
        $"Applied: {reason}",
        TimeSpan.FromSeconds(60));

    private static JsonObject ConfigMap(string name, string annotations) =>
        Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}", "annotations": {{annotations}} }, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
