using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class AdoptionRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");

    /// <summary>As in any cluster; and in the data plane nobody fights over it.</summary>
    [Theory]
    [InlineData("example.test/web:2")]
    [InlineData("example.test/web:1")]
    public async Task ReplicaSet_ThatADeploymentSelects_BecomesItsFormerRevision(string image)
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(ReplicaSets, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "before", "labels": {"app": "web"}, "annotations": {"deployment.kubernetes.io/revision": "7"}},
             "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}}}
            """), default);
        await Eventually.TrueAsync(async () => (await PodsAsync(shop)).Count == 2, "its pods run", TimeSpan.FromSeconds(60));

        KubeObject deployment = await shop.CreateAsync(Deployments, "default", Json($$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "{{{image}}}"}]} } } }
            """), default);

        KubeObject former = await Eventually.SomeAsync(
            async () => await shop.GetAsync(ReplicaSets, "default", "before", default) is var s && s.At("metadata", "ownerReferences") is not null && s.NumberAt("spec", "replicas") == 0 ? s : null, "it is adopted, and empty", TimeSpan.FromSeconds(60));
        Assert.Equal(deployment.Uid, former.At("metadata", "ownerReferences")!.Value[0].GetProperty("uid").GetString());
        await Eventually.TrueAsync(
            async () => (await shop.GetAsync(Deployments, "default", "web", default)).Annotations.GetValueOrDefault("deployment.kubernetes.io/revision") == "8", "the revision after it", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(ReplicaSets, Mapped, "before", default) is null, "it is the Deployment's alone there", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => await PodsAsync(shop) is [var pod] && pod.At("spec", "containers")!.Value[0].GetProperty("image").GetString() == image && Conditions.IsTrue(pod, "Ready"), "the Deployment's pod", TimeSpan.FromSeconds(60));
    }

    private static async Task<IReadOnlyList<KubeObject>> PodsAsync(KubeClient shop) =>
        (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items;

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
