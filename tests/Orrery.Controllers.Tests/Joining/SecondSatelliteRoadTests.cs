using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Satellite.Joining;
using Orrery.Satellite.Tunnel;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A data plane has one satellite: another process with its Secret is refused for as long as the first lives.</summary>
public sealed class SecondSatelliteRoadTests
{
    private const string Plane = "pa2-par";
    private static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SecondSatellite_IsRefusedAndToldOf_UntilTheFirstEnds()
    {
        await using JoinWorld world = await JoinWorld.StartAsync(Plane);
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync(Plane);
        string instance;
        using var log = new RecordingLoggers(LogLevel.Information);
        RunningSatellite second;
        await using (world.Satellite(Plane, cluster, () => invitation))
        {
            await world.ConditionAsync(Plane, OrreryNames.ReadyCondition, "True");
            await Eventually.TrueAsync(async () => await InstanceAsync(world) is { Length: > 0 }, "the first reports", cancellationToken: Token);
            instance = (await InstanceAsync(world))!;
            Assert.Equal(instance, world.Hub.Find(Plane)!.Credential.Instance);

            second = world.Satellite(Plane, cluster, () => null, log: log);

            // 1. Said where an operator looks, and once in its own log.
            await world.ConditionAsync(Plane, OrreryNames.DuplicatedCondition, "True", "SecondRefused");
            await world.EventAsync("SecondSatellite");
            await Eventually.TrueAsync(() => log.Lines.Any(IsStandby), "it says that it stands by", cancellationToken: Token);
            Assert.Contains($"'orrery data-plane revoke {Plane}'", Conditions.Find(await world.DataPlaneAsync(Plane), OrreryNames.DuplicatedCondition)!.Message, StringComparison.Ordinal);

            // 2. The first goes on, however often the second asks.
            double refused = await RefusedAsync(world);
            await Eventually.TrueAsync(async () => await RefusedAsync(world) >= refused + 3, "it goes on asking", cancellationToken: Token);
            Assert.Equal(instance, world.Hub.Find(Plane)!.Credential.Instance);
            Assert.Equal(instance, await InstanceAsync(world));
            Assert.Single(log.Lines, IsStandby);
            Assert.Single((await world.Root.ListAsync(CoreResources.Events, "default", null, Token)).Items, e => e.TextAt("reason") == "SecondSatellite");
        }

        // 3. The first has ended.
        await using (second)
        {
            await Eventually.TrueAsync(async () => await InstanceAsync(world) is { Length: > 0 } now && now != instance, "the second reports", TimeSpan.FromSeconds(60), Token);
            await Eventually.TrueAsync(async () => Conditions.Find(await world.DataPlaneAsync(Plane), OrreryNames.DuplicatedCondition) is null, "it is no second one any more", cancellationToken: Token);
            await world.ConditionAsync(Plane, OrreryNames.ReadyCondition, "True");
            Assert.Contains(log.Lines, l => l.StartsWith("The control plane lets this satellite in again", StringComparison.Ordinal));

            // 4. One that stands by ends when it is told to.
            double refused = await RefusedAsync(world);
            RunningSatellite third = world.Satellite(Plane, cluster, () => null);
            await Eventually.TrueAsync(async () => await RefusedAsync(world) > refused, "the next is refused", cancellationToken: Token);
            await third.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        }
    }

    [Theory]
    [InlineData("one", "two")]
    [InlineData("one", "")]
    [InlineData("", "two")]
    public async Task Tunnel_OfOneThatAnswers_IsNotGivenToAnother(string first, string other)
    {
        await using Dialling dialling = await Dialling.StartAsync();
        await dialling.ServeAsync(first);

        // Each comes with a certificate of its own, as a clone does that renews.
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => dialling.OpenAsync(other));

        Assert.Equal((409, StatusReason.Conflict), (refused.Code, refused.Status.Reason));
        Assert.Contains("another satellite of this data plane is connected from 127.0.0.1 since 20", refused.Message, StringComparison.Ordinal);
        Assert.Equal(first, dialling.Holder);

        // As itself it is known.
        await dialling.OpenAsync(first);
        Assert.Equal(1, dialling.Readied);
    }

    /// <summary>It beats, and serves nothing, as one whose connection is held open by what is between, or that has hung.</summary>
    [Theory]
    [InlineData("one", "two", true)]
    [InlineData("one", "one", false)]
    [InlineData("", "", false)]
    public async Task Tunnel_OfOneThatDoesNotAnswer_IsGivenToTheNext(string first, string next, bool isAsked)
    {
        await using Dialling dialling = await Dialling.StartAsync();
        await dialling.OpenAsync(first);
        Tunnel former = dialling.World.Hub.Find(Plane)!;

        long start = TimeProvider.System.GetTimestamp();
        await dialling.OpenAsync(next);

        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        Assert.Equal(isAsked, took >= SecondSatellites.Patience - TimeSpan.FromMilliseconds(50));
        Assert.NotSame(former, dialling.World.Hub.Find(Plane));
        Assert.Equal(next, dialling.Holder);
        await former.Closed.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
    }

    [Fact]
    public async Task Tunnel_ManyComeAtOnce_AsksTheFirstOnce()
    {
        await using Dialling dialling = await Dialling.StartAsync();
        var answer = new TaskCompletionSource();
        await dialling.ServeAsync("one", answer.Task);

        KubeObject plane = await dialling.World.DataPlaneAsync(Plane);
        Task<StatusException>[] refused = [.. Enumerable.Range(0, 5).Select(i => Assert.ThrowsAsync<StatusException>(() => AdmitAsync(dialling.World.Hub, plane, $"other-{i}")))];
        answer.SetResult();

        Assert.All(await Task.WhenAll(refused), e => Assert.Equal(409, e.Code));
        Assert.Equal(1, dialling.Readied);
    }

    /// <summary>An operator let another cluster take its place, or another satellite of that name: what the former one has is no hindrance.</summary>
    [Fact]
    public async Task Tunnel_OfAFormerCluster_IsGivenToTheNext()
    {
        await using Dialling dialling = await Dialling.StartAsync();
        await SayClusterAsync("former");
        await dialling.ServeAsync("one");
        await Assert.ThrowsAsync<StatusException>(() => dialling.OpenAsync("two"));

        await SayClusterAsync("present");
        await dialling.ServeAsync("two");

        Assert.Equal("two", dialling.Holder);
        await Assert.ThrowsAsync<StatusException>(() => dialling.OpenAsync("one"));
        Task SayClusterAsync(string uid) => dialling.World.Root.PatchAsync(
            OrreryResources.DataPlanes, "", Plane, PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["clusterUid"] = uid } }, Token, "status");
    }

    /// <summary>The first is connected to one server, and the others come to another: that asks the one that holds the tunnel, and nobody where the record says that it is the same.</summary>
    [Fact]
    public async Task Tunnel_AtAnotherServer_IsAskedThere()
    {
        await using Dialling dialling = await Dialling.StartAsync();
        await dialling.ServeAsync("one");
        var elsewhere = new TunnelHub(new TunnelHubOptions { SilenceGrace = TimeSpan.FromSeconds(1), ServerLease = TimeSpan.FromSeconds(4) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        TestServer server = dialling.World.ControlPlane;
        Task running = elsewhere.RunAsync(new HubAccess(server.Config(server.Certificate(OrreryNames.ServerUser, [UserGroups.Masters], ClusterScope.Root)), new Uri("https://127.0.0.1:9")), stop.Token);
        await Eventually.TrueAsync(() => elsewhere.Elsewhere(Plane, "other") is { Holder.Instance: "one" }, "it is known who holds it", cancellationToken: Token);

        KubeObject plane = await dialling.World.DataPlaneAsync(Plane);

        // 1. Another one, and one that does not say who it is.
        foreach (string other in (string[])["two", ""])
        {
            StatusException refused = await Assert.ThrowsAsync<StatusException>(() => AdmitAsync(elsewhere, plane, other));
            Assert.Equal(409, refused.Code);
            Assert.Contains("is connected to another server of the control plane since 20", refused.Message, StringComparison.Ordinal);
        }

        await dialling.World.ConditionAsync(Plane, OrreryNames.DuplicatedCondition, "True", "SecondRefused");
        await dialling.World.EventAsync("SecondSatellite");

        // 2. Itself, at once: a fleet that comes back asks nobody. Nothing is written for that.
        int readied = dialling.Readied;
        string record = (await dialling.RecordAsync()).ResourceVersion;
        Assert.True(AdmitAsync(elsewhere, plane, "one").IsCompletedSuccessfully);
        await dialling.ServeAsync("one");
        Assert.Equal((readied, record), (dialling.Readied, (await dialling.RecordAsync()).ResourceVersion));

        // 3. One that the record does not know yet is known by what it answers.
        await dialling.World.Root.PatchAsync(Leases, "dp-" + Plane, OrreryNames.TunnelLease, PatchKind.Merge, Instance("before"), Token);
        await Eventually.TrueAsync(() => elsewhere.Elsewhere(Plane, "other") is { Holder.Instance: "before" }, "the record is of before", cancellationToken: Token);
        await AdmitAsync(elsewhere, plane, "one");
        await dialling.World.Root.PatchAsync(Leases, "dp-" + Plane, OrreryNames.TunnelLease, PatchKind.Merge, Instance("one"), Token);
        await Eventually.TrueAsync(() => elsewhere.Elsewhere(Plane, "other") is { Holder.Instance: "one" }, "the record is right again", cancellationToken: Token);

        // 4. It has gone from there a moment ago, which is not recorded yet: nobody waits for it.
        await dialling.World.Hub.DisconnectAsync(Plane);
        await Eventually.TrueAsync(() => dialling.World.Hub.Find(Plane) is null, "it has gone", cancellationToken: Token);
        long start = TimeProvider.System.GetTimestamp();
        await AdmitAsync(elsewhere, plane, "two");
        Assert.True(TimeProvider.System.GetElapsedTime(start) < SecondSatellites.Patience, "it was waited for");
        await stop.CancelAsync();
        await running;

        static JsonObject Instance(string name) => new() { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OrreryNames.InstanceAnnotation] = name } } };
    }

    /// <summary>Who has the tunnel is recorded with it, and anew where another process has it; nothing is written for one that dials again.</summary>
    [Fact]
    public async Task Record_SaysWhichProcessHasTheTunnel()
    {
        await using Dialling dialling = await Dialling.StartAsync();
        await dialling.OpenAsync("one");
        await RecordedAsync("one");
        string record = (await dialling.RecordAsync()).ResourceVersion;

        await dialling.OpenAsync("one");
        await dialling.OpenAsync("two");

        await RecordedAsync("two");
        Assert.Equal(1, (await dialling.RecordAsync()).NumberAt("spec", "leaseTransitions"));
        Assert.NotEqual(record, (await dialling.RecordAsync()).ResourceVersion);

        Task RecordedAsync(string instance) => Eventually.TrueAsync(
            async () => (await dialling.World.Root.FindAsync(Leases, "dp-" + Plane, OrreryNames.TunnelLease, Token))?.Annotations.GetValueOrDefault(OrreryNames.InstanceAnnotation) == instance,
            $"{instance} is recorded", cancellationToken: Token);
    }

    /// <summary>As one that has dialled the server of that hub.</summary>
    private static Task AdmitAsync(TunnelHub hub, KubeObject plane, string instance) =>
        hub.Seconds.AdmitAsync(plane, TunnelCredential.Of(new SatelliteUserName(Plane, null), plane, null, instance), new DefaultHttpContext(), Token);

    private static bool IsStandby(string line) => line.StartsWith("This satellite stands by", StringComparison.Ordinal) && line.Contains("another satellite of this data plane is connected", StringComparison.Ordinal);

    private static async Task<string?> InstanceAsync(JoinWorld world) => (await world.DataPlaneAsync(Plane)).TextAt("status", "satelliteInstance");

    /// <summary>Dials that were answered 409.</summary>
    private static Task<double> RefusedAsync(JoinWorld world) => Dialling.CountAsync(world, l => l.Contains("verb=\"GET\"", StringComparison.Ordinal) && l.Contains("code=\"409\"", StringComparison.Ordinal));

    /// <summary>A control plane, and what dials it as satellites of one data plane do.</summary>
    private sealed class Dialling(JoinWorld world) : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly List<IAsyncDisposable> opened = [];
        private readonly List<Task> serving = [];
        private int readied;

        public JoinWorld World => world;

        /// <summary>Which process has the tunnel; null: none.</summary>
        public string? Holder => world.Hub.Find(Plane)?.Credential.Instance;

        /// <summary>How often those that serve were asked whether they live.</summary>
        public int Readied => Volatile.Read(ref readied);

        public static async Task<Dialling> StartAsync()
        {
            var dialling = new Dialling(await JoinWorld.StartAsync(Plane));

            // Its rights come a moment after its namespace.
            await Eventually.TrueAsync(
                async () =>
                {
                    using var client = new KubeClient(dialling.Config());
                    Exception? fault = await Record.ExceptionAsync(() => client.GetTextAsync($"/apis/orrery.dev/v1alpha1/dataplanes/{Plane}/tunnel", Token));
                    return fault is StatusException { Code: 400 };
                },
                "it may dial", cancellationToken: Token);
            return dialling;
        }

        /// <summary>Opens a tunnel, beats in it, and serves nothing.</summary>
        /// <param name="instance">Empty: it does not say who it is, as former ones do not.</param>
        public async Task<Stream> OpenAsync(string instance)
        {
            var client = new KubeClient(Config());
            Stream connection = instance.Length > 0
                ? await new TunnelDial(client, Plane, instance, TimeProvider.System).OpenAsync(Token)
                : await UnnamedAsync(client);
            lock (opened)
            {
                opened.Add(connection);
            }

            await Eventually.TrueAsync(() => Holder == instance, $"the tunnel of {instance}", cancellationToken: Token);
            return connection;
        }

        /// <summary>Opens one and serves it.</summary>
        /// <param name="ready">It says that it lives once this has ended; null: at once.</param>
        public async Task ServeAsync(string instance, Task? ready = null)
        {
            TunnelServer server = await TunnelServer.StartAsync(AnswerAsync, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, stop.Token);
            serving.Add(server.ServeAsync(await OpenAsync(instance), stop.Token));
            lock (opened)
            {
                opened.Add(server);
            }

            async Task AnswerAsync(HttpContext http)
            {
                Interlocked.Increment(ref readied);
                await (ready ?? Task.CompletedTask);
                if (instance.Length > 0)
                {
                    http.Response.Headers[OrreryNames.InstanceHeader] = instance;
                }

                await http.Response.WriteAsync("ok", http.RequestAborted);
            }
        }

        public Task<KubeObject> RecordAsync() => world.Root.GetAsync(Leases, "dp-" + Plane, OrreryNames.TunnelLease, Token);

        public static async Task<double> CountAsync(JoinWorld world, Func<string, bool> isMeant) =>
            (await world.Root.GetTextAsync("/metrics", Token)).Split('\n').Where(isMeant).Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Task.WhenAll(serving);
            foreach (IAsyncDisposable one in opened)
            {
                await one.DisposeAsync();
            }

            await world.DisposeAsync();
            stop.Dispose();
        }

        private ClientConfig Config() => world.ControlPlane.Config(world.ControlPlane.Certificate(OrreryNames.SatelliteUser(Plane), [OrreryNames.SatelliteGroup], ClusterScope.Root));

        private static async Task<Stream> UnnamedAsync(KubeClient client)
        {
            KeyValuePair<string, string>[] headers = [new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", OrreryNames.TunnelProtocol)];
            Stream within = await client.ConnectAsync("websocket", $"/apis/orrery.dev/v1alpha1/dataplanes/{Plane}/tunnel", headers, Token);
            return new SocketConnection(System.Net.WebSockets.WebSocket.CreateFromStream(
                within, new System.Net.WebSockets.WebSocketCreationOptions { SubProtocol = OrreryNames.TunnelProtocol, KeepAliveInterval = TimeSpan.Zero }));
        }
    }
}
