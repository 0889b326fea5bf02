using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A satellite that starts while the control plane cannot be reached: what was wanted last is held to, and nothing is lost on return.</summary>
public sealed class OfflineRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    [Fact]
    public async Task Restart_WithoutTheControlPlane_HoldsToWhatWasWantedLast()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        TestDataPlane plane = fleet.DataPlanes["pa2-par"];
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await Eventually.SomeAsync(() => plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await Eventually.TrueAsync(
            async () => (await plane.Client.ListAsync(Secrets, JoinNames.SystemNamespace, new ListQuery { LabelSelector = "orrery.dev/wanted=pa2-par" }, default)).Items.Count == 1, "the copy");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w => Conditions.IsTrue(w, "Applied") && Conditions.IsTrue(w, "Available")), "it is reported");
        await fleet.StopSatelliteAsync("pa2-par");

        // 1. Everything but the control plane is there: what is deleted and changed by hand comes back.
        await plane.Client.DeleteAsync(ConfigMaps, Mapped, "settings", null, default);
        KubeObject stray = await plane.Client.CreateAsync(ConfigMaps, Mapped, Stray((await fleet.Root.GetAsync(CoreResources.Namespaces, "", "kube-system", default)).Uid), default);
        using (var stop = new CancellationTokenSource())
        {
            Task alone = new SatelliteAgent(new SatelliteOptions
            {
                DataPlane = "pa2-par",
                ControlPlane = fleet.ControlPlane.Config() with { Server = Nowhere() },
                Cluster = plane.Server.Config(plane.Server.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
                EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
            }).RunAsync(stop.Token);
            KubeObject back = await Eventually.SomeAsync(() => plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default), "settings without the control plane", TimeSpan.FromSeconds(60));
            Assert.Equal("a", back.TextAt("data", "key"));
            await plane.Client.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);
            await Eventually.TrueAsync(async () => (await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "a", "put back");

            // What the copy does not know may have come after it: it stays.
            Assert.Equal(stray.Uid, (await plane.Client.GetAsync(ConfigMaps, Mapped, "stray", default)).Uid);
            await stop.CancelAsync();
            await alone;
        }

        // 2. Back: what the control plane does not want goes, and nothing is written that it knows.
        string work = (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Single(w => w.TextAt("spec", "source", "name") == "settings").ResourceVersion;
        //    A control plane that was restored from a backup may have wanted it since: until an operator confirms, it is kept, and named.
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/restored": "2026-11-21T08:00:00Z"} } }"""), default);
        fleet.StartSatellite("pa2-par");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), "Restored") is { Status: "True", Reason: "NotConfirmed" } restored
                && restored.Message == "the control plane was restored from a backup of 2026-11-21T08:00:00Z; what it does not know of is kept until 'orrery data-plane confirm pa2-par': 1 objects (ConfigMap acme-shop-default/stray)",
            "what is kept is said",
            TimeSpan.FromSeconds(60));
        await plane.Client.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);
        await Eventually.TrueAsync(async () => (await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "a", "put back");
        Assert.Equal(stray.Uid, (await plane.Client.GetAsync(ConfigMaps, Mapped, "stray", default)).Uid);
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/restored": null} } }"""), default);
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(ConfigMaps, Mapped, "stray", default) is null, "the stray one is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), "Restored") is null, "nothing is kept any more");
        Assert.Equal(work, (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Single(w => w.TextAt("spec", "source", "name") == "settings").ResourceVersion);
    }

    /// <summary>A port where nobody listens.</summary>
    private static Uri Nowhere() => new($"https://127.0.0.1:{FreePort.Take()}");

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    /// <summary>As if it was applied for a Work that the copy does not hold.</summary>
    /// <param name="controlPlane">That wanted it.</param>
    private static JsonObject Stray(string controlPlane) => Json($$"""
        {"apiVersion": "v1", "kind": "ConfigMap",
         "metadata": {"name": "stray", "labels": {"app.kubernetes.io/managed-by": "orrery"}, "annotations": {"orrery.dev/work": "configmap-stray-0", "orrery.dev/control-plane": "{{controlPlane}}"} } }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
