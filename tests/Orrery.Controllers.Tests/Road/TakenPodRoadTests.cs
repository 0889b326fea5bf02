using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A pod that a tenant made, and that a controller of its data plane takes, is that controller's in its virtual cluster too: with its name, and for as long as it is kept there.</summary>
public sealed class TakenPodRoadTests
{
    private const string Plane = "pa2-par", Other = "ny8-nyc", Mapped = "acme-shop-default";

    private static readonly GroupVersionResource Controllers = new("", "v1", "replicationcontrollers");
    private static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>All of it by the data plane's own controllers.</summary>
    [Fact]
    public async Task ReplicaSet_TakesThePodThatItSelects_LetsGoOfOneThatItDoesNot_AndDeletesOneTooMany()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, Plane, nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        KubeObject own = await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).TextAt("status", "phase") == "Running", "it runs", Limit);

        // 1. It is the one replica that is wanted.
        KubeObject set = await shop.CreateAsync(ReplicaSets, "default", Set(1), default);
        await OwnerAsync(shop, set.Uid);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(ReplicaSets, "default", "web", default)).NumberAt("status", "readyReplicas") == 1, "it is counted", Limit);
        Assert.Equal([own.Uid], (await PodsAsync(shop)).Select(p => p.Uid));

        // 2. It is let go of, and another made in its place.
        await shop.PatchAsync(CoreResources.Pods, "default", "bare", PatchKind.Merge, Json("""{"metadata": {"labels": {"app": "not-web"} } }"""), default);
        await OwnerAsync(shop, null);
        await Eventually.TrueAsync(async () => await PodsAsync(shop) is [{ } made] && made.Name != "bare", "another is made", Limit);
        Assert.Equal(own.Uid, (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).Uid);

        // 3. Taken again it is one of two where one is wanted: the other stays, which has run for longer. Nor is it made again.
        await shop.PatchAsync(CoreResources.Pods, "default", "bare", PatchKind.Merge, Json("""{"metadata": {"labels": {"app": "web"} } }"""), default);
        await Eventually.TrueAsync(async () => await PodsAsync(shop) is [{ IsDeleting: false }], "one is left", Limit);
        await shop.PatchAsync(ReplicaSets, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 0} }"""), default, "scale");
        await Eventually.TrueAsync(async () => (await PodsAsync(shop)).Count == 0, "none is left", Limit);
        await Eventually.TrueAsync(async () => !(await fleet.Root.ListAsync(OrreryResources.Works, "dp-" + Plane, null, default)).Items.Any(w => w.TextAt("spec", "source", "kind") == "Pod"), "nor is one wanted", Limit);
        Assert.Empty((await plane.Client.ListAsync(CoreResources.Pods, Mapped, null, default)).Items);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Gone_WhileItsSatelliteIsAwayOrThere_IsNotMadeAgain(bool isAway)
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        KubeClient plane = fleet.DataPlanes[Plane].Client;
        KubeObject controller = await shop.CreateAsync(Controllers, "default", Controller(), default);
        await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        KubeObject live = await TakeAsync(plane);
        await OwnerAsync(shop, controller.Uid);
        if (isAway)
        {
            await Eventually.TrueAsync(async () => (await WorkAsync(fleet, Plane))?.TextAt("status", "taken") is { Length: > 0 }, "that it was taken is known", Limit);
            await fleet.StopSatelliteAsync(Plane);
        }

        await plane.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        if (isAway)
        {
            fleet.StartSatellite(Plane);
        }

        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "bare", default) is null, "it has gone", Limit);
        await Eventually.TrueAsync(async () => await WorkAsync(fleet, Plane) is null, "it is wanted no more", Limit);
        Assert.Null(await plane.FindAsync(CoreResources.Pods, Mapped, "bare", default));

        // Another of its name is its tenant's.
        await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        KubeObject next = await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.Pods, Mapped, "bare", default), "another is made", Limit);
        Assert.NotEqual(live.Uid, next.Uid);
        Assert.Empty((await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).OwnerUids());
    }

    [Fact]
    public async Task Gone_FromOneOfTwo_StandsForTheOther()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane, Other);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane, Other);
        KubeObject controller = await shop.CreateAsync(Controllers, "default", Controller(), default);
        KubeObject own = await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        foreach (string name in new[] { Plane, Other })
        {
            await TakeAsync(fleet.DataPlanes[name].Client);
        }

        await OwnerAsync(shop, controller.Uid);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "bare." + Plane, default) is not null, "it stands for the first", Limit);

        await fleet.DataPlanes[Other].Client.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);

        await Eventually.TrueAsync(async () => await PodsAsync(shop) is [{ Name: "bare" } p] && p.Uid == own.Uid && p.Annotations[OrreryNames.RunsInAnnotation] == Plane, "it stands for the other", Limit);
        Assert.Equal([controller.Uid], (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).OwnerUids());
        await fleet.DataPlanes[Plane].Client.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.TrueAsync(async () => (await PodsAsync(shop)).Count == 0, "it has gone from both", Limit);
    }

    /// <summary>As the data plane's controller does.</summary>
    private static async Task<KubeObject> TakeAsync(KubeClient plane)
    {
        KubeObject owner = await Eventually.SomeAsync(() => plane.FindAsync(Controllers, Mapped, "web", default), "its controller is there", Limit);
        await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.Pods, Mapped, "bare", default), "it is there", Limit);
        JsonObject reference = OwnKinds.OwnedBy(owner);
        reference["controller"] = true;
        return await plane.PatchAsync(
            CoreResources.Pods, Mapped, "bare", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = new JsonArray((JsonNode)reference) } }, default);
    }

    private static Task OwnerAsync(KubeClient shop, string? uid) => Eventually.TrueAsync(
        async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).OwnerUids().SequenceEqual(uid is null ? [] : [uid]), uid is null ? "nobody owns it" : "it is owned", Limit);

    private static async Task<IReadOnlyList<KubeObject>> PodsAsync(KubeClient shop) =>
        (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items;

    private static async Task<KubeObject?> WorkAsync(TestFleet fleet, string plane) =>
        (await fleet.Root.ListAsync(OrreryResources.Works, "dp-" + plane, null, default)).Items.SingleOrDefault(w => w.TextAt("spec", "source", "kind") == "Pod");

    private static JsonObject Bare() => Json("""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "web"} }, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "example.test/web:1"}]} }
        """);

    private static JsonObject Controller() => Json("""
        {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"},
         "spec": {"replicas": 1, "selector": {"app": "web"}, "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
        """);

    private static JsonObject Set(int replicas) => Json($$"""
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
         "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "web"} },
                  "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}

/// <summary>Reads who owns an object.</summary>
file static class Owners
{
    public static IEnumerable<string> OwnerUids(this KubeObject found) =>
        found.At("metadata", "ownerReferences") is { ValueKind: System.Text.Json.JsonValueKind.Array } owners ? [.. owners.EnumerateArray().Select(o => o.GetProperty("uid").GetString()!)] : [];
}
