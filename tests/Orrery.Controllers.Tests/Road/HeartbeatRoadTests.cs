using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>That satellites live is known from their tunnels; only changes are written.</summary>
public sealed class HeartbeatRoadTests
{
    [Fact]
    public async Task Satellite_GoesAndComes_IsWrittenOnceEach()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromSeconds(1), [], "pa2-par");
        KubeObject opened = await TunnelAsync(fleet);
        Assert.False(string.IsNullOrEmpty(opened.TextAt("spec", "holderIdentity")));

        await fleet.StopSatelliteAsync("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");
        KubeObject dataPlane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        KubeObject closed = await TunnelAsync(fleet);
        Assert.Equal(("", opened.NumberAt("spec", "leaseTransitions") + 1), (closed.TextAt("spec", "holderIdentity") ?? "", closed.NumberAt("spec", "leaseTransitions")));

        // It says since when, to the second in which it was last heard.
        string heard = dataPlane.TextAt("status", "lastHeartbeatTime")!;
        Assert.Equal($"its satellite was not heard since {heard}", Conditions.Find(dataPlane, "Ready")!.Message);
        Assert.StartsWith(heard[..^1], closed.TextAt("spec", "renewTime"), StringComparison.Ordinal);

        fleet.StartSatellite("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "True");
        Assert.Equal(opened.NumberAt("spec", "leaseTransitions") + 2, (await TunnelAsync(fleet)).NumberAt("spec", "leaseTransitions"));
    }

    [Fact]
    public async Task Satellite_ThatDialsAgainInTime_WasNeverAway()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromHours(1), [], "pa2-par");
        KubeObject tunnel = await TunnelAsync(fleet);
        KubeObject dataPlane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        for (int i = 0; i < 5; i++)
        {
            await fleet.StopSatelliteAsync("pa2-par");
            StatusException away = await Assert.ThrowsAsync<StatusException>(() => ThroughAsync(fleet));
            Assert.Equal(503, away.Code);
            fleet.StartSatellite("pa2-par");
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        return (await ThroughAsync(fleet)).Length > 0;
                    }
                    catch (StatusException e) when (e.Code == 503)
                    {
                        return false;
                    }
                },
                "its tunnel again");
        }

        Assert.Equal(tunnel.ResourceVersion, (await TunnelAsync(fleet)).ResourceVersion);
        KubeObject after = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        Assert.Equal(Conditions.Find(dataPlane, "Ready")!.LastTransitionTime, Conditions.Find(after, "Ready")!.LastTransitionTime);
    }

    private static Task<string> ThroughAsync(TestFleet fleet) => fleet.Root.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/version", default);

    private static Task<KubeObject> TunnelAsync(TestFleet fleet) => fleet.Root.GetAsync(CoreResources.Leases, "dp-pa2-par", OrreryNames.TunnelLease, default);
}
