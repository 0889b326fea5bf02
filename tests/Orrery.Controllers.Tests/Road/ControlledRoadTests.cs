using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Objects that something in the virtual cluster controls which does not run in data planes: they are placed as anybody's.</summary>
public sealed class ControlledRoadTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Jobs = new("batch", "v1", "jobs");
    private static readonly GroupVersionResource CronJobs = new("batch", "v1", "cronjobs");

    /// <summary>An operator that runs in pods and makes Deployments out of custom resources.</summary>
    [Fact]
    public async Task Deployment_ThatACustomResourceControls_Runs()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeObject owner = await shop.CreateAsync(CoreResources.ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"} }"""), default);
        await shop.CreateAsync(Deployments, "default", Json($$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment",
             "metadata": {"name": "web", "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "shop", "uid": "{{{owner.Uid}}}", "controller": true}]},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
            """), default);

        await Eventually.TrueAsync(async () => (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("status", "availableReplicas") == 1, "it runs", TimeSpan.FromSeconds(60));
        await shop.DeleteAsync(CoreResources.ConfigMaps, "default", "shop", null, default);
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(Deployments, "acme-shop-default", "web", default) is null, "and goes with what controls it", TimeSpan.FromSeconds(60));
    }

    /// <summary>As <c>kubectl create job --from=cronjob/…</c> makes it, and <c>kubectl logs job/…</c> finds its pod.</summary>
    [Fact]
    public async Task Job_MadeFromACronJob_RunsAndSelectsItsPod()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        const string Spec = """{"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "example.test/task:1", "command": ["true"]}]}}}""";
        KubeObject cron = await shop.CreateAsync(CronJobs, "default", Json($$$"""
            {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"}, "spec": {"schedule": "0 3 * * *", "suspend": true, "jobTemplate": {"spec": {{{Spec}}} } } }
            """), default);
        await shop.CreateAsync(Jobs, "default", Json($$$"""
            {"apiVersion": "batch/v1", "kind": "Job",
             "metadata": {"name": "now", "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
                          "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "{{{cron.Uid}}}", "controller": true}]},
             "spec": {{{Spec}}} }
            """), default);

        KubeObject done = await Eventually.SomeAsync(
            async () => await shop.GetAsync(Jobs, "default", "now", default) is var j && Conditions.IsTrue(j, "Complete") ? j : null, "it has run", TimeSpan.FromSeconds(60));
        string selected = done.TextAt("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid")!;
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "batch.kubernetes.io/controller-uid=" + selected }, default)).Items is [var pod] && pod.TextAt("status", "phase") == "Succeeded",
            "its pod is found by its selector", TimeSpan.FromSeconds(60));
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
