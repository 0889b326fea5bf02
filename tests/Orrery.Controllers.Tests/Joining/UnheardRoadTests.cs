using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A satellite that does not beat as its control plane hears it, as one of another time does: it is let in, thrown out, and comes back.</summary>
public sealed class UnheardRoadTests
{
    private const string Tunnel = "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel";
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

    /// <summary>One that speaks only what came after this control plane, at its very first try and later: it is said to be newer, with what to do, and is ready once it is understood.</summary>
    [Fact]
    public async Task Satellite_ThatWantsATunnelOfALaterKind_IsSaidToBeNewer_UntilItIsUnderstood()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        using var client = new KubeClient(world.ControlPlane.Config(world.ControlPlane.Certificate(OrreryNames.SatelliteUser("pa2-par"), [OrreryNames.SatelliteGroup], ClusterScope.Root)));
        for (int time = 0; time < 2; time++)
        {
            // 1. Refused, in words that its own log has.
            await Eventually.TrueAsync(
                async () =>
                {
                    Exception? e = await Record.ExceptionAsync(() => client.ConnectAsync("websocket", Tunnel, Headers("v2.tunnel.orrery.dev"), default));
                    Assert.NotNull(e);
                    return e is StatusException { Code: 400 } refused && refused.Message.Contains("is older than the satellite", StringComparison.Ordinal);
                },
                "it is refused for what it speaks");
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "Unknown", "SatelliteNewer");
            string message = Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.ReadyCondition)!.Message;
            Assert.Contains("v2.tunnel.orrery.dev", message, StringComparison.Ordinal);
            Assert.Contains("'orrery data-plane token pa2-par'", message, StringComparison.Ordinal);
            Assert.Equal(time == 0 ? "False" : "True", Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.JoinedCondition)!.Status);

            // 2. Another version is understood.
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

            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "Unknown", "SatelliteSilent");
        }
    }

    private static KeyValuePair<string, string>[] Headers(string protocol) => [new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", protocol)];

    private static async Task BeatAsync(KubeClient client, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using Stream tunnel = await client.ConnectAsync("websocket", Tunnel, Headers(OrreryNames.TunnelProtocol), stop);
                while (true)
                {
                    await tunnel.WriteAsync(Pong, stop);
                    await tunnel.FlushAsync(stop);
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, stop);
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or OperationCanceledException)
            {
                // Given up meanwhile, or told to stop.
            }
        }
    }
}
