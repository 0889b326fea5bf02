using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class QuotaRoadTests
{
    private const string Mapped = "acme-shop-default";

    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource PriorityClasses = new("scheduling.k8s.io", "v1", "priorityclasses");

    /// <summary>Pods of a workload are made in its data plane, and held back there.</summary>
    [Fact]
    public async Task Quota_OfATenant_HoldsBackThePodsOfItsWorkloads()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.ResourceQuotas, "default", Json("""
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "2", "requests.cpu": "1", "configmaps": "5", "count/deployments.apps": "3"} } }
            """), default);
        KubeObject placed = await Eventually.SomeAsync(() => plane.Client.FindAsync(CoreResources.ResourceQuotas, Mapped, "team", default), "it is there", TimeSpan.FromSeconds(60));
        Assert.Equal("""{"pods":"2","requests.cpu":"1"}""", placed.At("spec", "hard")!.Value.GetRawText());

        // 1. As many as it lets, and who looks at the Deployment sees why not more.
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 4, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1", "resources": {"requests": {"cpu": "100m"} }}]}}}}
            """), default);
        await Eventually.TrueAsync(
            async () => Conditions.Find(await shop.GetAsync(Deployments, "default", "web", default), "ReplicaFailure") is { Status: "True", Reason: "FailedCreate" } failed
                && failed.Message.Contains("exceeded quota: team", StringComparison.Ordinal),
            "it says what holds it back", TimeSpan.FromSeconds(60));
        KubeObject set = Assert.Single((await shop.ListAsync(CoreResources.ReplicaSets, "default", null, default)).Items);
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => (e.TextAt("reason"), e.TextAt("involvedObject", "name"), e.TextAt("involvedObject", "uid")) == ("FailedCreate", set.Name, set.Uid)),
            "its ReplicaSet says so, as it stands here", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await UsedAsync(shop) == "2", "two are counted", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "availableReplicas") == 2, "two run", TimeSpan.FromSeconds(60));
        Assert.Equal(2, (await plane.Client.ListAsync(CoreResources.Pods, Mapped, null, default)).Items.Count);

        // 2. More room, more pods; without it all of them.
        await shop.PatchAsync(CoreResources.ResourceQuotas, "default", "team", PatchKind.Merge, Json("""{"spec": {"hard": {"pods": "3"} } }"""), default);
        await Eventually.TrueAsync(async () => await UsedAsync(shop) == "3", "three are counted", TimeSpan.FromSeconds(60));
        await shop.DeleteAsync(CoreResources.ResourceQuotas, "default", "team", null, default);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "availableReplicas") == 4, "all run", TimeSpan.FromSeconds(90));
        Assert.Null(await plane.Client.FindAsync(CoreResources.ResourceQuotas, Mapped, "team", default));
    }

    /// <summary>Pods of a class are held back where they are made, and counted by the class that they have there.</summary>
    [Fact]
    public async Task Quota_OfAPriorityClass_HoldsBackAndCountsThePodsThatHaveIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "gold"}, "spec": {"priorityClasses": ["high"]} }"""), default);
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, Json("""{"spec": {"class": "gold"} }"""), default);
        foreach (KubeClient cluster in new[] { plane.Client, shop })
        {
            await cluster.CreateAsync(PriorityClasses, "", Json("""{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}"""), default);
        }

        await shop.CreateAsync(CoreResources.ResourceQuotas, "default", Json("""
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]} } }
            """), default);
        await Eventually.SomeAsync(() => plane.Client.FindAsync(CoreResources.ResourceQuotas, Mapped, "team", default), "it is there", TimeSpan.FromSeconds(60));
        foreach ((string name, string priority) in new[] { ("urgent", """ "priorityClassName": "high", """), ("usual", "") })
        {
            await shop.CreateAsync(Deployments, "default", Json($$"""
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}"},
                 "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "{{name}}"} },
                          "template": {"metadata": {"labels": {"app": "{{name}}"} }, "spec": { {{priority}} "containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
                """), default);
        }

        await Eventually.TrueAsync(
            async () => Conditions.Find(await shop.GetAsync(Deployments, "default", "urgent", default), "ReplicaFailure") is { Status: "True", Reason: "FailedCreate" } failed
                && failed.Message.Contains("exceeded quota: team", StringComparison.Ordinal),
            "it says what holds it back", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "usual", default)).NumberAt("status", "availableReplicas") == 2, "others are not held back", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await UsedAsync(shop) == "1", "one is counted", TimeSpan.FromSeconds(60));
        KubeObject pod = Assert.Single((await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=urgent" }, default)).Items);
        Assert.Equal("high", pod.TextAt("spec", "priorityClassName"));
    }

    /// <summary>What says nothing of pods is the virtual cluster's own business.</summary>
    [Theory]
    [InlineData("""{"hard": {"configmaps": "5", "services": "2", "count/jobs.batch": "1"} }""", false)]
    [InlineData("""{"hard": {"pods": "5"}, "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]} }""", true)]
    [InlineData("""{"hard": {"pods": "5"}, "scopes": ["NotTerminating"]}""", true)]
    [InlineData("""{"hard": {"fast.storageclass.storage.k8s.io/requests.storage": "5Gi"} }""", true)]
    [InlineData("""{"hard": {"limits.memory": "5Gi"} }""", true)]
    public void IsPlaced_AQuota_WhereItSaysSomethingOfPodsOrClaims(string spec, bool expected)
    {
        KubeObject quota = KubeObject.From(Json($$"""{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "default", "clusterName": "acme/shop"}, "spec": {{spec}} }"""));

        Assert.Equal(expected, PlacementRules.IsPlaced(quota));
    }

    private static async Task<string?> UsedAsync(KubeClient shop) => (await shop.GetAsync(CoreResources.ResourceQuotas, "default", "team", default)).TextAt("status", "used", "pods");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
