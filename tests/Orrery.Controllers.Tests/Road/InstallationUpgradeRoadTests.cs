using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.InstallationFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What changes in an installation: its release, its values, its overrides.</summary>
public sealed class InstallationUpgradeRoadTests
{
    [Fact]
    public async Task Upgrade_ThatADataPlaneWouldRefuse_ChangesNothingAndSaysWhy()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"), Deployment("web", "web"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await ReadyAsync(fleet, "web");
        await PhaseAsync(fleet, "Running");

        // The selector of a Deployment cannot change: the cluster refuses that one object, so nothing of the release may come into force.
        await ReleaseAsync(fleet, "shop-2", ConfigMap("settings", "two"), Deployment("web", "other"), ConfigMap("new", "y"));
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        await PhaseAsync(fleet, "Failed");
        KubeObject failed = await InstallationAsync(fleet);
        Assert.Equal("shop-1", failed.TextAt("status", "releaseInForce"));
        Assert.Equal("shop-2", failed.TextAt("status", "wantedRelease"));
        Assert.Equal("Refused", Conditions.Find(failed, "Ready")!.Reason);
        Assert.Contains("Deployment web", Conditions.Find(failed, "Ready")!.Message, StringComparison.Ordinal);
        Assert.Contains("immutable", Conditions.Find(failed, "Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("one", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
        Assert.Null(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "new", default));

        // Back to the former: nothing was changed, so it runs at once, and no trial is left.
        await SpecAsync(fleet, """{"release": "shop-1"}""");
        await PhaseAsync(fleet, "Running");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items is { Count: 2 } works && works.All(w => w.At("spec", "trial") is null), "two Works without trials");
    }

    [Fact]
    public async Task Upgrade_ThatCannotBeRendered_ChangesNothingAndNamesTheValue()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "$(values.site.title)"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "values": {"site": {"title": "Hello"}}, "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Running");

        await SpecAsync(fleet, """{"values": {"site": null}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Equal("RenderFailed", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Reason);
        Assert.Contains("values.site.title", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("Hello", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));

        await SpecAsync(fleet, """{"values": {"site": {"title": "Again"}}}""");
        await PhaseAsync(fleet, "Running");
        Assert.Equal("Again", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
    }

    [Fact]
    public async Task Values_FromASecret_ChangeWithIt()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "$(values.password)"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "valuesFrom": [{"kind": "Secret", "name": "site"}], "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Pending");
        Assert.Equal("ValuesMissing", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Reason);

        await fleet.Root.CreateAsync(Secrets, "acme", Json("""{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "site"}, "stringData": {"values.yaml": "password: a"}}"""), default);
        await PhaseAsync(fleet, "Running");
        await fleet.Root.PatchAsync(Secrets, "acme", "site", PatchKind.Merge, Json("""{"stringData": {"values.yaml": "password: b"}}"""), default);
        await Eventually.TrueAsync(
            async () => (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "b", "the new value", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Overrides_OfImagesReplicasAndPatches_AreInForce()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", Deployment("web", "web"));
        await InstallAsync(fleet, """
            {"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]},
             "overrides": {"images": [{"name": "example.test/web", "newTag": "9"}], "replicas": [{"name": "web", "count": 3}],
                           "patches": [{"kind": "Deployment", "name": "web", "strategic": {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}}}}}]}}
            """);

        KubeObject web = await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default), "the deployment");
        Assert.Equal(3, web.NumberAt("spec", "replicas"));
        Assert.Equal("example.test/web:9", web.At("spec", "template", "spec", "containers")!.Value[0].GetProperty("image").GetString());
        Assert.Equal("1", web.At("spec", "template", "spec", "containers")!.Value[0].GetProperty("env")[0].GetProperty("value").GetString());

        await SpecAsync(fleet, """{"overrides": {"images": [{"name": "example.test/wob", "newTag": "9"}]}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Contains("no container of the release has the image example.test/wob", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);
    }
}
