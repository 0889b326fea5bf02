using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>A product is installed for two tenants, upgraded for one, as manifests and as a chart, and taken from the other and given again.</summary>
internal sealed class InstallChapter(UserSteps steps)
{
    public async Task RunAsync()
    {
        KubeClient root = steps.Root;
        await steps.CreateAsync(root, OrreryResources.Applications, "", Own("Application", "product", "{}", "{}"));
        await steps.CreateAsync(root, OrreryResources.Releases, "", Release("product-1", "1.0.0", ConfigMap("settings", "one"), ConfigMap("former", "x"), Deployment("app", 1, "app:1")));
        await steps.CreateAsync(root, OrreryResources.Releases, "", Release("product-2", "2.0.0", ConfigMap("settings", "two"), ConfigMap("anew", "y"), Deployment("app", 1, "app:2")));
        await steps.CreateAsync(root, OrreryResources.Releases, "", ChartRelease("product-3", "3.0.0"));
        foreach (string tenant in (string[])["acme", "globex"])
        {
            await steps.CreateAsync(root, OrreryResources.Installations, tenant, Installation("product-1", """["alpha", "gamma"]"""));
        }

        await Task.WhenAll(UpgradeAsync(root), TakeAndGiveAsync(root));
    }

    private async Task UpgradeAsync(KubeClient root)
    {
        await InForceAsync(root, "acme", "product-1");
        await ChangeAsync(root, """{"release": "product-2"}""");
        await InForceAsync(root, "acme", "product-2");
        await ChangeAsync(root, """{"placement": {"dataPlanes": ["gamma"]}}""");

        // As it is, whatever is wanted; then on to the chart, with values from elsewhere.
        await steps.CreateAsync(root, ConfigMaps, "acme", Values("first"));
        await ChangeAsync(root, """{"suspended": true, "release": "product-3", "valuesFrom": [{"kind": "ConfigMap", "name": "values"}]}""");
        await steps.PauseAsync(0, 3);
        await ChangeAsync(root, """{"suspended": null}""");
        await InForceAsync(root, "acme", "product-3");
        await steps.MergeAsync(root, ConfigMaps, "acme", "values", Values("second").ToJsonString());
    }

    private async Task TakeAndGiveAsync(KubeClient root)
    {
        await InForceAsync(root, "globex", "product-1");
        await steps.DeleteAsync(root, OrreryResources.Installations, "globex", "product");
        await steps.GoneAsync(root, OrreryResources.Installations, "globex", "product");
        await steps.CreateAsync(root, OrreryResources.Installations, "globex", Installation("product-2", """["alpha"]"""));
    }

    private Task ChangeAsync(KubeClient root, string spec) => steps.MergeAsync(root, OrreryResources.Installations, "acme", "product", $$"""{"spec": {{spec}} }""");

    private Task InForceAsync(KubeClient root, string tenant, string release) => steps.UntilAsync(
        root, OrreryResources.Installations, tenant, "product", i => i.TextAt("status", "phase") == "Running" && i.TextAt("status", "releaseInForce") == release);

    private static JsonObject Installation(string release, string planes) =>
        Own("Installation", "product", "{}", $$"""{"application": "product", "release": "{{release}}", "placement": {"dataPlanes": {{planes}} } }""");

    private static JsonObject Values(string greeting)
    {
        JsonObject body = Named("v1", "ConfigMap", "values");
        body["data"] = new JsonObject { ["values.yaml"] = $"greeting: {greeting}\n" };
        return body;
    }
}
