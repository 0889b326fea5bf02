using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What runs is changed within its maintenance windows alone; what is new is checked before, and waits.</summary>
public sealed class MaintenanceWindowRoadTests
{
    private const string Held = "Pending OutsideMaintenanceWindow";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Upgrade_OutsideOfItsWindow_IsCheckedAndWaitsUntilItOpens()
    {
        await using TestFleet fleet = await InstallationFleet.StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1");
        await ReleaseAsync(fleet, "shop-2");
        await InstallationFleet.ReleaseAsync(fleet, "shop-3", """{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 0}]} }""");

        // 1. A first installation waits for nothing.
        await WindowsAsync(fleet, OrreryResources.Tenants, "", "acme", Closed());
        await InstallationFleet.InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]} }""");
        await StatusAsync(fleet, "pa2-par: Running Installed shop-1");

        // 2. An upgrade is checked and waits; one that would be refused says so now.
        await InstallationFleet.SpecAsync(fleet, """{"release": "shop-3"}""");
        await StatusAsync(fleet, "pa2-par: Failed Refused shop-1");
        await InstallationFleet.SpecAsync(fleet, """{"release": "shop-2"}""");
        await StatusAsync(fleet, $"pa2-par: {Held} shop-1");
        KubeObject waiting = await InstallationFleet.InstallationAsync(fleet);
        string opens = waiting.TextAt("status", "nextMaintenanceWindow")!;
        Assert.Equal($"pa2-par would take shop-2; the maintenance window of Tenant acme opens {opens}", waiting.At("status", "dataPlanes")!.Value[0].GetProperty("message").GetString());
        Assert.Equal("OutsideMaintenanceWindow", Conditions.Find(waiting, OrreryNames.ReadyCondition)!.Reason);
        Assert.Equal("1", await VersionAsync(fleet, "pa2-par"));

        // 3. It opens.
        await WindowsAsync(fleet, OrreryResources.Tenants, "", "acme", OpensSoon());
        await StatusAsync(fleet, "pa2-par: Running Upgraded shop-2", TimeSpan.FromSeconds(120));
        Assert.Equal("2", await VersionAsync(fleet, "pa2-par"));
        Assert.Null((await InstallationFleet.InstallationAsync(fleet)).At("status", "nextMaintenanceWindow"));
    }

    [Fact]
    public async Task Upgrade_OutsideOfTheWindowOfItsChannel_GoesOnOnceSomebodyOpensIt()
    {
        await using TestFleet fleet = await InstallationFleet.StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1");
        await ReleaseAsync(fleet, "shop-2");
        await ChannelAsync(fleet, "shop-1");
        await InstallationFleet.InstallAsync(fleet, """{"application": "shop", "channel": "stable", "placement": {"dataPlanes": ["pa2-par"]} }""");
        await StatusAsync(fleet, "pa2-par: Running Installed shop-1");

        // 1. What is held is not needed to be: what was in force may come back.
        await ChannelAsync(fleet, "shop-2");
        await StatusAsync(fleet, $"pa2-par: {Held} shop-1");
        await ChannelAsync(fleet, "shop-1");
        await StatusAsync(fleet, "pa2-par: Running Running shop-1");

        // 2. Opened for once.
        await ChannelAsync(fleet, "shop-2");
        await StatusAsync(fleet, $"pa2-par: {Held} shop-1");
        await OpenAsync(fleet, TimeProvider.System.GetUtcNow().AddMinutes(30));
        await StatusAsync(fleet, "pa2-par: Running Upgraded shop-2");
        await OpenAsync(fleet, TimeProvider.System.GetUtcNow().AddMinutes(-1));
        await ChannelAsync(fleet, "shop-1");
        await StatusAsync(fleet, $"pa2-par: {Held} shop-2");

        // 3. The installation's own word is nearer: at any time.
        await InstallationFleet.SpecAsync(fleet, """{"maintenanceWindows": []}""");
        await StatusAsync(fleet, "pa2-par: Running RolledBack shop-1");

        // 4. What is deleted goes.
        await InstallationFleet.SpecAsync(fleet, $$"""{"maintenanceWindows": {{Closed()}} }""");
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default) is null, "it is gone", Limit);
    }

    [Fact]
    public async Task Move_OutsideOfItsWindow_WaitsUnlessTheOldPlaceIsDrained()
    {
        await using TestFleet fleet = await InstallationFleet.StartAsync("pa2-par", "ny8-nyc");
        await ReleaseAsync(fleet, "shop-1");
        await InstallationFleet.InstallAsync(fleet, $$"""{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"], "move": {"timeoutSeconds": 0} }, "maintenanceWindows": {{Closed()}} }""");
        await StatusAsync(fleet, "pa2-par: Running Installed shop-1");

        // 1. Elsewhere in place of here is a change; elsewhere as well is none of what runs.
        await InstallationFleet.SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc"]} }""");
        await StatusAsync(fleet, $"ny8-nyc: {Held} -, pa2-par: {Held} shop-1");
        Assert.Null(await VersionAsync(fleet, "ny8-nyc"));
        await InstallationFleet.SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc", "pa2-par"]} }""");
        await StatusAsync(fleet, "ny8-nyc: Running Installed shop-1, pa2-par: Running Running shop-1");
        await InstallationFleet.SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc"]} }""");
        await StatusAsync(fleet, $"ny8-nyc: Running Installed shop-1, pa2-par: {Held} shop-1");

        // 2. A data plane that is emptied is left at any time.
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, InstallationFleet.Json("""{"spec": {"drained": true}}"""), default);
        await StatusAsync(fleet, "ny8-nyc: Running Installed shop-1");
        await Eventually.TrueAsync(async () => await VersionAsync(fleet, "pa2-par") is null, "the old place is left", Limit);
    }

    [Theory]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60, "timeZone": "Mars/Olympus"}]""", "timeZone")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60, "timeZone": "Local"}]""", "there is no time zone of this name")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60, "timeZone": "+01:00"}]""", "there is no time zone of this name")]
    [InlineData("""[{"start": "24:00", "durationMinutes": 60}]""", "start")]
    [InlineData("""[{"start": "22:00"}]""", "durationMinutes")]
    [InlineData("""[{"days": ["Sat"], "start": "22:00", "durationMinutes": 60}]""", "days")]
    public async Task Create_OfAWindowThatIsNone_IsRefused(string windows, string where)
    {
        await using TestFleet fleet = await TestFleet.StartAsync();

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.CreateAsync(
            OrreryResources.Applications, "", InstallationFleet.Own("Application", "shop", $$"""{"maintenanceWindows": {{windows}} }"""), default));

        Assert.Equal(422, refused.Code);
        Assert.Contains("spec.maintenanceWindows[0]", refused.Message, StringComparison.Ordinal);
        Assert.Contains(where, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A window that was open yesterday and the day before, and will be tomorrow.</summary>
    private static string Closed() => Window(TimeProvider.System.GetUtcNow().AddHours(-3));

    /// <summary>One that opens in five seconds at the least and in seventy at the most.</summary>
    private static string OpensSoon() => Window(TimeProvider.System.GetUtcNow().AddSeconds(65));

    private static string Window(DateTimeOffset opens) => string.Create(CultureInfo.InvariantCulture, $$"""[{"start": "{{opens:HH:mm}}", "durationMinutes": 60, "timeZone": "Etc/UTC"}]""");

    private static Task WindowsAsync(TestFleet fleet, GroupVersionResource resource, string ns, string name, string windows) =>
        fleet.Root.PatchAsync(resource, ns, name, PatchKind.Merge, InstallationFleet.Json($$"""{"spec": {"maintenanceWindows": {{windows}} } }"""), default);

    private static Task ChannelAsync(TestFleet fleet, string release) => fleet.Root.PatchAsync(OrreryResources.Applications, "", "shop", PatchKind.Merge, InstallationFleet.Json(
        $$"""{"spec": {"channels": [{"name": "stable", "release": "{{release}}", "maintenanceWindows": {{Closed()}} }]} }"""), default);

    private static Task OpenAsync(TestFleet fleet, DateTimeOffset until) => fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, InstallationFleet.Json(
        $$"""{"metadata": {"annotations": {"orrery.dev/open-until": "{{Conditions.Time(until)}}"} } }"""), default);

    private static Task ReleaseAsync(TestFleet fleet, string name) => InstallationFleet.ReleaseAsync(
        fleet, name, $$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"version": "{{name.Split('-')[1]}}"} }""");

    private static async Task<string?> VersionAsync(TestFleet fleet, string dataPlane) =>
        (await fleet.DataPlanes[dataPlane].Client.FindAsync(InstallationFleet.ConfigMaps, InstallationFleet.Mapped, "settings", default))?.TextAt("data", "version");

    /// <summary>Waits until that is said of the data planes, each as name, phase, reason and the release in force.</summary>
    private static async Task StatusAsync(TestFleet fleet, string expected, TimeSpan? limit = null)
    {
        string seen = "";
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    KubeObject found = await InstallationFleet.InstallationAsync(fleet);
                    seen = found.At("status", "dataPlanes") is { } planes
                        ? string.Join(", ", planes.EnumerateArray().Select(p => new KubeObject(p)).Select(p => $"{p.TextAt("name")}: {p.TextAt("phase")} {p.TextAt("reason")} {p.TextAt("inForce") ?? "-"}"))
                        : "";
                    return seen == expected;
                },
                expected,
                limit ?? Limit);
        }
        catch (TimeoutException)
        {
            Assert.Equal(expected, seen);
        }
    }
}
