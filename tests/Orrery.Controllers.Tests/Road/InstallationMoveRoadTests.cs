using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.InstallationFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>From one data plane to another.</summary>
public sealed class InstallationMoveRoadTests
{
    [Fact]
    public async Task Move_LeavesTheOldPlaceOnceTheReleaseRunsInTheNewOne()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"), Deployment("web", "web"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["ny8-nyc"]}}""");
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await PhaseAsync(fleet, "Running");

        // 1. It begins in the new place and is not ready there, whoever begins anew meanwhile.
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["pa2-par"]}}""");
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default), "web in pa2-par");
        Assert.StartsWith("it stays until shop-1 runs on pa2-par (", await LeavingAsync(fleet, "ny8-nyc"), StringComparison.Ordinal);
        string until = (await LeavingAsync(fleet, "ny8-nyc"))[^20..];
        await fleet.StopControllersAsync();
        await fleet.StartControllersAsync();
        await fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"values": {"seen": "again"}}}"""), default);
        await Eventually.TrueAsync(async () => await InstallationAsync(fleet) is var found && found.NumberAt("status", "observedGeneration") == found.Generation, "the controllers look again", TimeSpan.FromSeconds(60));
        Assert.EndsWith(until, await LeavingAsync(fleet, "ny8-nyc"), StringComparison.Ordinal);
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(Deployments, Mapped, "web", default));

        // 2. Ready there: the old place is left.
        await ReadyAsync(fleet, "web", "pa2-par");
        await GoneAsync(fleet, "ny8-nyc", "settings");
        await PhaseAsync(fleet, "Running");

        // 3. Back, to a place where it never gets ready, with little patience.
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc"], "move": {"timeoutSeconds": 1}}}""");
        await GoneAsync(fleet, "pa2-par", "settings");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(CoreResources.Events, "acme", null, default)).Items.Any(
                e => e.TextAt("reason") == "MoveTimedOut" && e.TextAt("message")!.StartsWith("pa2-par: it leaves although it does not run on ny8-nyc yet: ", StringComparison.Ordinal)),
            "that it was not waited for is told", TimeSpan.FromSeconds(60));

        // 4. A data plane that is drained waits however long it takes.
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await PhaseAsync(fleet, "Running");
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc", "pa2-par"], "move": {"timeoutSeconds": 0}}}""");
        await ReadyAsync(fleet, "web", "pa2-par");
        await PhaseAsync(fleet, "Running");
        await fleet.DataPlanes["ny8-nyc"].Client.PatchAsync(Deployments, Mapped, "web", PatchKind.Merge, Json("""{"status": {"availableReplicas": 0, "readyReplicas": 0}}"""), default, "status");
        await PhaseAsync(fleet, "Degraded");
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, Json("""{"spec": {"drained": true}}"""), default);
        Assert.Equal("it stays until shop-1 runs on ny8-nyc (Degraded)", await LeavingAsync(fleet, "pa2-par"));
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await GoneAsync(fleet, "pa2-par", "settings");
    }
}
