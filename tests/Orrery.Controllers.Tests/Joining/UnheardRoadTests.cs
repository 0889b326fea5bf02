using System.Security.Cryptography.X509Certificates;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A satellite that does not beat as its control plane hears it, as one of another time does: it is let in, thrown out, and comes back.</summary>
public sealed class UnheardRoadTests
{
    private static readonly byte[] Pong = [0x8A, 0x80, 0, 0, 0, 0];

    [Fact]
    public async Task Satellite_ThatOpensTunnelsAndIsNotHeard_IsToldOfWithWhatToDo_UntilItIsHeard()
    {
        // 1. It says that it lives every ten seconds, and is waited for for four.
        await using JoinWorld world = await JoinWorld.StartAsync(audit: null, TimeSpan.FromSeconds(2), "pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "Unknown", "SatelliteUnheard");
            Assert.Contains("'orrery data-plane token pa2-par'", Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.ReadyCondition)!.Message, StringComparison.Ordinal);
        }

        // 2. One that is heard; should this machine be held up for those four seconds, it is heard in the next tunnel.
        using X509Certificate2 certificate = (await JoinWorld.CertificateAsync(cluster))!;
        using var client = new KubeClient(world.ControlPlane.Config(certificate));
        using var stop = new CancellationTokenSource();
        Task beating = BeatAsync(client, stop.Token);
        try
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        }
        finally
        {
            await stop.CancelAsync();
            await beating;
        }
    }

    private static async Task BeatAsync(KubeClient client, CancellationToken stop)
    {
        KeyValuePair<string, string>[] headers = [new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", OrreryNames.TunnelProtocol)];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using Stream tunnel = await client.ConnectAsync("websocket", "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel", headers, stop);
                while (true)
                {
                    await tunnel.WriteAsync(Pong, stop);
                    await tunnel.FlushAsync(stop);
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, stop);
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
            {
                // Given up meanwhile, or told to stop.
            }
        }
    }
}
