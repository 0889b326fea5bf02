using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A pod that a tenant made itself stands once in its virtual cluster, with the node, the addresses and the status of the pod that runs. (The test plays scheduler and kubelets.)</summary>
public sealed class OwnPodRoadTests
{
    private const string Plane = "pa2-par", Other = "ny8-nyc", Mapped = "acme-shop-default";

    private static readonly GroupVersionResource Bindings = new("", "v1", "bindings");

    [Fact]
    public async Task OwnPod_IsTheOneThatRuns_AndStandsOnce()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        KubeClient plane = fleet.DataPlanes[Plane].Client;
        await using Seen seen = Seen.Begin(shop);

        // 1. Its node, its addresses, and what is said of it are those of the pod that runs.
        KubeObject made = await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        await RunAsync(plane, "n1", "10.1.0.9");
        await StandsAsync(shop, "n1", "10.1.0.9");
        KubeObject live = await plane.GetAsync(CoreResources.Pods, Mapped, "bare", default);
        await plane.CreateAsync(CoreResources.Events, Mapped, Event(live), default);
        await Eventually.TrueAsync(
            async () => await shop.FindAsync(CoreResources.Events, "default", "bare.started.pa2-par", default) is { } e
                && (e.TextAt("involvedObject", "name"), e.TextAt("involvedObject", "uid")) == ("bare", made.Uid),
            "its event is about it");
        await plane.CreateAsync(CoreResources.EndpointSlices, Mapped, Slice(), default);
        await Eventually.TrueAsync(
            async () => await shop.FindAsync(CoreResources.EndpointSlices, "default", "web-abc.pa2-par", default) is { } s && (string?)s.ToJsonObject()["endpoints"]![0]!["targetRef"]!["name"] == "bare",
            "an endpoint leads to it");

        // 2. Made anew in its data plane it is where it is then.
        await plane.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.SomeAsync(async () => await plane.FindAsync(CoreResources.Pods, Mapped, "bare", default) is { } p && p.Uid != live.Uid ? p : null, "another is made");
        await RunAsync(plane, "n2", "10.1.0.10");
        await StandsAsync(shop, "n2", "10.1.0.10");

        // 3. Nothing but it ever stood there, until it had gone and after.
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 5 }, default);
        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Pods, Mapped, "bare", default) is { IsDeleting: true }, "it is to go there");
        await plane.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "bare", default) is null, "it has gone", TimeSpan.FromSeconds(60));
        Assert.Equal([made.Uid], seen.Uids);
    }

    [Fact]
    public async Task OwnPod_OnTwoDataPlanes_StandsForTheFirst_AndTheOtherBesideIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane, Other);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane, Other);
        await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        await RunAsync(fleet.DataPlanes[Plane].Client, "par-1", "10.1.0.9");
        await RunAsync(fleet.DataPlanes[Other].Client, "nyc-1", "10.2.0.9");

        // 1. As many stand there as run.
        await StandAsync(shop, "bare nyc-1 10.2.0.9, bare.pa2-par par-1 10.1.0.9");

        // 2. Taken out of the first it stands for what is left.
        await PlaceAsync(fleet, Plane);
        await KillAsync(fleet, Other);
        await StandAsync(shop, "bare par-1 10.1.0.9");

        // 3. Put back there it is the first's again.
        await PlaceAsync(fleet, Plane, Other);
        await RunAsync(fleet.DataPlanes[Other].Client, "nyc-2", "10.2.0.10");
        await StandAsync(shop, "bare nyc-2 10.2.0.10, bare.pa2-par par-1 10.1.0.9");

        // 4. Placed nowhere any more it keeps the node that it had, as any pod, and no kubelet is waited for when it is deleted.
        await PlaceAsync(fleet);
        await KillAsync(fleet, Plane);
        await KillAsync(fleet, Other);
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation) == "", "it runs nowhere", TimeSpan.FromSeconds(60));
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", null, default);
        await Eventually.TrueAsync(async () => (await shop.ListAsync(CoreResources.Pods, "default", null, default)).Items.Count == 0, "nothing is left", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task OwnPod_ThatHasEndedInADataPlaneThatItLeaves_RunsInTheOther()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane, Other);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane, Other);
        JsonObject once = Bare();
        once["spec"]!["restartPolicy"] = "Never";
        await shop.CreateAsync(CoreResources.Pods, "default", once, default);
        await RunAsync(fleet.DataPlanes[Plane].Client, "par-1", "10.1.0.9");
        await RunAsync(fleet.DataPlanes[Other].Client, "nyc-1", "10.2.0.9", """{"terminated": {"exitCode": 1} }""", "Failed");
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).TextAt("status", "phase") == "Failed", "it has failed in one", TimeSpan.FromSeconds(60));

        await PlaceAsync(fleet, Plane);

        await Eventually.TrueAsync(
            async () => await shop.GetAsync(CoreResources.Pods, "default", "bare", default) is var p && p.TextAt("status", "phase") == "Running"
                && p.At("status", "containerStatuses")!.Value[0].GetProperty("state").TryGetProperty("running", out _), "it runs in the other", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task OwnPod_OfASilentDataPlane_SaysThatNothingIsKnown()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        await shop.CreateAsync(CoreResources.Pods, "default", Bare(), default);
        await RunAsync(fleet.DataPlanes[Plane].Client, "n1", "10.1.0.9");
        await StandsAsync(shop, "n1", "10.1.0.9");
        Assert.True(Conditions.IsTrue(await shop.GetAsync(CoreResources.Pods, "default", "bare", default), "Ready"));

        await fleet.StopSatelliteAsync(Plane);

        KubeObject unknown = await Eventually.SomeAsync(
            async () => await shop.GetAsync(CoreResources.Pods, "default", "bare", default) is var p && p.TextAt("status", "phase") == "Unknown" ? p : null, "nothing is known", TimeSpan.FromSeconds(60));
        Assert.Equal(("DataPlaneSilent", "10.1.0.9", "Unknown"), (unknown.TextAt("status", "reason"), unknown.TextAt("status", "podIP"), Conditions.Find(unknown, "Ready")!.Status));
        Assert.False(unknown.At("status", "containerStatuses")!.Value[0].GetProperty("ready").GetBoolean());

        fleet.StartSatellite(Plane);
        await Eventually.TrueAsync(async () => await shop.GetAsync(CoreResources.Pods, "default", "bare", default) is var p && Conditions.IsTrue(p, "Ready") && p.TextAt("status", "reason") is null, "it is heard again", TimeSpan.FromSeconds(60));
    }

    private static Task StandsAsync(KubeClient shop, string node, string ip) => StandAsync(shop, $"bare {node} {ip}");

    /// <summary>All pods there, with node and address.</summary>
    private static Task StandAsync(KubeClient shop, string pods) => Eventually.TrueAsync(
        async () => string.Join(", ", (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items
            .OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"{p.Name} {p.TextAt("spec", "nodeName")} {p.TextAt("status", "podIP")}")) == pods,
        pods, TimeSpan.FromSeconds(60));

    private static Task PlaceAsync(TestFleet fleet, params string[] planes) => fleet.Root.PatchAsync(
        OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge,
        new JsonObject { ["spec"] = new JsonObject { ["placement"] = new JsonObject { ["dataPlanes"] = new JsonArray([.. planes.Select(p => (JsonNode)p)]) } } }, default);

    /// <summary>As its kubelet does once it is to go and its containers have ended.</summary>
    private static async Task KillAsync(TestFleet fleet, string plane)
    {
        await Eventually.TrueAsync(async () => await fleet.DataPlanes[plane].Client.FindAsync(CoreResources.Pods, Mapped, "bare", default) is { IsDeleting: true }, $"it is to go in {plane}", TimeSpan.FromSeconds(60));
        await fleet.DataPlanes[plane].Client.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
    }

    private static async Task RunAsync(KubeClient plane, string node, string ip, string state = """{"running": {} }""", string phase = "Running")
    {
        await Eventually.SomeAsync(async () => await plane.FindAsync(CoreResources.Pods, Mapped, "bare", default) is { IsDeleting: false } live && live.TextAt("spec", "nodeName") is null ? live : null, "it is there", TimeSpan.FromSeconds(60));
        await plane.CreateAsync(Bindings, Mapped, Json($$"""{"metadata": {"name": "bare"}, "target": {"kind": "Node", "name": "{{node}}"} }"""), default);
        await plane.PatchAsync(
            CoreResources.Pods, Mapped, "bare", PatchKind.Merge,
            Json($$"""
                {"status": {"phase": "{{phase}}", "podIP": "{{ip}}", "podIPs": [{"ip": "{{ip}}"}], "conditions": [{"type": "Ready", "status": "True"}],
                            "containerStatuses": [{"name": "c", "image": "i", "imageID": "i", "ready": true, "restartCount": 0, "state": {{state}} }]} }
                """), default, "status");
    }

    private static JsonObject Bare() => Json("""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "web"} }, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }
        """);

    private static JsonObject Event(KubeObject pod) => Json($$"""
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "bare.started"}, "reason": "Started", "message": "Started container c", "type": "Normal", "count": 1,
         "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "kubelet"},
         "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "{{pod.Namespace}}", "name": "bare", "uid": "{{pod.Uid}}"} }
        """);

    private static JsonObject Slice() => Json("""
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-abc", "labels": {"kubernetes.io/service-name": "web"} }, "addressType": "IPv4",
         "endpoints": [{"addresses": ["10.1.0.9"], "targetRef": {"kind": "Pod", "name": "bare", "namespace": "acme-shop-default"} }], "ports": [{"name": "", "port": 8080, "protocol": "TCP"}] }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>Every pod that a watch of the virtual cluster told of.</summary>
    private sealed class Seen : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly ConcurrentQueue<string> uids = new();
        private Task watching = Task.CompletedTask;

        public IEnumerable<string> Uids => uids.Distinct();

        public static Seen Begin(KubeClient cluster)
        {
            var seen = new Seen();
            seen.watching = seen.WatchAsync(cluster);
            return seen;
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await watching;
            stop.Dispose();
        }

        private async Task WatchAsync(KubeClient cluster)
        {
            try
            {
                await foreach (WatchEvent told in cluster.WatchAsync(CoreResources.Pods, "default", new WatchQuery { AllowBookmarks = false }, stop.Token))
                {
                    uids.Enqueue(told.Object.Uid);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }
}
