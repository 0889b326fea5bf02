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
        // 1. It says that it lives every ten seconds, and is waited for for two.
        await using JoinWorld world = await JoinWorld.StartAsync(audit: null, TimeSpan.FromSeconds(1), "pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "Unknown", "SatelliteUnheard");
            Assert.Contains("'orrery data-plane token pa2-par'", Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.ReadyCondition)!.Message, StringComparison.Ordinal);
        }

        // 2. One that is heard.
        using X509Certificate2 certificate = (await JoinWorld.CertificateAsync(cluster))!;
        using var client = new KubeClient(world.ControlPlane.Config(certificate));
        KeyValuePair<string, string>[] headers = [new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", OrreryNames.TunnelProtocol)];
        await using Stream tunnel = await client.ConnectAsync("websocket", "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel", headers, default);
        await Eventually.TrueAsync(
            async () =>
            {
                await tunnel.WriteAsync(Pong);
                await tunnel.FlushAsync();
                return Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.ReadyCondition) is { Status: Conditions.True };
            },
            "it is ready",
            TimeSpan.FromSeconds(60));
    }
}
