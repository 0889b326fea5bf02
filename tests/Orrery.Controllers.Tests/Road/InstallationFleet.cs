using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A fleet with the tenant acme and the application shop, of which the tests' installation shop is.</summary>
internal static class InstallationFleet
{
    public const string Mapped = "acme-shop";
    public static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    public static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    public static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    public static async Task<TestFleet> StartAsync(params string[] dataPlanes)
    {
        TestFleet fleet = await TestFleet.StartAsync(dataPlanes);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", "{}"), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), default);
        return fleet;
    }

    public static async Task ReleaseAsync(TestFleet fleet, string name, params string[] manifests)
    {
        string version = name.Split('-')[1] + ".0.0";
        await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own(
            "Release", name, $$"""{"application": "shop", "version": "{{version}}", "bundle": {"manifests": {"inline": [{{string.Join(',', manifests)}}]} } }"""), default);
        await fleet.ConditionAsync(OrreryResources.Releases, "", name, "Ready", "True");
    }

    public static Task InstallAsync(TestFleet fleet, string spec) => fleet.Root.CreateAsync(OrreryResources.Installations, "acme", Own("Installation", "shop", spec), default);

    public static Task SpecAsync(TestFleet fleet, string spec) =>
        fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, new JsonObject { ["spec"] = Json(spec) }, default);

    public static Task<KubeObject> InstallationAsync(TestFleet fleet) => fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default);

    public static async Task PhaseAsync(TestFleet fleet, string phase)
    {
        string seen = "";
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                KubeObject found = await InstallationAsync(fleet);
                seen = found.At("status")?.GetRawText() ?? "nothing";
                return found.TextAt("status", "phase") == phase && found.NumberAt("status", "observedGeneration") == found.Generation;
            }, "phase " + phase, TimeSpan.FromSeconds(60));
        }
        catch (Exception)
        {
            TestContext.Current.SendDiagnosticMessage("last seen: " + seen);
            throw;
        }
    }

    public static Task InForceAsync(TestFleet fleet, string release) => Eventually.TrueAsync(
        async () => await InstallationAsync(fleet) is var found && found.TextAt("status", "releaseInForce") == release && found.TextAt("status", "phase") == "Running", release + " in force", TimeSpan.FromSeconds(60));

    /// <summary>The part of a Deployment's controller.</summary>
    public static async Task ReadyAsync(TestFleet fleet, string name, string plane = "pa2-par")
    {
        KubeObject made = await Eventually.SomeAsync(() => fleet.DataPlanes[plane].Client.FindAsync(Deployments, Mapped, name, default), name);
        await fleet.DataPlanes[plane].Client.PatchAsync(
            Deployments, Mapped, name, PatchKind.Merge, Json($$"""{"status": {"observedGeneration": {{made.Generation}}, "replicas": 1, "availableReplicas": 1, "readyReplicas": 1, "updatedReplicas": 1} }"""), default, "status");
    }

    /// <summary>What is said of a data plane that it leaves.</summary>
    public static Task<string> LeavingAsync(TestFleet fleet, string plane) => Eventually.SomeAsync(
        async () => (await InstallationAsync(fleet)).At("status", "dataPlanes") is { } planes
            ? planes.EnumerateArray().Where(p => p.GetProperty("name").GetString() == plane && p.GetProperty("phase").GetString() == "Leaving").Select(p => p.TryGetProperty("message", out JsonElement message) ? message.GetString() : null).FirstOrDefault()
            : null,
        $"it leaves {plane}");

    public static Task GoneAsync(TestFleet fleet, string plane, string name) => Eventually.TrueAsync(
        async () => await fleet.DataPlanes[plane].Client.FindAsync(ConfigMaps, Mapped, name, default) is null, $"{name} gone from {plane}", TimeSpan.FromSeconds(60));

    public static string ConfigMap(string name, string value) => $$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "{{value}}"} }""";

    public static string Deployment(string name, string app) => $$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}"},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "{{app}}"} },
                  "template": {"metadata": {"labels": {"app": "{{app}}"} }, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }
        """;

    public static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    public static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
