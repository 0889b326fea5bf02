using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What goes back through the tunnels of the satellites: logs of pods and streams into them, for those who may, and nothing else.</summary>
public sealed class TunnelRoadTests
{
    private const string Mapped = StreamedPod.Mapped;
    private const string Log = StreamedPod.Path + "/log";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Log_OfAMirroredPod_IsReadInItsDataPlane()
    {
        var kubelet = new TestKubelet("log");
        await using TestFleet fleet = await TestFleet.StartAsync([kubelet], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        using var user = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.AdminToken(TestFleet.Shop), cluster: TestFleet.Shop));

        Assert.Equal($"{Mapped}/web-1?container=web&tailLines=3\n", await user.GetTextAsync(Log + "?container=web&tailLines=3", default));

        // The satellite asks as itself: nothing of the user's credential reaches the data plane.
        Assert.False(kubelet.Headers.ContainsKey("Authorization"));
        StatusException missing = await Assert.ThrowsAsync<StatusException>(() => shop.GetTextAsync(Log.Replace("web-1", "web-2", StringComparison.Ordinal), default));
        Assert.Equal(404, missing.Code);
    }

    [Fact]
    public async Task Log_OfAPodThatIsPlacedItself_IsReadWhereItRuns()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")], "pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.Pods, "default", Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}
            """), default);

        // 1. In one data plane: there.
        string log = await Eventually.SomeAsync(() => TryAsync(shop, "/api/v1/namespaces/default/pods/bare/log"), "log of the bare pod");
        Assert.Equal($"{Mapped}/bare\n", log);

        // 2. In two: in the first, for whose pod it stands. The other has a name of its own.
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["ny8-nyc", "pa2-par"]}}}"""), default);
        await Eventually.TrueAsync(
            async () => (await shop.GetAsync(CoreResources.Pods, "default", "bare", default)).Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation) == "ny8-nyc,pa2-par", "runs in two");
        foreach (string pod in (string[])["bare", "bare.pa2-par"])
        {
            Assert.Equal($"{Mapped}/bare\n", await Eventually.SomeAsync(() => TryAsync(shop, $"/api/v1/namespaces/default/pods/{pod}/log"), $"log of {pod}"));
        }

        // 3. Where the first is silent it is not taken for the other.
        await fleet.StopSatelliteAsync("ny8-nyc");
        await Eventually.TrueAsync(async () => await TryAsync(shop, "/api/v1/namespaces/default/pods/bare/log") is null, "the first does not answer", TimeSpan.FromSeconds(60));
        Assert.Equal($"{Mapped}/bare\n", await shop.GetTextAsync("/api/v1/namespaces/default/pods/bare.pa2-par/log", default));
    }

    /// <summary>By a connection of its own, and within an HTTP/2 connection.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Exec_Stream_GoesBothWaysAndEndsAsTheDataPlaneSays(int version)
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("exec")], "pa2-par");
        _ = await StreamedPod.OpenAsync(fleet);
        using ClientWebSocket socket = await StreamedPod.DialAsync(fleet, fleet.ControlPlane.AdminToken(TestFleet.Shop), version: version);
        Assert.Equal("v5.channel.k8s.io", socket.SubProtocol);

        for (int i = 0; i < 3; i++)
        {
            byte[] sent = Encoding.UTF8.GetBytes($"line {i}");
            await socket.SendAsync(sent, WebSocketMessageType.Binary, true, default);
            byte[] buffer = new byte[64];
            WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, default);
            Assert.Equal($"line {i}", Encoding.UTF8.GetString(buffer, 0, got.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        Assert.Equal("done", socket.CloseStatusDescription);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Rights_OfTheVirtualCluster_Decide(int version)
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log"), new TestKubelet("exec")], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        string token = fleet.ControlPlane.Token("jane", [], TestFleet.Shop);
        using var jane = new KubeClient(fleet.ControlPlane.Config(token: token, cluster: TestFleet.Shop));

        await ForbiddenAsync(() => jane.GetTextAsync(Log, default));
        await StreamedPod.GrantAsync(shop, """[{"apiGroups": [""], "resources": ["pods/log", "pods/exec"], "verbs": ["get"]}]""");
        Assert.StartsWith(Mapped, await Eventually.SomeAsync(async () => await TryAsync(jane), "logs once granted"), StringComparison.Ordinal);

        // Reading is not running: a stream asks for create, also where it opens with a GET.
        WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(() => StreamedPod.DialAsync(fleet, token, version: version));
        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
        await StreamedPod.GrantAsync(shop, """[{"apiGroups": [""], "resources": ["pods/log", "pods/exec"], "verbs": ["get", "create"]}]""");
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    using ClientWebSocket open = await StreamedPod.DialAsync(fleet, token, version: version);
                    return true;
                }
                catch (WebSocketException)
                {
                    return false;
                }
            },
            "a stream once granted");
    }

    [Fact]
    public async Task ForgedPod_LeadsToNobodyElsesPod()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")], "pa2-par");
        _ = await StreamedPod.OpenAsync(fleet);
        var globex = new ClusterName("globex", "shop");
        KubeClient other = await fleet.AddVirtualClusterAsync(globex, "pa2-par");
        await other.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}"""), default);
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, "globex-shop-default", "settings", default), "globex runs there");

        // A pod that says of itself that it is the one of acme: it has no original in a namespace of globex.
        await other.CreateAsync(CoreResources.Pods, "default", Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1.pa2-par", "labels": {"orrery.dev/data-plane": "pa2-par"}},
             "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}
            """), default);
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => other.GetTextAsync(Log, default));
        Assert.Equal(404, refused.Code);
    }

    [Fact]
    public async Task Tunnel_IsOpenedByTheSatelliteOfThatDataPlaneAlone()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        using var satellite = new KubeClient(fleet.ControlPlane.Config(
            fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("pa2-par"), [OrreryNames.SatelliteGroup], ClusterScope.Root)));

        await ForbiddenAsync(() => satellite.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/ny8-nyc/tunnel", default));
        StatusException admin = await ForbiddenAsync(() => fleet.Root.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/ny8-nyc/tunnel", default));
        Assert.Contains("only the satellite of data plane ny8-nyc", admin.Message, StringComparison.Ordinal);
    }

    /// <summary>As a restart of the server or of the satellite is: it was connected a moment ago, and dials again.</summary>
    [Fact]
    public async Task SatelliteAwayForAMoment_IsWaitedFor()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromSeconds(60), [new TestKubelet("log"), new TestKubelet("exec")], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        await fleet.StopSatelliteAsync("pa2-par");
        await Eventually.TrueAsync(() => !fleet.Hub.Connected.Contains("pa2-par"), "its tunnel has ended");

        Task<string> log = shop.GetTextAsync(Log, default);
        Task<ClientWebSocket> stream = StreamedPod.DialAsync(fleet, fleet.ControlPlane.AdminToken(TestFleet.Shop));
        await Eventually.TrueAsync(() => fleet.Hub.Waiting == 2, "both wait");
        fleet.StartSatellite("pa2-par");

        Assert.StartsWith(Mapped, await log, StringComparison.Ordinal);
        using ClientWebSocket open = await stream;
    }

    /// <summary>Its tunnel is open before it has listed the pods of its cluster: what it does not know yet is not taken for what is not there.</summary>
    [Fact]
    public async Task SatelliteThatHasOnlyStarted_IsWaitedForUntilItKnowsItsPods()
    {
        var listed = new TaskCompletionSource();
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { SilenceGrace = TimeSpan.FromSeconds(60), Kubelets = [new TestKubelet("log")], ToCluster = way }, "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        await fleet.StopSatelliteAsync("pa2-par");
        way.Instead = async (request, cancellationToken) =>
        {
            if (request.RequestUri!.AbsolutePath == "/api/v1/pods")
            {
                await listed.Task.WaitAsync(cancellationToken);
            }

            return null;
        };
        fleet.StartSatellite("pa2-par");

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => shop.GetTextAsync(Log, default));
        Assert.Equal((503, "the satellite of data plane \"pa2-par\" has only started, and does not know yet what runs there"), (refused.Code, refused.Message));
        Task<string> log = shop.GetTextAsync(Log, default);
        listed.SetResult();
        Assert.StartsWith(Mapped, await log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SatelliteAway_SaysWhichDataPlaneAndComesBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        await fleet.StopSatelliteAsync("pa2-par");

        StatusException away = await Eventually.SomeAsync(
            async () =>
            {
                try
                {
                    await shop.GetTextAsync(Log, default);
                    return null;
                }
                catch (StatusException e)
                {
                    return e;
                }
            },
            "refused");
        Assert.Equal(503, away.Code);
        Assert.Contains("data plane \"pa2-par\"", away.Message, StringComparison.Ordinal);

        // Whatever is asked of the pod, once it is known that it is away.
        await Eventually.TrueAsync(() => !fleet.Hub.Connected.Contains("pa2-par"), "its tunnel has ended");
        foreach (string verb in (string[])["log", "log?follow=true", "exec?command=ls", "attach", "portforward?ports=80", "proxy/", "proxy/a/b?c=d"])
        {
            using HttpResponseMessage answer = await StreamedPod.AskAsync(shop, HttpMethod.Get, verb);
            string text = await answer.Content.ReadAsStringAsync();
            Assert.True((int)answer.StatusCode == 503 && text.Contains("pod \\\"web-1.pa2-par\\\" runs in data plane \\\"pa2-par\\\", whose satellite is not connected", StringComparison.Ordinal), $"{verb}: {(int)answer.StatusCode} {text}");
        }

        fleet.StartSatellite("pa2-par");
        await Eventually.SomeAsync(() => TryAsync(shop), "logs again", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task LogThatNobodyReads_HoldsUpNoOther()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        var stalled = new List<Stream>();
        for (int i = 0; i < 8; i++)
        {
            Stream unread = await shop.OpenAsync($"{Log}?container={TestKubelet.Endless}", default);
            await unread.ReadExactlyAsync(new byte[256 * 1024], default);
            stalled.Add(unread);
        }

        for (int i = 0; i < 20; i++)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Assert.StartsWith(Mapped, await shop.GetTextAsync(Log, limit.Token), StringComparison.Ordinal);
        }

        foreach (Stream unread in stalled)
        {
            await unread.DisposeAsync();
        }
    }

    private static async Task<string?> TryAsync(KubeClient client, string path = Log)
    {
        try
        {
            return await client.GetTextAsync(path, default);
        }
        catch (StatusException)
        {
            return null;
        }
    }

    private static async Task<StatusException> ForbiddenAsync(Func<Task> request)
    {
        StatusException refused = await Assert.ThrowsAsync<StatusException>(request);
        Assert.Equal(403, refused.Code);
        return refused;
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
