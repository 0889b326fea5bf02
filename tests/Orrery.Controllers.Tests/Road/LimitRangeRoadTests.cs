using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class LimitRangeRoadTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    /// <summary>Pods of a workload are made in its data plane: what a namespace gives to those that ask for nothing must be known there.</summary>
    [Fact]
    public async Task LimitRange_OfATenant_HoldsForThePodsOfItsWorkloads()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.LimitRanges, "default", Json("""
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "usual"}, "spec": {"limits": [{"type": "Container", "default": {"memory": "256Mi"}, "defaultRequest": {"cpu": "50m"}, "max": {"memory": "1Gi"}}]}}
            """), default);
        await Eventually.SomeAsync(() => plane.Client.FindAsync(CoreResources.LimitRanges, "acme-shop-default", "usual", default), "it is there", TimeSpan.FromSeconds(60));

        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
            """), default);

        KubeObject pod = await Eventually.SomeAsync(
            async () => (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items is [var p] ? p : null, "a pod is made", TimeSpan.FromSeconds(60));
        System.Text.Json.JsonElement resources = pod.At("spec", "containers")!.Value[0].GetProperty("resources");
        Assert.Equal(("256Mi", "50m"), (resources.GetProperty("limits").GetProperty("memory").GetString(), resources.GetProperty("requests").GetProperty("cpu").GetString()));

        await shop.DeleteAsync(CoreResources.LimitRanges, "default", "usual", null, default);
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(CoreResources.LimitRanges, "acme-shop-default", "usual", default) is null, "it goes", TimeSpan.FromSeconds(60));
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
