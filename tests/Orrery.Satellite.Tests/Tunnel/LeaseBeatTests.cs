using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

/// <summary>The Lease that a satellite renews where nobody takes tunnels.</summary>
public sealed class LeaseBeatTests
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>As the satellites of a cluster and of its clone do, which both think that they are the only one.</summary>
    [Fact]
    public async Task RunAsync_TwoRenewOneLease_BothLearnOfIt_AndSeldomAgain()
    {
        await using TestServer root = await TestServer.StartAsync(new TestServerOptions());
        await root.Admin.CreateAsync(ClusterResources.Namespaces, "", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = "dp-edge-1" } }, Token);
        // Each has a clock of its own, and no two agree: a renewal that said exactly what is there would not be a write.
        var time = new ManualTime();
        var cloneTime = new ManualTime { Skew = TimeSpan.FromMilliseconds(3) };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var stopClone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        int told = 0, cloneTold = 0;
        var first = new LeaseBeat(root.Admin, "edge-1", null, time, NullLogger.Instance);
        first.Opened += () => told++;
        var clone = new LeaseBeat(root.Admin, "edge-1", null, cloneTime, NullLogger.Instance);
        clone.Opened += () => cloneTold++;

        // 1. Alone.
        Task beating = first.RunAsync(stop.Token);
        await BeatAsync(root.Admin, beats: 3, time);
        Assert.Equal(0, told);

        // 2. Two.
        Task cloneBeating = clone.RunAsync(stopClone.Token);
        int beats = 0;
        for (; told == 0 || cloneTold == 0; beats++)
        {
            Assert.True(beats < 60, "both are told sooner or later, whoever of them is the first in each beat");
            await BeatAsync(root.Admin, beats: 1, time, cloneTime);
        }

        await BeatAsync(root.Admin, beats: 12, time, cloneTime);
        Assert.InRange(told, 1, 1 + ((beats + 12) / 6));
        Assert.InRange(cloneTold, 1, 1 + ((beats + 12) / 6));

        // 3. Alone again.
        await stopClone.CancelAsync();
        await cloneBeating;
        await BeatAsync(root.Admin, beats: 1, time);
        told = 0;
        await BeatAsync(root.Admin, beats: 10, time);
        Assert.Equal(0, told);
        await stop.CancelAsync();
        await beating;
    }

    /// <summary>Nothing passes any more and nobody says so: the Lease, which vouches for 40 seconds, is renewed over another connection before that is over.</summary>
    [Fact]
    public async Task RunAsync_ConnectionFallsSilent_RenewsOverAnotherInTime()
    {
        await using TestServer root = await TestServer.StartAsync(new TestServerOptions());
        await root.Admin.CreateAsync(ClusterResources.Namespaces, "", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = "dp-edge-1" } }, Token);
        await using var network = new BadNetwork(root.Url.Port, TimeProvider.System);
        using var client = new KubeClient(TunnelDial.ForLease(root.Admin.Config with { Server = new UriBuilder(root.Url) { Port = network.Port }.Uri }));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var beat = new LeaseBeat(client, "edge-1", null, TimeProvider.System, NullLogger.Instance);
        Task beating = beat.RunAsync(stop.Token);
        await beat.Joined.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        async Task<string?> RenewedAsync() => (await root.Admin.GetAsync(ClusterResources.Leases, "dp-edge-1", OrreryNames.TunnelLease, Token)).TextAt("spec", "renewTime");
        string? before = await RenewedAsync();

        network.Silence();

        // 25 seconds until the connection is given up, and the wait for the next beat. By the usual patience it would be a minute.
        using var seen = new SeenTime(TimeProvider.System);
        await Eventually.TrueAsync(async () => await RenewedAsync() != before, "renewed over another connection", TimeSpan.FromMinutes(3), Token);
        Assert.InRange(seen.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(48));
        await stop.CancelAsync();
        await beating;
    }

    /// <summary>Each beat is over once all wait for the next.</summary>
    private static async Task BeatAsync(KubeClient root, int beats, params ManualTime[] satellites)
    {
        for (int i = 0; i < beats; i++)
        {
            await Eventually.TrueAsync(() => satellites.All(s => s.Waiting == 1), "they wait", TimeSpan.FromSeconds(60), Token);
            foreach (ManualTime satellite in satellites)
            {
                satellite.Advance(Beat);
            }

            await Eventually.TrueAsync(() => satellites.All(s => s.Waiting == 1), "they have beaten", TimeSpan.FromSeconds(60), Token);
        }

        Assert.NotNull(await root.FindAsync(ClusterResources.Leases, "dp-edge-1", OrreryNames.TunnelLease, Token));
    }
}
