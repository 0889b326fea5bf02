using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class AutoscalerRoadTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Autoscalers = new("autoscaling", "v2", "horizontalpodautoscalers");

    /// <summary>As in any cluster an autoscaler writes into its workload what it says: <c>kubectl rollout status</c> counts against that, and would wait for ever for replicas that it took away.</summary>
    [Fact]
    public async Task Autoscaler_OfAVirtualCluster_WritesIntoItsWorkloadWhatItSays()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 5, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
            """), default);
        await ReplicasAsync(shop, 5);

        // 1. Fewer than its tenant asked for, and whoever waits for a rollout sees it come to its end.
        await shop.CreateAsync(Autoscalers, "default", Json("""
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
             "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 3}}
            """), default);
        await ReplicasAsync(shop, 3);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Autoscalers, "default", "web", default)).NumberAt("status", "currentReplicas") == 3, "the autoscaler says so too", TimeSpan.FromSeconds(60));

        // 2. It alone says it.
        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 7} }"""), default, "scale");
        await ReplicasAsync(shop, 3);

        // 3. Without it what it said last stays, and is its tenant's to change.
        await shop.DeleteAsync(Autoscalers, "default", "web", null, default);
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(Autoscalers, "acme-shop-default", "web", default) is null, "the autoscaler goes", TimeSpan.FromSeconds(60));
        Assert.Equal(3, (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("spec", "replicas"));
        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 2} }"""), default, "scale");
        await ReplicasAsync(shop, 2);
    }

    private static Task ReplicasAsync(KubeClient shop, long count) => Eventually.TrueAsync(
        async () => await shop.GetAsync(Deployments, "default", "web", default) is var d && d.NumberAt("spec", "replicas") == count && d.NumberAt("status", "observedGeneration") == d.Generation
            && (d.NumberAt("status", "replicas"), d.NumberAt("status", "availableReplicas")) == (count, count),
        $"{count} replicas", TimeSpan.FromSeconds(60));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
