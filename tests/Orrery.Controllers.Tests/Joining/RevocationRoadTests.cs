using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>What becomes of a satellite whose certificate was taken from it, or has ended: real connections, and time that a test shifts.</summary>
public sealed class RevocationRoadTests
{
    [Fact]
    public async Task Revoke_ShutsTheSatelliteOutUntilAnotherToken()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        using var log = new RecordingLoggers(LogLevel.Information);
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation, log: log);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        using X509Certificate2 stolen = (await JoinWorld.CertificateAsync(cluster))!;

        await RevokeAsync(world, "pa2-par");

        // 1. Its tunnel ends, its certificate reads nothing and renews nothing, and that is said.
        await Eventually.TrueAsync(() => !world.Hub.Connected.Contains("pa2-par"), "the tunnel has ended");
        using var thief = new KubeClient(world.ControlPlane.Config(stolen));
        await Eventually.TrueAsync(async () => await CodeAsync(() => thief.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)) == 403, "no Works for the former satellite");
        Assert.Equal(403, await CodeAsync(() => thief.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel", default)));
        Assert.Equal(403, await CodeAsync(() => thief.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par", default)));
        string now = SatelliteUserName.Of(await world.DataPlaneAsync("pa2-par")).ToString();
        Assert.Equal(403, await CodeAsync(() => thief.CreateAsync(
            CoreResources.SigningRequests, "", JoinWorld.Request(now, OrreryNames.SatelliteGroup), default)));
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "Revoked");
        await world.EventAsync("Revoked");

        // 2. It says so once, and neither asks nor sends anything more but to be let in.
        await Eventually.TrueAsync(() => log.Lines.Any(IsShutOut), "it says that it is shut out", TimeSpan.FromSeconds(60));
        double dialled = await RefusedAsync(world, "GET");
        await Eventually.TrueAsync(async () => await RefusedAsync(world, "GET") >= dialled + 1, "it asks to be let in", TimeSpan.FromSeconds(60));

        // What was on its way when it said so has had its answer, once nothing more is answered while it asks to be let in.
        double sent = -1, listed = -1;
        await Eventually.TrueAsync(
            async () =>
            {
                (double, double) before = (sent, listed);
                (sent, listed, dialled) = (await RefusedAsync(world, "PATCH") + await RefusedAsync(world, "APPLY"), await RefusedAsync(world, "LIST"), await RefusedAsync(world, "GET"));
                await Eventually.TrueAsync(async () => await RefusedAsync(world, "GET") > dialled, "it asks again", TimeSpan.FromSeconds(60));
                return before == (sent, listed);
            },
            "nothing of before is on its way", TimeSpan.FromSeconds(120));
        await cluster.Admin.CreateAsync(CoreResources.Nodes, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "late" } }, default);
        dialled = await RefusedAsync(world, "GET");
        await Eventually.TrueAsync(async () => await RefusedAsync(world, "GET") >= dialled + 3, "it goes on asking to be let in", TimeSpan.FromSeconds(60));
        Assert.Equal(sent, await RefusedAsync(world, "PATCH") + await RefusedAsync(world, "APPLY"));
        Assert.True(listed > 0, "it was not let list");
        Assert.Equal(listed, await RefusedAsync(world, "LIST"));
        Assert.Single(log.Lines, IsShutOut);
        Assert.DoesNotContain(log.Lines.SkipWhile(l => !IsShutOut(l)), l => l.Contains("report: self: failed", StringComparison.Ordinal));
        Assert.Single(log.Lines, l => l.Contains("another token is needed", StringComparison.Ordinal));

        // 3. Another token lets it in under the new identity; the former certificate stays worthless.
        invitation = await world.InviteAsync("pa2-par");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        await Eventually.TrueAsync(() => world.Hub.Connected.Contains("pa2-par"), "a tunnel again");
        Assert.Equal(403, await CodeAsync(() => thief.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)));
        await Eventually.TrueAsync(async () => (await world.DataPlaneAsync("pa2-par")).NumberAt("status", "nodes", "total") == 1, "what came meanwhile is told", TimeSpan.FromSeconds(60));
    }

    /// <summary>Two satellites of before one was refused, with one Secret, take the tunnel from each other.</summary>
    [Fact]
    public async Task Tunnel_TakenOverAgainAndAgain_IsToldOfInAnEvent()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        }

        using X509Certificate2 certificate = (await JoinWorld.CertificateAsync(cluster))!;
        using var one = new KubeClient(world.ControlPlane.Config(certificate));
        using var clone = new KubeClient(world.ControlPlane.Config(certificate));
        KeyValuePair<string, string>[] headers = [new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", OrreryNames.TunnelProtocol)];
        for (int i = 0; i <= 5; i++)
        {
            _ = await (i % 2 == 0 ? one : clone).ConnectAsync("websocket", "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel", headers, default);
        }

        await world.EventAsync("TunnelTakenOver");
    }

    /// <summary>Where neither is refused, as one of them is from before that or there are no tunnels, the satellite finds that another has written what is its own.</summary>
    [Fact]
    public async Task TwoSatellites_ThatBothReport_AreToldOfInACondition()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        await Eventually.TrueAsync(async () => (await world.DataPlaneAsync("pa2-par")).TextAt("status", "satelliteInstance") is { Length: > 0 }, "it reports", TimeSpan.FromSeconds(60));
        Assert.Null(Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.DuplicatedCondition));

        await world.Root.PatchAsync(
            OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["satelliteInstance"] = "another" } }, default, "status");
        await world.Hub.DisconnectAsync("pa2-par");

        await world.ConditionAsync("pa2-par", OrreryNames.DuplicatedCondition, "True", "SecondSatellite");
    }

    [Fact]
    public async Task Satellite_ThatIsStartedAnew_IsNoSecondOne()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        string? former;
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
            former = (await world.DataPlaneAsync("pa2-par")).TextAt("status", "satelliteInstance");
        }

        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => null);

        await Eventually.TrueAsync(async () => (await world.DataPlaneAsync("pa2-par")).TextAt("status", "satelliteInstance") is { Length: > 0 } now && now != former, "the next writes", TimeSpan.FromSeconds(60));
        Assert.Null(Conditions.Find(await world.DataPlaneAsync("pa2-par"), OrreryNames.DuplicatedCondition));
    }

    [Fact]
    public async Task Watch_ThatWasOpenBeforeTheRevocation_TellsNoMore()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        using X509Certificate2 stolen = (await JoinWorld.CertificateAsync(cluster))!;
        using var thief = new KubeClient(world.ControlPlane.Config(stolen));
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using Stream watch = await thief.OpenAsync("/apis/orrery.dev/v1alpha1/namespaces/dp-pa2-par/observations?watch=true&resourceVersion=0", stop.Token);
        Task ended = watch.CopyToAsync(Stream.Null, stop.Token);

        await RevokeAsync(world, "pa2-par");

        int made = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                if (!ended.IsCompleted)
                {
                    await world.Root.CreateAsync(OrreryResources.Observations, "dp-pa2-par", JsonNode.Parse($$"""
                        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Observation", "metadata": {"name": "o{{made++}}"},
                         "spec": {"source": {"apiVersion": "v1", "kind": "Node", "name": "n"}, "object": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"} } } }
                        """)!.AsObject(), stop.Token);
                    await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, stop.Token));
                }

                return ended.IsCompleted;
            },
            "the watch has ended",
            TimeSpan.FromSeconds(90));
        await ended;
    }

    [Fact]
    public async Task DataPlane_MadeAgainUnderAFormerName_DoesNotKnowTheFormerSatellite()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        X509Certificate2 former;
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
            former = (await JoinWorld.CertificateAsync(cluster))!;
            await world.Root.DeleteAsync(OrreryResources.DataPlanes, "", "pa2-par", null, default);
            await Eventually.TrueAsync(async () => await world.Root.FindAsync(OrreryResources.DataPlanes, "", "pa2-par", default) is null, "the data plane is gone", TimeSpan.FromSeconds(60));
            await Eventually.TrueAsync(() => !world.Hub.Connected.Contains("pa2-par"), "the tunnel has ended");
        }

        await Eventually.TrueAsync(async () => await world.Root.FindAsync(CoreResources.Namespaces, "", "dp-pa2-par", default) is null, "its namespace is gone", TimeSpan.FromSeconds(60));
        await world.AddDataPlaneAsync("pa2-par");

        using (former)
        {
            using var ghost = new KubeClient(world.ControlPlane.Config(former));
            Assert.Equal(403, await CodeAsync(() => ghost.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)));
            Assert.Equal(403, await CodeAsync(() => ghost.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/tunnel", default)));
        }

        await using RunningSatellite back = world.Satellite("pa2-par", cluster, () => invitation);
        await Assert.ThrowsAsync<TimeoutException>(() => Eventually.TrueAsync(() => world.Hub.Connected.Contains("pa2-par"), "no tunnel", TimeSpan.FromSeconds(2)));

        // The operator may well let the same cluster in again.
        invitation = await world.InviteAsync("pa2-par");
        await Eventually.TrueAsync(() => world.Hub.Connected.Contains("pa2-par"), "a tunnel by the new token", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Tunnel_EndsWithItsCertificate()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");

        // It expires at one stroke, before anybody renews it.
        world.Clock.Shift += JoinWorld.Lifetime * 2;

        await Eventually.TrueAsync(() => !world.Hub.Connected.Contains("pa2-par"), "the tunnel has ended");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "ApprovalNeeded");
    }

    [Fact]
    public async Task Renewal_MovesTheTunnelWithoutBreakingWhatGoesThrough()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        using X509Certificate2 first = (await JoinWorld.CertificateAsync(cluster))!;
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using Stream watch = await world.Root.OpenAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=0", stop.Token);
        using var reader = new StreamReader(watch);

        world.Clock.Shift += JoinWorld.Lifetime * 0.75;

        // 1. A second tunnel stands beside the first, through which the watch goes on.
        await Eventually.TrueAsync(async () => (await JoinWorld.CertificateAsync(cluster))!.Thumbprint != first.Thumbprint, "another certificate");
        await Eventually.TrueAsync(() => world.Hub.Count == 2, "both tunnels", TimeSpan.FromSeconds(60));
        Assert.Contains("gitVersion", await world.Root.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/version", stop.Token), StringComparison.Ordinal);
        await cluster.Admin.CreateAsync(
            CoreResources.ConfigMaps, "default", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "seen" } }, stop.Token);
        string? line;
        do
        {
            line = await reader.ReadLineAsync(stop.Token);
            Assert.NotNull(line);
        }
        while (!line.Contains("\"seen\"", StringComparison.Ordinal));

        // 2. With the first certificate its tunnel ends, whatever still goes through it.
        world.Clock.Shift += JoinWorld.Lifetime * 0.3;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (await reader.ReadLineAsync(stop.Token) is not null)
            {
            }

            throw new IOException("the watch has ended");
        });
        Assert.False(stop.IsCancellationRequested);
        await Eventually.TrueAsync(() => world.Hub.Count == 1, "one tunnel");
    }

    private static Task RevokeAsync(JoinWorld world, string dataPlane) => world.Root.PatchAsync(
        OrreryResources.DataPlanes, "", dataPlane, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["satelliteIdentity"] = "0123456789abcdef" } }, default);

    private static bool IsShutOut(string line) => line.StartsWith("The control plane lets this satellite in no more", StringComparison.Ordinal);

    /// <summary>Requests that the control plane refused.</summary>
    private static async Task<double> RefusedAsync(JoinWorld world, string verb) =>
        (await world.Root.GetTextAsync("/metrics", default)).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains($"verb=\"{verb}\"", StringComparison.Ordinal) && l.Contains("code=\"403\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static async Task<int> CodeAsync(Func<Task> ask)
    {
        try
        {
            await ask();
            return 200;
        }
        catch (StatusException e)
        {
            return e.Code;
        }
    }
}
