using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Reporting;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Reporting;

/// <summary>What is done when a cluster is of another version.</summary>
public sealed class ClusterUpgradesTests
{
    [Fact]
    public void Saw_AnotherVersion_HasWhatWasRefusedTriedAgain_OnceAMinuteAtMost()
    {
        using var api = new EmptyCluster();
        using KubeClient client = api.Client();
        var time = new ManualTime();
        SatelliteContext context = SatelliteContexts.Of(client, new SatelliteOptions { DataPlane = "edge-1", Cluster = client.Config, Time = time });
        int tried = 0;
        context.ClusterRecovered += () => tried++;
        var upgrades = new ClusterUpgrades(context, NullLogger.Instance);
        int Tried(string? version, int seconds)
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            upgrades.Saw(version);
            return tried;
        }

        Assert.Equal(0, Tried("v1.20.2", 0));
        Assert.Equal(0, Tried("v1.20.2", 3600));
        Assert.Equal(0, Tried(null, 10));
        Assert.Equal(0, Tried("", 10));
        Assert.Equal(1, Tried("v1.36.0", 10));

        // Behind one address, one upgraded and one not yet.
        Assert.Equal(1, Tried("v1.20.2", 10));
        Assert.Equal(1, Tried("v1.36.0", 10));
        Assert.Equal(2, Tried("v1.20.2", 60));
        Assert.Equal(3, Tried("v1.36.0", 60));
    }
}
