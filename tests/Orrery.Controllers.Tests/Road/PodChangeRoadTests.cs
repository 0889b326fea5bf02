using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What a tenant changes of a mirrored pod while it runs, as <c>kubectl debug</c> and resizing do, happens to the pod itself.</summary>
public sealed class PodChangeRoadTests
{
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    [Fact]
    public async Task DebugAndResize_OfAMirroredPod_ReachThePodAndComeBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1", "resources": {"requests": {"cpu": "100m"}}}]}}}}
            """), default);
        KubeObject pod = await PodAsync(shop, p => Conditions.IsTrue(p, "Ready"), "the pod is ready");
        string uid = pod.Annotations[OrreryNames.SourceUidAnnotation];

        // 1. As kubectl debug does: the container runs there, in the very pod, and its status is seen here.
        await shop.PatchAsync(
            CoreResources.Pods, "default", pod.Name, PatchKind.Strategic, Json("""{"spec": {"ephemeralContainers": [{"name": "look", "image": "example.test/tools:1", "targetContainerName": "web"}]}}"""), default, "ephemeralcontainers");
        KubeObject debugged = await PodAsync(shop, p => p.At("status", "ephemeralContainerStatuses") is { } s && s[0].GetProperty("state").TryGetProperty("running", out _), "the container runs");
        Assert.Equal(uid, debugged.Annotations[OrreryNames.SourceUidAnnotation]);
        Assert.StartsWith("look", debugged.At("status", "ephemeralContainerStatuses")!.Value[0].GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(await shop.GetTextAsync($"/api/v1/namespaces/default/pods/{pod.Name}/log?container=look", default));

        // 2. Resized here, resized there.
        await ResizeAsync(shop, "default", pod.Name, "250m");
        await Eventually.TrueAsync(async () => (await ThereAsync(plane)) is { } live && live.Uid == uid && CpuOf(live) == "250m", "resized there", TimeSpan.FromSeconds(60));
        Assert.Equal("250m", CpuOf(await PodAsync(shop, p => p.At("status", "containerStatuses") is { } s && s[0].TryGetProperty("resources", out _), "its status comes back")));

        // 3. Resized there, by whoever runs the data plane: shown here, and not turned back. While the tenant's wish is on its way, it would win.
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Observations, "dp-pa2-par", null, default)).Items.All(o => !o.Annotations.ContainsKey(PodChanges.Annotation)),
            "what it asked for is known to have come about", TimeSpan.FromSeconds(60));
        await ResizeAsync(plane.Client, "acme-shop-default", (await ThereAsync(plane))!.Name, "400m");
        await PodAsync(shop, p => CpuOf(p) == "400m", "shown here");
        Assert.Equal("400m", CpuOf((await ThereAsync(plane))!));
        await ResizeAsync(shop, "default", pod.Name, "100m");
        await Eventually.TrueAsync(async () => CpuOf((await ThereAsync(plane))!) == "100m", "and back by its tenant", TimeSpan.FromSeconds(60));
        Assert.Equal(uid, (await ThereAsync(plane))!.Uid);
    }

    /// <summary>What a pod asks for as a whole is resized as what its containers ask for is.</summary>
    [Fact]
    public async Task Resize_OfAMirroredPodAsAWhole_ReachesThePod()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"resources": {"requests": {"cpu": "100m"}}, "containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);
        KubeObject pod = await PodAsync(shop, p => Conditions.IsTrue(p, "Ready"), "the pod is ready");

        await shop.PatchAsync(CoreResources.Pods, "default", pod.Name, PatchKind.Strategic, Json("""{"spec": {"resources": {"requests": {"cpu": "250m"} } } }"""), default, "resize");
        await Eventually.TrueAsync(async () => (await ThereAsync(plane))?.TextAt("spec", "resources", "requests", "cpu") == "250m", "resized there", TimeSpan.FromSeconds(60));
        Assert.Equal(pod.Annotations[OrreryNames.SourceUidAnnotation], (await ThereAsync(plane))!.Uid);

        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Observations, "dp-pa2-par", null, default)).Items.All(o => !o.Annotations.ContainsKey(PodChanges.Annotation)),
            "what it asked for is known to have come about", TimeSpan.FromSeconds(60));
        await plane.Client.PatchAsync(
            CoreResources.Pods, "acme-shop-default", (await ThereAsync(plane))!.Name, PatchKind.Strategic, Json("""{"spec": {"resources": {"requests": {"cpu": "400m"} } } }"""), default, "resize");
        await PodAsync(shop, p => p.TextAt("spec", "resources", "requests", "cpu") == "400m", "shown here");
    }

    [Fact]
    public async Task Debug_OfAPodThatIsPlacedItself_RunsInThatPod()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.Pods, "default", Json("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}"""), default);
        KubeObject live = await Eventually.SomeAsync(async () => await plane.Client.FindAsync(CoreResources.Pods, "acme-shop-default", "bare", default) is { } p && Conditions.IsTrue(p, "Ready") ? p : null, "it runs", TimeSpan.FromSeconds(60));

        await shop.PatchAsync(
            CoreResources.Pods, "default", "bare", PatchKind.Strategic, Json("""{"spec": {"ephemeralContainers": [{"name": "look", "image": "example.test/tools:1"}]}}"""), default, "ephemeralcontainers");

        await Eventually.TrueAsync(
            async () => await plane.Client.GetAsync(CoreResources.Pods, "acme-shop-default", "bare", default) is { } p && p.Uid == live.Uid && p.At("spec", "ephemeralContainers") is not null, "it is debugged, not made anew", TimeSpan.FromSeconds(60));

        // Whoever attaches to it waits for it to run (kubectl debug -it).
        await Eventually.TrueAsync(
            async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).At("status", "ephemeralContainerStatuses") is { } statuses && statuses[0].GetProperty("state").TryGetProperty("running", out _),
            "what debugs it is seen to run", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Resize_OfAPodThatIsPlacedItself_HappensToThatPod()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.Pods, "default", Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"} } }, {"name": "beside", "image": "example.test/b:1"}]} }
            """), default);
        Task<KubeObject> LiveAsync(Func<KubeObject, bool> which, string what) => Eventually.SomeAsync(
            async () => await plane.Client.FindAsync(CoreResources.Pods, "acme-shop-default", "bare", default) is { } p && Conditions.IsTrue(p, "Ready") && which(p) ? p : null, what, TimeSpan.FromSeconds(60));
        KubeObject live = await LiveAsync(_ => true, "it runs");

        await shop.PatchAsync(
            CoreResources.Pods, "default", "bare", PatchKind.Strategic, Json("""{"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "250m"} } }]} }"""), default, "resize");

        KubeObject resized = await LiveAsync(p => CpuOf(p) == "250m", "it is resized");
        Assert.Equal(live.Uid, resized.Uid);
        Assert.Equal("64Mi", resized.At("spec", "containers")!.Value[0].GetProperty("resources").GetProperty("requests").GetProperty("memory").GetString());
    }

    [Fact]
    public async Task LabelsAndAnnotations_OfAMirroredPod_ReachThePodAndStay()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", nodes: 1);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}, "annotations": {"note": "old"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);
        KubeObject pod = await PodAsync(shop, p => Conditions.IsTrue(p, "Ready"), "the pod is ready");
        string uid = pod.Annotations[OrreryNames.SourceUidAnnotation];

        // 1. Given, changed and taken away, one write after the other: all of it reaches the pod, and is not put back.
        await ChangeAsync(shop, pod.Name, """{"labels": {"looked": "at"}, "annotations": {"note": "new"}}""");
        await ChangeAsync(shop, pod.Name, """{"labels": {"more": "of-it"}, "annotations": {"extra": "1"}}""");
        await ChangeAsync(shop, pod.Name, """{"annotations": {"extra": null}}""");
        KubeObject there = await Eventually.SomeAsync(
            async () => await ThereAsync(plane) is { } live && live.Labels.ContainsKey("looked") && live.Labels.ContainsKey("more") && live.Annotations["note"] == "new" && !live.Annotations.ContainsKey("extra") ? live : null, "as it was changed", TimeSpan.FromSeconds(60));
        Assert.Equal((uid, "at", "of-it"), (there.Uid, there.Labels["looked"], there.Labels["more"]));
        await PodAsync(shop, p => !p.Annotations.ContainsKey(PodMetadata.Annotation) && p.Labels["looked"] == "at" && p.Labels["more"] == "of-it" && p.Annotations["note"] == "new" && !p.Annotations.ContainsKey("extra"), "and so it stays");

        Assert.False((await ThereAsync(plane))!.Annotations.ContainsKey("extra"));

        // 2. What whoever runs the data plane changes is shown, beside it.
        await plane.Client.PatchAsync(CoreResources.Pods, "acme-shop-default", there.Name, PatchKind.Merge, Json("""{"metadata": {"annotations": {"note": "theirs"} } }"""), default);
        await PodAsync(shop, p => p.Annotations["note"] == "theirs" && p.Labels["looked"] == "at", "shown here");

        // 3. Without the label that its ReplicaSet selects it is let go of, and another takes its place: how a pod is kept to be looked at.
        // All labels go, and with them what says whose pod it is: that is kept.
        await shop.PatchAsync(CoreResources.Pods, "default", pod.Name, PatchKind.Json, JsonNode.Parse("""[{"op": "replace", "path": "/metadata/labels", "value": {"left": "alone"}}]""")!, default);
        KubeObject other = await PodAsync(shop, p => p.Annotations[OrreryNames.SourceUidAnnotation] != uid && Conditions.IsTrue(p, "Ready"), "another is made");
        KubeObject kept = await Eventually.SomeAsync(
            async () => await shop.FindAsync(CoreResources.Pods, "default", pod.Name, default) is { } p && !(p.At("metadata", "ownerReferences") is { } o && o.GetArrayLength() > 0) ? p : null, "it is nobody's", TimeSpan.FromSeconds(60));
        Assert.Equal((uid, "pa2-par", "alone"), (kept.Annotations[OrreryNames.SourceUidAnnotation], kept.Labels[OrreryNames.DataPlaneLabel], kept.Labels["left"]));
        Assert.NotEqual(kept.Name, other.Name);
    }

    private static Task ChangeAsync(KubeClient cluster, string pod, string metadata) =>
        cluster.PatchAsync(CoreResources.Pods, "default", pod, PatchKind.Merge, Json($$"""{"metadata": {{metadata}} }"""), default);

    private static Task<KubeObject> PodAsync(KubeClient shop, Func<KubeObject, bool> fits, string what) => Eventually.SomeAsync(
        async () => (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items is [var pod] && fits(pod) ? pod : null, what, TimeSpan.FromSeconds(60));

    private static async Task<KubeObject?> ThereAsync(SimulatedPlane plane) =>
        (await plane.Client.ListAsync(CoreResources.Pods, "acme-shop-default", new ListQuery { LabelSelector = "app=web" }, default)).Items is [var pod] ? pod : null;

    private static Task ResizeAsync(KubeClient cluster, string ns, string pod, string cpu) => cluster.PatchAsync(
        CoreResources.Pods, ns, pod, PatchKind.Strategic, Json($$"""{"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "{{cpu}}"} } }]} }"""), default, "resize");

    private static string? CpuOf(KubeObject pod) => pod.At("spec", "containers")!.Value[0].GetProperty("resources").GetProperty("requests").GetProperty("cpu").GetString();

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
