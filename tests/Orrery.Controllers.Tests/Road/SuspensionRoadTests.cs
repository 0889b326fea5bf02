using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What is installed is left as it is while the installation, its application, or the channel that it follows is suspended: no upgrade, no move, until it is resumed.</summary>
public sealed class SuspensionRoadTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("Suspended", "what runs is left as it is")]
    [InlineData("ApplicationSuspended", "what runs is left as it is: Application shop is suspended")]
    [InlineData("ChannelSuspended", "what runs is left as it is: channel stable of Application shop is suspended")]
    public async Task Suspended_UntilItIsResumed_NeitherUpgradesNorMoves(string reason, string message)
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        await PutAsync(fleet, OrreryResources.Tenants, "", "Tenant", "acme", "{}");
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        await PutAsync(fleet, OrreryResources.Applications, "", "Application", "shop", """{"channels": [{"name": "stable", "release": "shop-1"}, {"name": "edge", "release": "shop-1"}]}""");
        foreach (string version in (string[])["1", "2"])
        {
            await PutAsync(fleet, OrreryResources.Releases, "", "Release", "shop-" + version, $$$$"""
                {"application": "shop", "version": "{{{{version}}}}.0.0", "bundle": {"manifests": {"inline": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"version": "{{{{version}}}}"}}]}}}
                """);
        }

        foreach (string channel in (string[])["stable", "edge"])
        {
            await PutAsync(fleet, OrreryResources.Installations, "acme", "Installation", channel, $$$$"""
                {"application": "shop", "channel": "{{{{channel}}}}", "placement": {"dataPlanes": ["ny8-nyc"], "move": {"timeoutSeconds": 0}}}
                """);
            await StatusAsync(fleet, channel, "ny8-nyc: Running Installed shop-1");
        }

        // 1. Suspended, and then wanted elsewhere, newer, and with little patience.
        await SuspendAsync(fleet, reason, isSuspended: true);
        await StatusAsync(fleet, "stable", $"ny8-nyc: Paused {reason} shop-1");
        Assert.Equal(message, (await InstallationAsync(fleet, "stable")).At("status", "dataPlanes")!.Value[0].GetProperty("message").GetString());
        await ReleaseAsync(fleet, "shop-2", reason == "ChannelSuspended");
        await fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "stable", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}"""), default);
        await StatusAsync(fleet, "stable", $"ny8-nyc: Paused {reason} shop-1, pa2-par: Paused {reason} -");

        // 2. What is not suspended went on; with the application, both are.
        await StatusAsync(fleet, "edge", reason == "ApplicationSuspended" ? $"ny8-nyc: Paused {reason} shop-1" : "ny8-nyc: Running Upgraded shop-2");
        Assert.Equal("1", await VersionAsync(fleet, "ny8-nyc", "stable"));
        Assert.Null(await VersionAsync(fleet, "pa2-par", "stable"));

        // 3. Resumed.
        await SuspendAsync(fleet, reason, isSuspended: false);
        await StatusAsync(fleet, "stable", "pa2-par: Running Installed shop-2");
        await Eventually.TrueAsync(async () => await VersionAsync(fleet, "ny8-nyc", "stable") is null, "the old place is left", Limit);
        Assert.Equal("2", await VersionAsync(fleet, "pa2-par", "stable"));

        // 4. What is deleted goes, suspended or not.
        await SuspendAsync(fleet, reason, isSuspended: true);
        await StatusAsync(fleet, "stable", $"pa2-par: Paused {reason} shop-2");
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "stable", null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "stable", default) is null, "it is gone", Limit);
        await Eventually.TrueAsync(async () => await VersionAsync(fleet, "pa2-par", "stable") is null, "what it made is gone", Limit);
    }

    private static Task SuspendAsync(TestFleet fleet, string reason, bool isSuspended) => reason switch
    {
        "Suspended" => fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "stable", PatchKind.Merge, Json($$$"""{"spec": {"suspended": {{{Json(isSuspended)}}} }}"""), default),
        "ApplicationSuspended" => fleet.Root.PatchAsync(OrreryResources.Applications, "", "shop", PatchKind.Merge, Json($$$"""{"spec": {"suspended": {{{Json(isSuspended)}}} }}"""), default),
        _ => ReleaseAsync(fleet, isSuspended ? null : "shop-2", isSuspended),
    };

    /// <summary>What both channels stand for from now on.</summary>
    /// <param name="release">Null leaves it.</param>
    private static async Task ReleaseAsync(TestFleet fleet, string? release, bool isStableSuspended)
    {
        KubeObject now = await fleet.Root.GetAsync(OrreryResources.Applications, "", "shop", default);
        release ??= now.At("spec", "channels")!.Value[0].GetProperty("release").GetString();
        await fleet.Root.PatchAsync(OrreryResources.Applications, "", "shop", PatchKind.Merge, Json($$$"""
            {"spec": {"channels": [{"name": "stable", "release": "{{{release}}}", "suspended": {{{Json(isStableSuspended)}}} }, {"name": "edge", "release": "{{{release}}}"}]}}
            """), default);
    }

    private static Task<KubeObject> InstallationAsync(TestFleet fleet, string name) => fleet.Root.GetAsync(OrreryResources.Installations, "acme", name, default);

    /// <summary>Waits until that is said of the data planes, each as name, phase, reason and the release in force.</summary>
    private static async Task StatusAsync(TestFleet fleet, string name, string expected)
    {
        string seen = "";
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    KubeObject found = await InstallationAsync(fleet, name);
                    seen = found.At("status", "dataPlanes") is { } planes
                        ? string.Join(", ", planes.EnumerateArray().Select(p => new KubeObject(p)).Select(p => $"{p.TextAt("name")}: {p.TextAt("phase")} {p.TextAt("reason")} {p.TextAt("inForce") ?? "-"}"))
                        : "";
                    return seen == expected;
                },
                $"'{expected}' of {name}",
                Limit);
        }
        catch (TimeoutException)
        {
            Assert.Equal(expected, seen);
        }
    }

    /// <returns>Null where it is not installed.</returns>
    private static async Task<string?> VersionAsync(TestFleet fleet, string dataPlane, string name) =>
        (await fleet.DataPlanes[dataPlane].Client.FindAsync(ConfigMaps, "acme-" + name, "settings", default))?.TextAt("data", "version");

    private static Task PutAsync(TestFleet fleet, GroupVersionResource resource, string ns, string kind, string name, string spec) => fleet.Root.CreateAsync(resource, ns, new JsonObject
    {
        ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = Json(spec),
    }, default);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private static string Json(bool value) => value ? "true" : "false";
}
