using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What stays in a data plane when an object leaves it, and what must not: a claim outlives a placement, and nothing outlives its virtual cluster.</summary>
public sealed class PurgeRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");

    [Fact]
    public async Task VirtualClusterDeleted_WhatAControllerMadeForItGoesToo()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(Claims, Mapped, Claim("data-db-0"), default);

        // Deleting the object alone keeps the claim, as a Kubernetes cluster does.
        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        await GoneAsync(plane, ConfigMaps, Mapped, "settings");
        Assert.NotNull(await plane.FindAsync(Claims, Mapped, "data-db-0", default));

        await fleet.Root.DeleteAsync(OrreryResources.VirtualClusters, "acme", "shop", null, default);
        await GoneAsync(plane, CoreResources.Namespaces, "", Mapped);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Observations, "dp-pa2-par", null, default)).Items.Count == 0, "nothing is observed any more");
    }

    [Fact]
    public async Task VirtualClusterMadeAgainWhileTheSatelliteWasAway_MeetsNothingOfTheFormer()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (_, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(Claims, Mapped, Claim("data-db-0"), default);
        KubeObject former = await plane.GetAsync(CoreResources.Namespaces, "", Mapped, default);
        await fleet.StopSatelliteAsync("pa2-par");

        await fleet.Root.DeleteAsync(OrreryResources.VirtualClusters, "acme", "shop", null, default);
        await GoneAsync(fleet.Root, OrreryResources.VirtualClusters, "acme", "shop");
        KubeClient again = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await again.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        fleet.StartSatellite("pa2-par");

        await Eventually.TrueAsync(
            async () => await plane.FindAsync(CoreResources.Namespaces, "", Mapped, default) is { } ns && ns.Uid != former.Uid && !ns.IsDeleting
                && await plane.FindAsync(ConfigMaps, Mapped, "settings", default) is not null,
            "the new one's object in a new namespace",
            TimeSpan.FromSeconds(60));
        Assert.Empty((await plane.ListAsync(Claims, Mapped, null, default)).Items);
    }

    [Fact]
    public async Task NamespaceDeleted_ItsClaimsGoAndThoseOfOthersStay()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(Claims, Mapped, Claim("data-db-0"), default);
        await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}"""), default);
        await shop.CreateAsync(ConfigMaps, "blue", ConfigMap("settings"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, "acme-shop-blue", "settings", default), "settings of blue");
        await plane.CreateAsync(Claims, "acme-shop-blue", Claim("data-db-0"), default);

        await shop.DeleteAsync(CoreResources.Namespaces, "", "blue", null, default);
        await GoneAsync(plane, CoreResources.Namespaces, "", "acme-shop-blue");
        Assert.NotNull(await plane.FindAsync(Claims, Mapped, "data-db-0", default));
    }

    [Fact]
    public async Task Withdrawn_ClaimIsKeptAndTakenUpAgain_DeletedIsGone()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        KubeClient plane = fleet.DataPlanes["ny8-nyc"].Client;
        await shop.CreateAsync(Claims, "default", Claim("data"), default);

        // Something else has the name already that the Work of the settings usually gets.
        await fleet.Root.CreateAsync(OrreryResources.Works, "dp-ny8-nyc", Json($$$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work", "metadata": {"name": "{{{new SourceReference(TestFleet.Shop, "v1", "ConfigMap", "default", "settings").ObjectName()}}}"},
             "spec": {"source": {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "namespace": "vendor", "name": "gone"},
                      "manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "vendor"} } } }
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        KubeObject claim = await Eventually.SomeAsync(() => plane.FindAsync(Claims, Mapped, "data", default), "claim in the data plane");
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "settings", default), "settings in the data plane");

        // 1. Withdrawn: the rest goes, the claim stays.
        await PlaceAsync(fleet, "pa2-par");
        await GoneAsync(plane, ConfigMaps, Mapped, "settings");
        await Eventually.TrueAsync(async () => await ReasonAsync(fleet) == Withdrawal.Kept, "the Work says that the claim is kept");
        Assert.Equal(claim.Uid, (await plane.GetAsync(Claims, Mapped, "data", default)).Uid);

        // 2. Back: the same claim.
        await PlaceAsync(fleet, "pa2-par", "ny8-nyc");
        await Eventually.TrueAsync(async () => await ReasonAsync(fleet) == "Applied", "the Work is applied again");
        Assert.Equal(claim.Uid, (await plane.GetAsync(Claims, Mapped, "data", default)).Uid);

        // 3. A label that somebody takes from the namespace by a slip leaves its virtual clusters without a tenant: what runs goes, the claim stays until they have one again.
        await TenantAsync(fleet, null);
        await GoneAsync(plane, ConfigMaps, Mapped, "settings");
        await Eventually.TrueAsync(async () => await ReasonAsync(fleet) == Withdrawal.Kept, "the Work says that the claim is kept without a tenant");
        await TenantAsync(fleet, "acme");
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "settings", default), "settings are back");
        await Eventually.TrueAsync(async () => await ReasonAsync(fleet) == "Applied", "the Work of the claim is applied again");
        Assert.Equal(claim.Uid, (await plane.GetAsync(Claims, Mapped, "data", default)).Uid);

        // 4. Deleted while withdrawn: gone there too.
        await PlaceAsync(fleet, "pa2-par");
        await Eventually.TrueAsync(async () => await ReasonAsync(fleet) == Withdrawal.Kept, "kept again");
        await shop.DeleteAsync(Claims, "default", "data", null, default);
        await GoneAsync(plane, Claims, Mapped, "data");
        await GoneAsync(plane, CoreResources.Namespaces, "", Mapped);
    }

    [Fact]
    public async Task DeletedWithOrphan_AlsoWhileNoControllerSeesIt_WhatItMadeStaysAndIsThereForItsSuccessor()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await shop.CreateAsync(Deployments, "default", Deployment(), default);
        KubeObject there = await Eventually.SomeAsync(() => plane.FindAsync(Deployments, Mapped, "web", default), "deployment in the data plane");
        JsonObject set = Deployment();
        set["kind"] = "ReplicaSet";
        set.Metadata["name"] = "web-1";
        set.Metadata["ownerReferences"] = new JsonArray(OwnKinds.OwnedBy(there));
        KubeObject made = await plane.CreateAsync(ReplicaSets, Mapped, set, default);

        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w => w.TextAt("spec", "source", "kind") == "Deployment" && Conditions.IsTrue(w, "Applied")),
            "it is applied");

        // The controllers are killed, and know nothing of it when they come back but what stands in the cluster.
        await fleet.StopControllersAsync();
        await shop.DeleteAsync(Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        Assert.Equal(["orphan"], (await shop.GetAsync(Deployments, "default", "web", default)).Finalizers);
        await fleet.StartControllersAsync();
        await GoneAsync(shop, Deployments, "default", "web");
        Assert.Null(Assert.Single((await shop.ListAsync(ReplicaSets, "default", null, default)).Items).At("metadata", "ownerReferences"));
        await GoneAsync(plane, Deployments, Mapped, "web");
        KubeObject left = await plane.GetAsync(ReplicaSets, Mapped, "web-1", default);
        Assert.Equal(made.Uid, left.Uid);
        Assert.Null(left.At("metadata", "ownerReferences"));
        await Eventually.TrueAsync(
            async () => !(await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w => w.TextAt("spec", "source", "kind") == "Deployment"),
            "the Work has gone");

        await shop.CreateAsync(Deployments, "default", Deployment(), default);
        await Eventually.SomeAsync(() => plane.FindAsync(Deployments, Mapped, "web", default), "its successor");
        Assert.Equal(made.Uid, (await plane.GetAsync(ReplicaSets, Mapped, "web-1", default)).Uid);
    }

    [Fact]
    public async Task TenantDeleted_NamespacesMadeByHandGoWithTheirVirtualClusters()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        foreach (string name in (string[])["acme", "acme-more"])
        {
            await fleet.Root.CreateAsync(CoreResources.Namespaces, "", Json($$$"""
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{{name}}}", "labels": {"orrery.dev/tenant": "acme"} } }
                """), default);
        }

        (_, KubeClient plane) = await OpenAsync(fleet);
        await fleet.Root.CreateAsync(
            OrreryResources.VirtualClusters, "acme-more", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "other"}}"""), default);
        await fleet.ConditionAsync(OrreryResources.VirtualClusters, "acme-more", "other", "Ready", "True");
        foreach (string name in (string[])["acme", "acme-more"])
        {
            await Eventually.TrueAsync(
                async () => (await fleet.Root.GetAsync(CoreResources.Namespaces, "", name, default)).At("metadata", "ownerReferences") is { } owners
                    && owners[0].GetProperty("kind").GetString() == "Tenant",
                $"namespace {name} is adopted");
        }

        await fleet.Root.DeleteAsync(OrreryResources.Tenants, "", "acme", null, default);
        await GoneAsync(fleet.Root, CoreResources.Namespaces, "", "acme");
        await GoneAsync(fleet.Root, CoreResources.Namespaces, "", "acme-more");
        await GoneAsync(plane, CoreResources.Namespaces, "", Mapped);
        Assert.Empty((await fleet.Root.ListAsync(OrreryResources.LogicalClusters, "", null, default)).Items);
    }

    private static async Task<(KubeClient Shop, KubeClient Plane)> OpenAsync(TestFleet fleet)
    {
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "settings", default), "settings in the data plane");
        return (shop, plane);
    }

    /// <param name="name">Null takes the label away.</param>
    private static Task TenantAsync(TestFleet fleet, string? name) => fleet.Root.PatchAsync(
        CoreResources.Namespaces, "", "acme", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [OrreryNames.TenantLabel] = name } } }, default);

    private static Task PlaceAsync(TestFleet fleet, params string[] dataPlanes) => fleet.Root.PatchAsync(
        OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge,
        new JsonObject { ["spec"] = new JsonObject { ["placement"] = new JsonObject { ["dataPlanes"] = OwnKinds.List(dataPlanes) } } }, default);

    private static async Task<string> ReasonAsync(TestFleet fleet) =>
        (await fleet.Root.ListAsync(OrreryResources.Works, "dp-ny8-nyc", null, default)).Items
            .Where(w => w.TextAt("spec", "source", "kind") == "PersistentVolumeClaim")
            .Select(w => Conditions.Find(w, "Applied")?.Reason ?? "").SingleOrDefault() ?? "";

    private static Task GoneAsync(KubeClient client, GroupVersionResource resource, string ns, string name) => Eventually.TrueAsync(
        async () => await client.FindAsync(resource, ns, name, default) is null, $"{resource.Resource} {name} is gone", TimeSpan.FromSeconds(60));

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Claim(string name) => Json($$$"""
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "{{{name}}}"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }
        """);

    private static JsonObject Deployment() => Json("""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                  "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
