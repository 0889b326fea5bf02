using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Revisions;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What a Deployment leaves that is deleted with <c>--cascade=orphan</c>: its ReplicaSets go on by themselves, as in any cluster, and no pod is made anew for it.</summary>
public sealed class LeftRevisionRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");

    [Fact]
    public async Task ReplicaSet_ThatADeploymentLeft_GoesOn_Scales_IsTakenOver_AndGoes()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane paris = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        await using SimulatedPlane york = await SimulatedPlane.JoinAsync(fleet, "ny8-nyc", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(Deployments, "default", Web(2, "example.test/web:1"), default);
        await ReadyAsync(shop, 4);
        string[] before = await UidsAsync(paris, york);
        KubeObject set = Assert.Single((await shop.ListAsync(ReplicaSets, "default", null, default)).Items);

        // 1. Left: the same pods, of the same ReplicaSet, which is its own by now; in each data plane as many as the Deployment had there.
        await shop.DeleteAsync(Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(Deployments, "default", "web", default) is null, "the Deployment has gone", Limit);
        await Eventually.TrueAsync(
            async () => await WorkAsync(fleet, "dp-pa2-par") is { } work && Conditions.IsTrue(work, "Applied") && await WorkAsync(fleet, "dp-ny8-nyc") is { } other && Conditions.IsTrue(other, "Applied"),
            "its ReplicaSet is placed", Limit);
        Assert.Equal(before, await UidsAsync(paris, york));
        KubeObject left = await shop.GetAsync(ReplicaSets, "default", set.Name, default);
        Assert.Equal((set.Uid, 2L), (left.Uid, left.NumberAt("spec", "replicas")));
        await Eventually.TrueAsync(async () => (await shop.GetAsync(ReplicaSets, "default", set.Name, default)).NumberAt("status", "readyReplicas") == 4, "its status is summed", Limit);
        foreach (SimulatedPlane plane in (SimulatedPlane[])[paris, york])
        {
            KubeObject there = Assert.Single((await plane.Client.ListAsync(ReplicaSets, Mapped, null, default)).Items);
            Assert.Equal((2L, null), (there.NumberAt("spec", "replicas"), ControllerOf(there)));
        }

        // 2. Scaled, it has more; each pod is its own.
        await shop.PatchAsync(ReplicaSets, "default", set.Name, PatchKind.Merge, Json("""{"spec": {"replicas": 3}}"""), default, "scale");
        await ReadyAsync(shop, 6);
        await Eventually.TrueAsync(async () => (await PodsAsync(shop)).All(p => ControllerOf(p) == set.Uid), "all pods are its own", Limit);
        string[] scaled = await UidsAsync(paris, york);
        Assert.Empty(before.Except(scaled));

        // 3. A Deployment that selects it takes it over with its pods, there too.
        KubeObject second = await shop.CreateAsync(Deployments, "default", Web(3, "example.test/web:1"), default);
        await Eventually.TrueAsync(async () => await WorkAsync(fleet, "dp-pa2-par") is null && await WorkAsync(fleet, "dp-ny8-nyc") is null, "it is placed no more", Limit);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "availableReplicas") == 6, "the Deployment has them", Limit);
        KubeObject taken = Assert.Single((await shop.ListAsync(ReplicaSets, "default", null, default)).Items);
        Assert.Equal((set.Uid, second.Uid, false), (taken.Uid, ControllerOf(taken), taken.Annotations.ContainsKey(OrreryNames.LeftAnnotation)));
        foreach (SimulatedPlane plane in (SimulatedPlane[])[paris, york])
        {
            KubeObject there = Assert.Single((await plane.Client.ListAsync(ReplicaSets, Mapped, null, default)).Items);
            Assert.NotNull(ControllerOf(there));
            Assert.DoesNotContain("replicaset", there.Annotations.GetValueOrDefault(OrreryNames.WorkAnnotation) ?? "", StringComparison.Ordinal);
            Assert.DoesNotContain(OrreryNames.ManagedByLabel, there.Labels.Keys);
        }

        Assert.Equal(scaled, await UidsAsync(paris, york));

        // 4. Left again and deleted at once: nothing stays anywhere.
        await shop.DeleteAsync(Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(Deployments, "default", "web", default) is null, "the Deployment has gone again", Limit);
        await shop.DeleteAsync(ReplicaSets, "default", set.Name, new DeleteQuery { PropagationPolicy = "Background" }, default);
        foreach (SimulatedPlane plane in (SimulatedPlane[])[paris, york])
        {
            await Eventually.TrueAsync(
                async () => (await plane.Client.ListAsync(ReplicaSets, Mapped, null, default)).Items.Count == 0 && (await plane.Client.ListAsync(CoreResources.Pods, Mapped, null, default)).Items.Count == 0,
                "nothing is left there", Limit);
        }
    }

    [Fact]
    public async Task ReplicaSet_ThatADeploymentLeft_RollsUnderASuccessor_AndLeavesItsOwnPods()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane paris = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Web(2, "example.test/web:1"), default);
        await ReadyAsync(shop, 2);
        KubeObject set = Assert.Single((await shop.ListAsync(ReplicaSets, "default", null, default)).Items);
        await shop.DeleteAsync(Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(Deployments, "default", "web", default) is null, "the Deployment has gone", Limit);
        await Eventually.TrueAsync(async () => await WorkAsync(fleet, "dp-pa2-par") is { } work && Conditions.IsTrue(work, "Applied"), "its ReplicaSet is placed", Limit);

        // 1. A successor with another template ends its pods, one after the other.
        await shop.CreateAsync(Deployments, "default", Web(2, "example.test/web:2"), default);
        await Eventually.TrueAsync(
            async () => await PodsAsync(shop) is { Count: 2 } pods && pods.All(p => p.At("spec", "containers")!.Value[0].GetProperty("image").GetString() == "example.test/web:2" && Conditions.IsTrue(p, "Ready")),
            "the successor's pods alone", Limit);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(ReplicaSets, "default", set.Name, default)).NumberAt("spec", "replicas") == 0, "it is a former revision", Limit);

        // 2. Left as well, and its newest ReplicaSet deleted so that its pods stay: they are nobody's, and go on.
        KubeObject newest = (await shop.ListAsync(ReplicaSets, "default", null, default)).Items.Single(s => s.Uid != set.Uid);
        string[] pods = await UidsAsync(paris);
        await shop.DeleteAsync(Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(Deployments, "default", "web", default) is null, "the successor has gone", Limit);
        await shop.DeleteAsync(ReplicaSets, "default", newest.Name, new DeleteQuery { PropagationPolicy = "Orphan" }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(ReplicaSets, "default", newest.Name, default) is null, "its ReplicaSet has gone", Limit);
        await Eventually.TrueAsync(async () => (await paris.Client.ListAsync(ReplicaSets, Mapped, null, default)).Items is [var former] && former.NumberAt("spec", "replicas") == 0, "there too", Limit);
        await Eventually.TrueAsync(async () => await PodsAsync(shop) is { Count: 2 } left && left.All(p => ControllerOf(p) is null), "its pods are nobody's", Limit);
        Assert.Equal(pods, await UidsAsync(paris));
    }

    private static JsonObject Web(int replicas, string image) => Json($$$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
         "spec": {"replicas": {{{replicas}}}, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "{{{image}}}"}]} } } }
        """);

    /// <summary>Of the ReplicaSet that is placed and has pods.</summary>
    private static async Task<KubeObject?> WorkAsync(TestFleet fleet, string ns) =>
        (await fleet.Root.ListAsync(OrreryResources.Works, ns, null, default)).Items.FirstOrDefault(w => w.TextAt("spec", "source", "kind") == "ReplicaSet");

    private static async Task<IReadOnlyList<KubeObject>> PodsAsync(KubeClient shop) =>
        (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items;

    private static Task ReadyAsync(KubeClient shop, int count) => Eventually.TrueAsync(
        async () => await PodsAsync(shop) is var pods && pods.Count == count && pods.All(p => Conditions.IsTrue(p, "Ready")), $"{count} pods are ready", Limit);

    private static async Task<string[]> UidsAsync(params SimulatedPlane[] planes)
    {
        var uids = new List<string>();
        foreach (SimulatedPlane plane in planes)
        {
            uids.AddRange((await plane.Client.ListAsync(CoreResources.Pods, Mapped, null, default)).Items.Select(p => p.Uid));
        }

        return [.. uids.Order(StringComparer.Ordinal)];
    }

    private static string? ControllerOf(KubeObject found) => RevisionKinds.OwnersOf(found).FirstOrDefault();

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
