using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Installations;
using Orrery.Server.Authentication;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.ChartFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Values from everywhere they may come from, and what a change would do before it is made: as <c>orrery diff installation</c> shows it.</summary>
public sealed class InstallationPreviewRoadTests
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    [Fact]
    public async Task Values_OfAllLayers_WinInTheirOrder()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        string[] keys = ["release", "application", "class", "label", "plane", "map", "secret", "inline", "own"];
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "layers", """
            {"values": [{"values": {"application": "application", "class": "-", "label": "-", "plane": "-", "map": "-"}},
                        {"tenantClasses": ["gold"], "values": {"class": "gold", "map": "-"}}, {"tenantClasses": ["lead"], "values": {"class": "lead"}},
                        {"dataPlaneLabels": {"region": "us"}, "values": {"label": "us"}}, {"dataPlanes": ["pa2-par"], "values": {"plane": "paris"}}]}
            """), default);
        string map = string.Join(", ", keys.Select(k => $"\"{k}\": \"$(values.{k})\""));
        await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own("Release", "layers-1", $$"""
            {"application": "layers", "version": "1", "values": { {{string.Join(", ", keys.Select(k => $"\"{k}\": \"release\""))}} },
             "bundle": {"manifests": {"inline": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": { {{map}} } }]} } }
            """), default);
        await fleet.Root.CreateAsync(ConfigMaps, "acme", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site"}, "data": {"values.yaml": "map: map\nsecret: '-'"}}"""), default);
        await fleet.Root.CreateAsync(Secrets, "acme", Json("""{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "site"}, "stringData": {"keys": "secret: secret\ninline: '-'"}}"""), default);
        await fleet.Root.CreateAsync(OrreryResources.Installations, "acme", Own("Installation", "shop", """
            {"application": "layers", "release": "layers-1", "placement": {"dataPlanes": ["pa2-par", "ny8-nyc"]}, "values": {"inline": "inline", "own": "-"},
             "valuesFrom": [{"kind": "ConfigMap", "name": "site"}, {"kind": "Secret", "name": "site", "key": "keys"}, {"kind": "Secret", "name": "none", "optional": true}],
             "dataPlaneValues": [{"dataPlaneLabels": {"region": "eu"}, "values": {"own": "eu"}}, {"dataPlanes": ["ny8-nyc"], "values": {"own": "york"}}]}
            """), default);

        await Eventually.TrueAsync(async () => (await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default)).TextAt("status", "phase") == "Running", "running", TimeSpan.FromSeconds(60));

        Assert.Equal(["release", "application", "gold", "-", "paris", "map", "secret", "inline", "eu"], await DataAsync("pa2-par"));
        Assert.Equal(["release", "application", "gold", "us", "-", "map", "secret", "inline", "york"], await DataAsync("ny8-nyc"));

        async Task<string[]> DataAsync(string plane)
        {
            KubeObject settings = await fleet.DataPlanes[plane].Client.GetAsync(ConfigMaps, Mapped, "settings", default);
            return [.. keys.Select(k => settings.TextAt("data", k) ?? "none")];
        }
    }

    [Fact]
    public async Task Preview_OfChannelsReplicasAndPlacement_ShowsEachDataPlaneAndWritesNothing()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", """{"channels": [{"name": "stable", "release": "shop-1"}]}"""), default);
        foreach (int version in (int[])[1, 2])
        {
            await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own("Release", $"shop-{version}", $$"""
                {"application": "shop", "version": "{{version}}", "bundle": {"manifests": {"inline": [
                  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"version": "{{version}}", "title": "$(values.title)"} },
                  {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": {"replicas": 4, "selector": {"matchLabels": {"app": "web"} },
                   "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }]} } }
                """), default);
        }

        const string Spec = """{"application": "shop", "channel": "stable", "values": {"title": "Hello"}, "placement": {"dataPlanes": ["pa2-par", "ny8-nyc"], "replicas": "Divide"}}""";

        // 1. One that is not there yet: everything would come, divided. Nothing is written.
        await fleet.ConditionAsync(OrreryResources.Releases, "", "shop-1", "Ready", "True");
        await fleet.ConditionAsync(OrreryResources.Releases, "", "shop-2", "Ready", "True");
        IReadOnlyList<PlanePreview> fresh = await PreviewAsync(fleet, _ => Named(Own("Installation", "shop", Spec)));
        Assert.Equal(["ny8-nyc", "pa2-par"], fresh.Select(p => p.DataPlane));
        Assert.All(fresh, p => Assert.Equal((null, 2), (p.Refusal, p.Changes.Count(c => c.Before is null))));
        Assert.Equal([2, 2], fresh.Select(p => p.Changes.Single(c => c.After!.Kind == "ReplicaSet").After!["spec"]!["replicas"]!.GetValue<int>()));
        Assert.Null(await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default));
        Assert.Empty((await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items);

        // 2. In force: nothing would change. Suspended, what would be is told all the same.
        await fleet.Root.CreateAsync(OrreryResources.Installations, "acme", Own("Installation", "shop", Spec), default);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items is { Count: 4 } works && works.All(w => w.At("spec", "manifest") is not null), "all is in force", TimeSpan.FromSeconds(60));
        Assert.All(await PreviewAsync(fleet, Present), p => Assert.Equal((null, 0), (p.Refusal, p.Changes.Count)));

        // 3. The channel moves to another release.
        await fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"suspended": true}}"""), default);
        await fleet.Root.PatchAsync(OrreryResources.Applications, "", "shop", PatchKind.Merge, Json("""{"spec": {"channels": [{"name": "stable", "release": "shop-2"}]}}"""), default);
        ObjectChange change = Assert.Single((await PreviewAsync(fleet, Present))[0].Changes);
        Assert.Equal(("ConfigMap acme-shop/settings", "1", "2"), (change.Name, change.Before!["data"]!["version"]!.GetValue<string>(), change.After!["data"]!["version"]!.GetValue<string>()));

        // 4. On one data plane only: there it takes all replicas, and from the other all goes.
        IReadOnlyList<PlanePreview> moved = await PreviewAsync(fleet, i => With(i, """{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}"""));
        Assert.Equal(2, moved.Single(p => p.DataPlane == "ny8-nyc").Changes.Count(c => c.After is null));
        Assert.Equal(4, moved.Single(p => p.DataPlane == "pa2-par").Changes.Single(c => c.After!.Kind == "ReplicaSet").After!["spec"]!["replicas"]!.GetValue<int>());

        // 5. What cannot be rendered, or is not there, says why.
        Assert.All(await PreviewAsync(fleet, i => With(i, """{"spec": {"values": null}}""")), p => Assert.Contains("values.title", p.Refusal, StringComparison.Ordinal));
        Assert.All(await PreviewAsync(fleet, i => With(i, """{"spec": {"channel": "beta"}}""")), p => Assert.Contains("has no channel beta", p.Refusal, StringComparison.Ordinal));
        Assert.Contains("there is no installation acme/shop", (await Assert.ThrowsAsync<InvalidOperationException>(() => PreviewAsync(fleet, _ => null))).Message, StringComparison.Ordinal);
    }

    private static async Task<TestFleet> StartAsync(params string[] dataPlanes)
    {
        TestFleet fleet = await TestFleet.StartAsync(dataPlanes);
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Own("TenantClass", "gold", "{}"), default);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", """{"class": "gold"}"""), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        return fleet;
    }

    private static Task<IReadOnlyList<PlanePreview>> PreviewAsync(TestFleet fleet, Func<KubeObject?, JsonObject?> change) => InstallationPreview.RunAsync(
        fleet.ControlPlane.Config(fleet.ControlPlane.Certificate("vendor", [UserGroups.Masters], ClusterScope.Root)), "acme", "shop", change, TimeProvider.System, TestContext.Current.CancellationToken);

    private static JsonObject? Present(KubeObject? installation) => installation?.ToJsonObject();

    private static JsonObject With(KubeObject? installation, string patch) => Machinery.Patches.MergePatch.Apply(installation!.ToJsonObject(), Json(patch));

    private static JsonObject Named(JsonObject installation)
    {
        installation.Metadata["namespace"] = "acme";
        return installation;
    }
}
