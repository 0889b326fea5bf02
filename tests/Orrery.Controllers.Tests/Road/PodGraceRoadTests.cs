using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A pod that a tenant made itself, and deletes, stands there Terminating until it has gone wherever it ran. (The test plays the kubelets.)</summary>
public sealed class PodGraceRoadTests
{
    private const string Plane = "pa2-par", Other = "ny8-nyc", Mapped = "acme-shop-default";

    private static readonly GroupVersionResource Bindings = new("", "v1", "bindings");

    [Fact]
    public async Task Delete_OfAPodThatRuns_LastsUntilItHasGone_AndEachIsToldHowLong()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane, Other);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane, Other);
        KubeObject pod = await RunAsync(fleet, shop, 60, Plane, Other);

        // 1. In the time that the client gives it, not in its own.
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 90 }, default);
        Assert.Equal(90, (await ThereAsync(shop, "default"))!.NumberAt("metadata", "deletionGracePeriodSeconds"));
        foreach (string plane in (string[])[Plane, Other])
        {
            await GraceAsync(fleet, plane, 90);
        }

        // 2. Who asks for less shortens it everywhere; who asks for more changes nothing.
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 5 }, default);
        await GraceAsync(fleet, Plane, 5);
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 40 }, default);

        // 3. One kubelet is done, and then the other.
        await KillAsync(fleet, Plane);
        await Eventually.TrueAsync(async () => (await WorksAsync(fleet, Plane)).Count == 0, "nothing is left in one");
        Assert.Equal((pod.Uid, 5), ((await ThereAsync(shop, "default"))!.Uid, (await ThereAsync(shop, "default"))!.NumberAt("metadata", "deletionGracePeriodSeconds")));
        await GraceAsync(fleet, Other, 5);
        await KillAsync(fleet, Other);
        await Eventually.TrueAsync(async () => await ThereAsync(shop, "default") is null, "it has gone", TimeSpan.FromSeconds(60));
        Assert.Empty(await WorksAsync(fleet, Other));

        // 4. That it has gone is no refusal.
        Assert.DoesNotContain((await shop.ListAsync(CoreResources.Events, "default", null, default)).Items, e => e.TextAt("reason") == "NotApplied");

        // 5. Its name is free, and another of it runs.
        Assert.NotEqual(pod.Uid, (await RunAsync(fleet, shop, 60, Plane, Other)).Uid);
    }

    [Fact]
    public async Task Delete_WithoutTimeToEndOrWithFinalizers_IsAsAnywhere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);

        // 1. By force: at once here, and there in its own time.
        await RunAsync(fleet, shop, 60, Plane);
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        Assert.Null(await ThereAsync(shop, "default"));
        await GraceAsync(fleet, Plane, 60);
        await KillAsync(fleet, Plane);

        // 2. By force while it is leaving.
        KubeObject second = await RunAsync(fleet, shop, 60, Plane);
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", null, default);
        await GraceAsync(fleet, Plane, 60);
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);
        Assert.Null(await ThereAsync(shop, "default"));
        await Eventually.TrueAsync(async () => (await WorksAsync(fleet, Plane)).Count == 0, "its Work goes");
        await KillAsync(fleet, Plane);

        // 3. Somebody's finalizer: it has gone there, and stays here until that is taken away.
        KubeObject third = await RunAsync(fleet, shop, 60, Plane);
        Assert.NotEqual(second.Uid, third.Uid);
        await shop.PatchAsync(CoreResources.Pods, "default", "bare", PatchKind.Merge, Json("""{"metadata": {"finalizers": ["example.com/hold"]}}"""), default);
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", null, default);
        await GraceAsync(fleet, Plane, 60);
        await KillAsync(fleet, Plane);
        await Eventually.TrueAsync(async () => (await ThereAsync(shop, "default"))!.NumberAt("metadata", "deletionGracePeriodSeconds") == 0, "it has ended", TimeSpan.FromSeconds(60));
        await shop.PatchAsync(CoreResources.Pods, "default", "bare", PatchKind.Merge, Json("""{"metadata": {"finalizers": null}}"""), default);
        Assert.Null(await ThereAsync(shop, "default"));
    }

    [Fact]
    public async Task Delete_WhereTheDataPlaneIsSilent_LastsUntilItIsBackOrGivenUp()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane, Other);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane, Other);
        await RunAsync(fleet, shop, 30, Plane, Other);
        await fleet.StopSatelliteAsync(Plane);
        await fleet.StopSatelliteAsync(Other);

        // 1. One is heard again: it is told what it missed.
        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", null, default);
        await Eventually.TrueAsync(async () => (await WorksAsync(fleet, Plane)) is [var work] && Withdrawal.Of(work) == Withdrawal.Remove && Withdrawal.GraceOf(work) == 30, "it is to go");
        fleet.StartSatellite(Plane);
        await GraceAsync(fleet, Plane, 30);
        await KillAsync(fleet, Plane);
        await Eventually.TrueAsync(async () => (await WorksAsync(fleet, Plane)).Count == 0, "nothing is left in one");
        Assert.True((await ThereAsync(shop, "default"))!.IsDeleting);

        // 2. The other is given up.
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", Other, PatchKind.Merge, Json("""{"spec": {"drained": true}}"""), default);
        await Eventually.TrueAsync(async () => await ThereAsync(shop, "default") is null, "it is not waited for any more", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", Other, default)).At("status", "tenants") is null, "no tenant uses it", TimeSpan.FromSeconds(60));
        await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", Other, null, default);
    }

    [Fact]
    public async Task Delete_OfItsNamespace_WaitsForNoSilentDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"metadata": {"name": "team"}}"""), default);
        await RunInAsync(fleet, shop, "team", 30, Plane);
        await fleet.StopSatelliteAsync(Plane);
        await shop.DeleteAsync(CoreResources.Pods, "team", "bare", null, default);
        await Eventually.TrueAsync(async () => (await WorksAsync(fleet, Plane)).Any(work => Withdrawal.Of(work) == Withdrawal.Remove), "it is to go");

        await shop.DeleteAsync(CoreResources.Namespaces, "", "team", null, default);

        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Namespaces, "", "team", default) is null, "the namespace has gone", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Delete_OfAPodThatRunsNowhere_IsDoneAtOnce()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop);
        await shop.CreateAsync(CoreResources.Pods, "default", Bare(30), default);

        await shop.DeleteAsync(CoreResources.Pods, "default", "bare", null, default);

        Assert.Null(await ThereAsync(shop, "default"));
    }

    private static Task<KubeObject> RunAsync(TestFleet fleet, KubeClient shop, int grace, params string[] planes) => RunInAsync(fleet, shop, "default", grace, planes);

    /// <summary>The pod, made, and bound to a node in each data plane.</summary>
    private static async Task<KubeObject> RunInAsync(TestFleet fleet, KubeClient shop, string ns, int grace, params string[] planes)
    {
        KubeObject made = await shop.CreateAsync(CoreResources.Pods, ns, Bare(grace), default);
        foreach (string plane in planes)
        {
            await Eventually.SomeAsync(async () => await LiveAsync(fleet, plane, ns) is { IsDeleting: false } live ? live : null, $"it is in {plane}", TimeSpan.FromSeconds(60));
            await fleet.DataPlanes[plane].Client.CreateAsync(Bindings, Mapped.Replace("default", ns, StringComparison.Ordinal), Json("""{"metadata": {"name": "bare"}, "target": {"kind": "Node", "name": "n"}}"""), default);
        }

        string runs = string.Join(',', planes.Order(StringComparer.Ordinal));
        await Eventually.TrueAsync(async () => (await ThereAsync(shop, ns))?.Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation) == runs, "it is known to run", TimeSpan.FromSeconds(60));
        return made;
    }

    private static Task<KubeObject?> ThereAsync(KubeClient shop, string ns) => shop.FindAsync(CoreResources.Pods, ns, "bare", default);

    private static Task<KubeObject?> LiveAsync(TestFleet fleet, string plane, string ns = "default") =>
        fleet.DataPlanes[plane].Client.FindAsync(CoreResources.Pods, Mapped.Replace("default", ns, StringComparison.Ordinal), "bare", default);

    private static Task GraceAsync(TestFleet fleet, string plane, int seconds) => Eventually.TrueAsync(
        async () => (await LiveAsync(fleet, plane))?.NumberAt("metadata", "deletionGracePeriodSeconds") == seconds, $"{seconds} s are left to it in {plane}", TimeSpan.FromSeconds(60));

    /// <summary>As its kubelet does once its containers have ended.</summary>
    private static Task KillAsync(TestFleet fleet, string plane) =>
        fleet.DataPlanes[plane].Client.DeleteAsync(CoreResources.Pods, Mapped, "bare", new DeleteQuery { GracePeriodSeconds = 0 }, default);

    private static async Task<IReadOnlyList<KubeObject>> WorksAsync(TestFleet fleet, string plane) =>
        [.. (await fleet.Root.ListAsync(OrreryResources.Works, "dp-" + plane, null, default)).Items.Where(work => work.TextAt("spec", "source", "kind") == "Pod")];

    private static JsonObject Bare(int grace) => Json($$"""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"},
         "spec": {"terminationGracePeriodSeconds": {{grace}}, "containers": [{"name": "c", "image": "example.test/web:1"}]} }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
