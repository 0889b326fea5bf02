using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What comes back: pods, nodes and events of a data plane in the virtual cluster, and silence.</summary>
public sealed class MirrorRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task PodsNodesAndEvents_OfADataPlane_ShowInTheVirtualCluster()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(CoreResources.Nodes, "", Json("""{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "pa2-par-node-1"}}"""), default);
        KubeObject pod = await plane.CreateAsync(CoreResources.Pods, Mapped, Pod("web-1"), default);
        await plane.PatchAsync(CoreResources.Pods, Mapped, "web-1", PatchKind.Merge, Json("""{"status": {"phase": "Running", "podIP": "10.1.0.9"}}"""), default, "status");
        await plane.CreateAsync(CoreResources.Events, Mapped, Event(pod), default);

        // 1. They appear.
        await Eventually.TrueAsync(
            async () => await shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default) is { } p && p.TextAt("status", "podIP") == "10.1.0.9", "mirrored pod runs");
        KubeObject mirrored = await shop.GetAsync(CoreResources.Pods, "default", "web-1.pa2-par", default);
        Assert.Equal("pa2-par", mirrored.Labels[OrreryNames.DataPlaneLabel]);
        Assert.Equal("web", mirrored.Labels["app"]);
        Assert.Equal("pa2-par-node-1", mirrored.TextAt("spec", "nodeName"));
        KubeObject node = await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Nodes, "", "pa2-par-node-1", default), "mirrored node");
        Assert.Equal("pa2-par", node.Labels["topology.kubernetes.io/zone"]);
        await Eventually.TrueAsync(
            async () => await shop.FindAsync(CoreResources.Events, "default", "web-1.started.pa2-par", default) is { } e
                && e.TextAt("involvedObject", "name") == "web-1.pa2-par" && e.TextAt("involvedObject", "uid") == mirrored.Uid,
            "mirrored event is about the mirrored pod");

        // 2. A mirrored pod is not placed again.
        Assert.DoesNotContain((await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items, w => w.TextAt("spec", "source", "kind") == "Pod");

        // 3. They go with the originals.
        await plane.DeleteAsync(CoreResources.Pods, Mapped, "web-1", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default) is null, "mirrored pod is gone");
        await plane.DeleteAsync(CoreResources.Nodes, "", "pa2-par-node-1", null, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Nodes, "", "pa2-par-node-1", default) is null, "mirrored node is gone");
    }

    /// <summary>By which a claim is told to be in use (<c>kubectl describe pvc</c>), and held while it is.</summary>
    [Fact]
    public async Task MirroredPod_NamesTheClaimsThatStandInTheVirtualCluster()
    {
        var claims = new GroupVersionResource("", "v1", "persistentvolumeclaims");
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await shop.CreateAsync(claims, "default", Claim("own"), default);
        await plane.CreateAsync(claims, Mapped, Claim("www-web-1"), default);
        await Eventually.SomeAsync(() => shop.FindAsync(claims, "default", "www-web-1.pa2-par", default), "mirrored claim");
        JsonObject pod = Pod("web-1");
        pod["spec"]!["volumes"] = JsonNode.Parse("""[{"name": "www", "persistentVolumeClaim": {"claimName": "www-web-1"} }, {"name": "own", "persistentVolumeClaim": {"claimName": "own"} }, {"name": "tmp", "emptyDir": {} }]""");
        await plane.CreateAsync(CoreResources.Pods, Mapped, pod, default);

        KubeObject mirrored = await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default), "mirrored pod");

        Assert.Equal(["www-web-1.pa2-par", "own", null], mirrored.ToJsonObject()["spec"]!["volumes"]!.AsArray().Take(3).Select(v => (string?)v!["persistentVolumeClaim"]?["claimName"]));
    }

    [Fact]
    public async Task Service_HasOneEndpointsObject_OverAllDataPlanes_ThatFollowsAndGoesWithIt()
    {
        var services = new GroupVersionResource("", "v1", "services");
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(services, "default", Json("""{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"tier": "front"} }, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]} }"""), default);
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await Eventually.SomeAsync(() => plane.Client.FindAsync(services, Mapped, "web", default), "service in the data plane");
        }

        // 1. It is there before anything answers, and says who does in each data plane.
        await Eventually.TrueAsync(async () => await EndpointsAsync(shop) == "", "empty endpoints");
        await fleet.DataPlanes["pa2-par"].Client.CreateAsync(CoreResources.EndpointSlices, Mapped, Slice("10.1.0.9", ready: true), default);
        await fleet.DataPlanes["ny8-nyc"].Client.CreateAsync(CoreResources.EndpointSlices, Mapped, Slice("10.2.0.9", ready: false), default);
        await Eventually.TrueAsync(async () => await EndpointsAsync(shop) == "10.1.0.9/web-1.pa2-par|10.2.0.9/web-1.ny8-nyc|8080", "endpoints of both data planes");
        KubeObject made = await shop.GetAsync(CoreResources.Endpoints, "default", "web", default);
        Assert.Equal("front", made.Labels["tier"]);

        // 2. What becomes ready, and what somebody changes or deletes.
        await fleet.DataPlanes["ny8-nyc"].Client.UpdateAsync(CoreResources.EndpointSlices, Mapped, "web-abc", Slice("10.2.0.9", ready: true), default);
        await Eventually.TrueAsync(async () => await EndpointsAsync(shop) == "10.1.0.9/web-1.pa2-par,10.2.0.9/web-1.ny8-nyc||8080", "both are ready");
        await shop.DeleteAsync(CoreResources.Endpoints, "default", "web", null, default);
        await Eventually.TrueAsync(async () => await EndpointsAsync(shop) == "10.1.0.9/web-1.pa2-par,10.2.0.9/web-1.ny8-nyc||8080", "made anew");

        // 3. A Service without selector is its tenant's own business; one that goes takes its endpoints with it.
        await shop.CreateAsync(services, "default", Json("""{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "own"}, "spec": {"ports": [{"port": 80}]} }"""), default);
        await shop.CreateAsync(CoreResources.Endpoints, "default", Json("""{"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "own"}, "subsets": [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80}]}] }"""), default);
        await shop.DeleteAsync(services, "default", "web", null, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Endpoints, "default", "web", default) is null, "endpoints go with their service", TimeSpan.FromSeconds(60));
        Assert.Equal("192.0.2.7", (await shop.GetAsync(CoreResources.Endpoints, "default", "own", default)).At("subsets")!.Value[0].GetProperty("addresses")[0].GetProperty("ip").GetString());
    }

    [Fact]
    public async Task MirroredNode_CordonedOrLabelled_SaysThatItHasNoEffect_AndIsPutBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(CoreResources.Nodes, "", Json("""{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}"""), default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Nodes, "", "n1", default), "mirrored node");
        Assert.Equal("n1", (await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Leases, "kube-node-lease", "n1", default), "its lease")).TextAt("spec", "holderIdentity"));
        using var user = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.AdminToken(TestFleet.Shop), cluster: TestFleet.Shop));

        using HttpResponseMessage answer = await user.ForwardAsync(
            HttpMethod.Patch, "/api/v1/nodes/n1", [], upgrade: false, default, new StringContent("""{"spec": {"unschedulable": true} }""", System.Text.Encoding.UTF8, "application/merge-patch+json"));

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("299 - \"node n1 is data plane pa2-par's: cordoning or tainting it here has no effect there, and is put back\"", Assert.Single(answer.Headers.GetValues("Warning")));
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Nodes, "", "n1", default)).At("spec", "unschedulable") is null, "it is put back");
        Assert.Null((await plane.GetAsync(CoreResources.Nodes, "", "n1", default)).At("spec", "unschedulable"));

        using HttpResponseMessage labelled = await user.ForwardAsync(
            HttpMethod.Patch, "/api/v1/nodes/n1", [], upgrade: false, default, new StringContent("""{"metadata": {"labels": {"mine": "x"} } }""", System.Text.Encoding.UTF8, "application/merge-patch+json"));
        Assert.Equal("299 - \"node n1 is data plane pa2-par's: its labels and annotations are those that it has there, and are put back\"", Assert.Single(labelled.Headers.GetValues("Warning")));
        await Eventually.TrueAsync(async () => !(await shop.GetAsync(CoreResources.Nodes, "", "n1", default)).Labels.ContainsKey("mine"), "it is put back");
    }

    [Fact]
    public async Task MirroredPodDeleted_PodItselfIsDeletedAndBothGo()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(CoreResources.Pods, Mapped, Pod("web-1"), default);
        await plane.CreateAsync(CoreResources.Pods, Mapped, Pod("web-2"), default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default), "mirrored pod");
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-2.pa2-par", default), "the other mirrored pod");

        // 1. With time to end in: the pod is asked to end, and stands as Terminating in both places.
        await shop.DeleteAsync(CoreResources.Pods, "default", "web-1.pa2-par", new DeleteQuery { GracePeriodSeconds = 17 }, default);
        await Eventually.TrueAsync(
            async () => await plane.FindAsync(CoreResources.Pods, Mapped, "web-1", default) is { IsDeleting: true } p && p.NumberAt("metadata", "deletionGracePeriodSeconds") == 17,
            "the pod itself is ending");
        Assert.True((await shop.GetAsync(CoreResources.Pods, "default", "web-1.pa2-par", default)).IsDeleting);

        // 2. It has ended there.
        await plane.DeleteAsync(CoreResources.Pods, Mapped, "web-1", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default) is null, "mirrored pod is gone");

        // 3. At once.
        await shop.DeleteAsync(CoreResources.Pods, "default", "web-2.pa2-par", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Pods, Mapped, "web-2", default) is null, "the other pod itself is gone");
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "web-2.pa2-par", default) is null, "and its mirror");
    }

    [Fact]
    public async Task SatelliteStops_DataPlaneIsUnknownAndItsPodsTooUntilItIsBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await plane.CreateAsync(CoreResources.Pods, Mapped, Pod("web-1"), default);
        await plane.PatchAsync(CoreResources.Pods, Mapped, "web-1", PatchKind.Merge, Json("""{"status": {"phase": "Running"}}"""), default, "status");
        await PhaseAsync(shop, "Running");

        await fleet.StopSatelliteAsync("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");
        KubeObject dataPlane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        Assert.Equal("SatelliteSilent", Conditions.Find(dataPlane, "Ready")!.Reason);
        Assert.StartsWith("its satellite was not heard since 20", Conditions.Find(dataPlane, "Ready")!.Message, StringComparison.Ordinal);
        await PhaseAsync(shop, "Unknown");

        // What happened meanwhile is made up for.
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("late"), default);
        await plane.DeleteAsync(ConfigMaps, Mapped, "opener", null, default);
        fleet.StartSatellite("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "True");
        await PhaseAsync(shop, "Running");
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "late", default), "what was made meanwhile");
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "opener", default), "what was deleted by hand meanwhile");
    }

    [Fact]
    public async Task WorkRemovedWhileTheSatelliteIsAway_IsPrunedWhenItIsBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        (KubeClient shop, KubeClient plane) = await OpenAsync(fleet);
        await fleet.StopSatelliteAsync("pa2-par");

        await shop.DeleteAsync(ConfigMaps, "default", "opener", null, default);
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items.Count == 0, "no Work is left");
        Assert.NotNull(await plane.FindAsync(ConfigMaps, Mapped, "opener", default));

        fleet.StartSatellite("pa2-par");
        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "pruned with its namespace", TimeSpan.FromSeconds(60));
    }

    /// <summary>A virtual cluster with something in the data plane, so that its namespace is there.</summary>
    private static async Task<(KubeClient Shop, KubeClient Plane)> OpenAsync(TestFleet fleet)
    {
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("opener"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "opener", default), "the first object in the data plane");
        return (shop, plane);
    }

    private static Task PhaseAsync(KubeClient shop, string phase) => Eventually.TrueAsync(
        async () => await shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default) is { } p && p.TextAt("status", "phase") == phase, $"mirrored pod is {phase}");

    /// <summary>Those ready, those not, and the port.</summary>
    private static async Task<string?> EndpointsAsync(KubeClient shop)
    {
        if (await shop.FindAsync(CoreResources.Endpoints, "default", "web", default) is not { } found)
        {
            return null;
        }

        return string.Join(';', (found.ToJsonObject()["subsets"] as JsonArray ?? []).Select(s => $"{Addresses(s!["addresses"])}|{Addresses(s["notReadyAddresses"])}|{s["ports"]?[0]?["port"]}"));
    }

    private static string Addresses(JsonNode? list) => string.Join(',', (list as JsonArray ?? []).Select(a => $"{a!["ip"]}/{a["targetRef"]?["name"]}"));

    private static JsonObject Slice(string ip, bool ready) => Json($$"""
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-abc", "labels": {"kubernetes.io/service-name": "web"} }, "addressType": "IPv4",
         "endpoints": [{"addresses": ["{{ip}}"], "conditions": {"ready": {{(ready ? "true" : "false")}} }, "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "acme-shop-default"} }],
         "ports": [{"name": "", "port": 8080, "protocol": "TCP"}] }
        """);

    private static JsonObject Pod(string name) => Json($$"""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "labels": {"app": "web"} },
         "spec": {"nodeName": "pa2-par-node-1", "containers": [{"name": "web", "image": "example.test/web:1"}]} }
        """);

    private static JsonObject Claim(string name) => Json($$"""
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "{{name}}"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }
        """);

    private static JsonObject Event(KubeObject pod) => Json($$"""
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "{{pod.Name}}.started"}, "reason": "Started", "message": "Started container web", "type": "Normal", "count": 1,
         "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "kubelet"},
         "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "{{pod.Namespace}}", "name": "{{pod.Name}}", "uid": "{{pod.Uid}}"} }
        """);

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
