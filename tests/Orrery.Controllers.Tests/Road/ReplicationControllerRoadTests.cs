using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A ReplicationController is placed as a ReplicaSet by itself is: its pods are made where it runs, and its numbers are summed.</summary>
public sealed class ReplicationControllerRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource Controllers = new("", "v1", "replicationcontrollers");

    [Fact]
    public async Task Created_RunsInEachDataPlane_ItsPodsAreItsOwn_AndItGoesEverywhere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        KubeObject own = await shop.CreateAsync(Controllers, "default", Json("""
            {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "old"},
             "spec": {"replicas": 2, "selector": {"app": "old"}, "template": {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]} } } }
            """), default);

        // 1. There, with what its pods need to be found by.
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            KubeObject there = await Eventually.SomeAsync(() => plane.Client.FindAsync(Controllers, Mapped, "old", default), "controller in the data plane");
            Assert.Equal((2L, "old"), (there.NumberAt("spec", "replicas"), there.TextAt("spec", "selector", "app")));
            await plane.Client.PatchAsync(Controllers, Mapped, "old", PatchKind.Merge, Json("""{"status": {"replicas": 2, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}}"""), default, "status");
        }

        await Eventually.TrueAsync(
            async () => await shop.GetAsync(Controllers, "default", "old", default) is var now
                && (now.NumberAt("status", "replicas"), now.NumberAt("status", "availableReplicas")) == (4L, 2L) && now.NumberAt("status", "observedGeneration") == now.Generation,
            "the numbers of both");
        Assert.Contains(
            (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items,
            w => w.TextAt("spec", "source", "kind") == "ReplicationController" && Conditions.Find(w, "Available") is { Status: "False", Reason: "MinimumUnavailable" });

        // 2. A pod that it made there is its own here.
        KubeClient paris = fleet.DataPlanes["pa2-par"].Client;
        JsonObject pod = Json("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "old-1", "labels": {"app": "old"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]} }""");
        JsonObject owner = OwnKinds.OwnedBy(await paris.GetAsync(Controllers, Mapped, "old", default));
        owner["controller"] = true;
        pod.Metadata["ownerReferences"] = new JsonArray((JsonNode)owner);
        await paris.CreateAsync(CoreResources.Pods, Mapped, pod, default);
        KubeObject mirrored = await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "old-1.pa2-par", default), "mirrored pod");
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Pods, "default", mirrored.Name, default)).At("metadata", "ownerReferences") is { } owners && owners[0].GetProperty("uid").GetString() == own.Uid, "it is the controller's");

        // 3. Scaled, it is scaled there; deleted, it goes.
        await shop.PatchAsync(Controllers, "default", "old", PatchKind.Merge, Json("""{"spec": {"replicas": 3}}"""), default, "scale");
        await Eventually.TrueAsync(async () => (await paris.GetAsync(Controllers, Mapped, "old", default)).NumberAt("spec", "replicas") == 3, "scaled");
        await shop.DeleteAsync(Controllers, "default", "old", null, default);
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await Eventually.TrueAsync(async () => await plane.Client.FindAsync(Controllers, Mapped, "old", default) is null, "gone there");
        }
    }

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;
}
