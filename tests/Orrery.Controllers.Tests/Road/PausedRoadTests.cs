using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class PausedRoadTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    /// <summary>As in any cluster: several changes of a paused Deployment are one revision, made when it goes on.</summary>
    [Fact]
    public async Task Deployment_ChangedWhileItIsPaused_HasNoNewRevisionUntilItGoesOn()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
            """), default);
        await RevisionsAsync(shop, "1 web:1 2");

        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"paused": true} }"""), default);
        await ImageAsync(shop, "2");
        KubeObject changed = await ImageAsync(shop, "3");
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "observedGeneration") == changed.Generation, "the change is known", TimeSpan.FromSeconds(60));
        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 3} }"""), default);
        await RevisionsAsync(shop, "1 web:1 3");

        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"paused": false} }"""), default);
        await RevisionsAsync(shop, "1 web:1 0, 2 web:3 3");
        Assert.Equal("2", (await shop.GetAsync(Deployments, "default", "web", default)).Annotations["deployment.kubernetes.io/revision"]);
    }

    private static Task<KubeObject> ImageAsync(KubeClient shop, string version) => shop.PatchAsync(
        Deployments, "default", "web", PatchKind.Strategic, Json($$"""{"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "example.test/web:{{version}}"}]} } } }"""), default);

    /// <summary>Number, image and pods of each.</summary>
    private static Task RevisionsAsync(KubeClient shop, string expected) => Eventually.TrueAsync(
        async () => string.Join(", ", (await shop.ListAsync(CoreResources.ReplicaSets, "default", null, default)).Items
            .Select(s => $"{s.Annotations["deployment.kubernetes.io/revision"]} {((string)s.ToJsonObject()["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!)[13..]} {s.NumberAt("status", "replicas") ?? 0}")
            .Order(StringComparer.Ordinal)) == expected,
        expected, TimeSpan.FromSeconds(60));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
