using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>The whole road with real servers: an object of a virtual cluster to its data planes, and what comes back.</summary>
public sealed class RoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    [Fact]
    public async Task Apply_Deployment_RunsEverywhereAndReportsBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");

        // 1. It arrives, mapped and marked.
        await shop.CreateAsync(Deployments, "default", Deployment(2), default);
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            KubeObject there = await Eventually.SomeAsync(() => plane.Client.FindAsync(Deployments, Mapped, "web", default), "deployment in the data plane");
            Assert.Equal("orrery", there.Labels[OrreryNames.ManagedByLabel]);
            Assert.Equal("acme", there.Labels[OrreryNames.TenantLabel]);
            KubeObject ns = await plane.Client.GetAsync(CoreResources.Namespaces, "", Mapped, default);
            Assert.Equal("acme/shop", ns.Annotations[OrreryNames.ClusterAnnotation]);
        }

        // 2. The data planes' own controllers report; the virtual object shows the sum.
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await ReportAsync(plane, 2);
        }

        await Eventually.TrueAsync(
            async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "readyReplicas") == 4, "4 ready replicas");
        KubeObject web = await shop.GetAsync(Deployments, "default", "web", default);
        Assert.Equal("4", web.Annotations[OrreryNames.DesiredReplicasAnnotation]);
        Assert.Equal(1, web.NumberAt("status", "observedGeneration"));
        Assert.True(Conditions.IsTrue(web, "Available"));
        Assert.True(Conditions.IsTrue(web, OrreryNames.SpreadCondition));

        // 3. A change follows.
        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 3}}"""), default);
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await Eventually.TrueAsync(
                async () => (await plane.Client.GetAsync(Deployments, Mapped, "web", default)).NumberAt("spec", "replicas") == 3, "3 replicas in the data plane");
        }

        // 4. Deleting it leaves nothing, not even the namespace.
        await shop.DeleteAsync(Deployments, "default", "web", null, default);
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await GoneAsync(plane, Deployments, Mapped, "web");
            await GoneAsync(plane, CoreResources.Namespaces, "", Mapped);
        }

        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items is [], "no Work is left");
    }

    [Fact]
    public async Task Annotate_VirtualSites_WithdrawsFromTheOthers()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await fleet.Root.CreateAsync(OrreryResources.VirtualSites, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualSite", "metadata": {"name": "europe"}, "spec": {"dataPlaneSelector": {"matchLabels": {"region": "eu"}}}}
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "a"), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");
        await ArrivedAsync(fleet, "ny8-nyc", "settings");

        await AnnotateAsync(shop, "europe");
        await GoneAsync(fleet.DataPlanes["ny8-nyc"], ConfigMaps, Mapped, "settings");
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        // A name that nobody knows takes nothing down, and is told.
        await AnnotateAsync(shop, "europ");
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == "UnknownPlacement"),
            "event about the unknown site");
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        await AnnotateAsync(shop, null);
        await ArrivedAsync(fleet, "ny8-nyc", "settings");
    }

    [Fact]
    public async Task ChangedByHand_InADataPlane_ComesBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        TestDataPlane plane = fleet.DataPlanes["pa2-par"];
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "a"), default);
        KubeObject first = await ArrivedAsync(fleet, "pa2-par", "settings");

        // 1. Changed.
        await plane.Client.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"data": {"key": "hacked", "more": "mine"}}"""), default);
        await Eventually.TrueAsync(
            async () => (await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "a", "value put back", TimeSpan.FromSeconds(60));

        // 2. Its marks taken off, and then changed.
        await plane.Client.PatchAsync(
            ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"metadata": {"labels": null, "annotations": null}, "data": {"key": "hacked"}}"""), default);
        await Eventually.TrueAsync(
            async () => await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default) is var now
                && now.TextAt("data", "key") == "a" && now.Annotations.ContainsKey(OrreryNames.WorkAnnotation),
            "marks and value put back",
            TimeSpan.FromSeconds(60));

        // 3. Deleted.
        await plane.Client.DeleteAsync(ConfigMaps, Mapped, "settings", null, default);
        await Eventually.TrueAsync(
            async () => await plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default) is { } again && again.Uid != first.Uid, "made anew", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task SomebodyElsesObject_IsNeverTouched()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        TestDataPlane plane = fleet.DataPlanes["pa2-par"];
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("ours", "a"), default);
        await ArrivedAsync(fleet, "pa2-par", "ours");
        KubeObject foreign = await plane.Client.CreateAsync(ConfigMaps, Mapped, ConfigMap("theirs", "untouched"), default);

        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("theirs", "ours"), default);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items
                .Any(w => w.TextAt("spec", "source", "name") == "theirs" && Conditions.Find(w, "Applied") is { Status: "False", Reason: "NotOurs" }),
            "the Work says that the object is not ours");

        // Nor does it go when everything of ours does.
        await shop.DeleteAsync(ConfigMaps, "default", "theirs", null, default);
        await shop.DeleteAsync(ConfigMaps, "default", "ours", null, default);
        await GoneAsync(plane, ConfigMaps, Mapped, "ours");
        KubeObject after = await plane.Client.GetAsync(ConfigMaps, Mapped, "theirs", default);
        Assert.Equal(foreign.ResourceVersion, after.ResourceVersion);
    }

    /// <summary>Its definition is known to nobody but the cluster's owner.</summary>
    [Fact]
    public async Task SomebodyElsesCustomResource_KeepsTheEmptyNamespace()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        var gadgets = new GroupVersionResource("example.test", "v1", "gadgets");
        await plane.CreateAsync(CoreResources.CustomResourceDefinitions, "", Json("""
            {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.example.test"},
             "spec": {"group": "example.test", "scope": "Namespaced", "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
                      "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true} } }]} }
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("ours", "a"), default);
        await ArrivedAsync(fleet, "pa2-par", "ours");
        JsonObject theirs = Json("""{"apiVersion": "example.test/v1", "kind": "Gadget", "metadata": {"name": "theirs"} }""");
        KubeObject made = await Eventually.SomeAsync(async () => await TryCreateAsync(), "the gadget");

        // What comes and goes later is gone later: by then this one was looked at.
        await shop.DeleteAsync(ConfigMaps, "default", "ours", null, default);
        await GoneAsync(fleet.DataPlanes["pa2-par"], ConfigMaps, Mapped, "ours");
        await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"} }"""), default);
        await shop.CreateAsync(ConfigMaps, "other", ConfigMap("ours", "a"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, "acme-shop-other", "ours", default), "the other");
        await shop.DeleteAsync(ConfigMaps, "other", "ours", null, default);
        await GoneAsync(fleet.DataPlanes["pa2-par"], CoreResources.Namespaces, "", "acme-shop-other");

        Assert.False((await plane.GetAsync(CoreResources.Namespaces, "", Mapped, default)).IsDeleting);
        Assert.Equal(made.ResourceVersion, (await plane.GetAsync(gadgets, Mapped, "theirs", default)).ResourceVersion);

        // Without it, and once something of ours went again, it goes.
        await plane.DeleteAsync(gadgets, Mapped, "theirs", null, default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("again", "a"), default);
        await ArrivedAsync(fleet, "pa2-par", "again");
        await shop.DeleteAsync(ConfigMaps, "default", "again", null, default);
        await GoneAsync(fleet.DataPlanes["pa2-par"], CoreResources.Namespaces, "", Mapped);

        async Task<KubeObject?> TryCreateAsync()
        {
            try
            {
                return await plane.CreateAsync(gadgets, Mapped, theirs, default);
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task TwoTenants_SameNames_DoNotMeet()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient other = await fleet.AddVirtualClusterAsync(new ClusterName("globex", "shop"), "pa2-par");
        TestDataPlane plane = fleet.DataPlanes["pa2-par"];

        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "acme's"), default);
        await other.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "globex's"), default);

        await ArrivedAsync(fleet, "pa2-par", "settings");
        await Eventually.SomeAsync(() => plane.Client.FindAsync(ConfigMaps, "globex-shop-default", "settings", default), "the other tenant's");
        Assert.Equal("acme's", (await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
        Assert.Equal("globex's", (await plane.Client.GetAsync(ConfigMaps, "globex-shop-default", "settings", default)).TextAt("data", "key"));
        await other.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        await GoneAsync(plane, ConfigMaps, "globex-shop-default", "settings");
        Assert.NotNull(await plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default));
    }

    [Fact]
    public async Task DeleteVirtualCluster_LeavesNothingAnywhere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings", "a"), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");

        await fleet.Root.DeleteAsync(OrreryResources.VirtualClusters, "acme", "shop", null, default);

        await Eventually.TrueAsync(
            async () => await fleet.Root.FindAsync(OrreryResources.VirtualClusters, "acme", "shop", default) is null, "the virtual cluster is gone", TimeSpan.FromSeconds(60));
        await GoneAsync(fleet.DataPlanes["pa2-par"], CoreResources.Namespaces, "", Mapped);
        Assert.Null(await fleet.Root.FindAsync(OrreryResources.LogicalClusters, "acme", "shop", default));
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items is [], "no Work is left");
    }

    private static async Task ReportAsync(TestDataPlane plane, int replicas)
    {
        KubeObject web = await plane.Client.GetAsync(Deployments, Mapped, "web", default);
        JsonObject status = Json($$"""
            {"observedGeneration": {{web.Generation}}, "replicas": {{replicas}}, "updatedReplicas": {{replicas}}, "readyReplicas": {{replicas}}, "availableReplicas": {{replicas}},
             "conditions": [
               {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "", "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"},
               {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "", "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
            """);
        await plane.Client.PatchAsync(Deployments, Mapped, "web", PatchKind.Merge, new JsonObject { ["status"] = status }, default, "status");
    }

    private static Task AnnotateAsync(KubeClient shop, string? sites) => shop.PatchAsync(
        ConfigMaps,
        "default",
        "settings",
        PatchKind.Merge,
        new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OrreryNames.VirtualSitesAnnotation] = sites } } },
        default);

    private static Task<KubeObject> ArrivedAsync(TestFleet fleet, string dataPlane, string name) => Eventually.SomeAsync(
        () => fleet.DataPlanes[dataPlane].Client.FindAsync(ConfigMaps, Mapped, name, default), $"{name} in {dataPlane}");

    private static Task GoneAsync(TestDataPlane plane, GroupVersionResource resource, string ns, string name) => Eventually.TrueAsync(
        async () => await plane.Client.FindAsync(resource, ns, name, default) is null, $"{resource.Resource} {name} is gone from the data plane");

    private static JsonObject ConfigMap(string name, string value) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["data"] = new JsonObject { ["key"] = value },
    };

    private static JsonObject Deployment(int replicas) => Json($$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
         "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "web"} },
                  "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
