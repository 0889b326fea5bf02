using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Handlers;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>Two real <c>orrery serve</c> on one real etcd: one API, one leader, whoever dies.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");

    private readonly TempDirectory folder = new();
    private readonly List<ServeProcess> servers = [];
    private IReadOnlyList<EtcdMember> etcd = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        etcd = EtcdMember.StartCluster(1, folder.Path);
        await StartAsync("a");
        var first = new DataDirectory(Path.Combine(folder.Path, "a"));
        KeyBundle.Read(first, TimeProvider.System).Install(new DataDirectory(Path.Combine(folder.Path, "b")), TimeProvider.System);
        await StartAsync("b");
    }

    public ValueTask DisposeAsync()
    {
        foreach (IDisposable part in (IEnumerable<IDisposable>)[.. servers, .. etcd, folder])
        {
            part.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Replicas_ShareOneStore_WhatOneAcknowledgedTheOtherShowsAtOnce()
    {
        using KubeClient a = servers[0].Admin(), b = servers[1].Admin();
        string start = (await b.ListAsync(ConfigMaps, "default", null, Token)).ResourceVersion;
        Task<List<string>> watch = NamesAsync(b, start, 20);
        for (int i = 0; i < 20; i++)
        {
            (KubeClient writer, KubeClient reader) = i % 2 == 0 ? (a, b) : (b, a);
            KubeObject made = await writer.CreateAsync(ConfigMaps, "default", Named($"c{i:00}"), Token);

            Assert.Equal(made.ResourceVersion, (await reader.GetAsync(ConfigMaps, "default", $"c{i:00}", Token)).ResourceVersion);
            Assert.Contains((await reader.ListAsync(ConfigMaps, "default", null, Token)).Items, item => item.Uid == made.Uid);
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"c{i:00}"), await watch.WaitAsync(TimeSpan.FromSeconds(60), Token));
    }

    [Fact]
    public async Task Leader_KilledThenPausedThenStopped_IsReplacedEachTime()
    {
        // 1. One leads, and acts.
        (ServeProcess leader, ServeProcess other) = await LeaderAsync();
        await ServesNewClusterAsync(other, "one");

        // 2. kill -9: the other one leads when the lease has run out, which leaves a second of the 15 for the rest. How long the rest takes is the machine's matter here.
        using (KubeClient root = other.Admin())
        {
            Assert.InRange((await root.GetAsync(Leases, "kube-system", "orrery-controllers", Token)).NumberAt("spec", "leaseDurationSeconds") ?? 0, 1, 14);
        }

        // Whoever leads by now: on a machine that is held up for as long as a lease lasts the other has followed already.
        (leader, other) = await LeaderAsync();
        leader.Kill();
        long killed = TimeProvider.System.GetTimestamp();
        await LeadsAsync(other, other);
        TimeSpan took = TimeProvider.System.GetElapsedTime(killed);
        TestContext.Current.SendDiagnosticMessage("replaced after {0}", took);
        await ServesNewClusterAsync(other, "two");

        // 3. Stopped in its tracks: replaced too, and when it wakes up it finds that it no longer leads.
        leader.Start();
        await leader.ReadyAsync(Token);
        (leader, other) = await LeaderAsync();
        leader.Pause();
        await LeadsAsync(other, other);
        string successor = (await HolderAsync(other))!;
        leader.Continue();
        await Orrery.Testing.Eventually.TrueAsync(() => leader.Tail.Contains("no longer leads orrery-controllers", StringComparison.Ordinal), "the one that woke up says that it lost", TimeSpan.FromSeconds(60), Token);
        await ServesNewClusterAsync(leader, "three");
        Assert.Equal(successor, await HolderAsync(leader));

        // 4. An orderly stop hands over: no lease has to run out.
        Assert.Equal(0, await other.StopAsync(Token));
        await LeadsAsync(leader, leader);
    }

    /// <summary>Waits until a server leads.</summary>
    private static Task LeadsAsync(ServeProcess server, ServeProcess through) => Orrery.Testing.Eventually.TrueAsync(
        async () => await HolderAsync(through) is { } holder && holder.Contains($"_{server.Pid}_", StringComparison.Ordinal), "the other one leads", TimeSpan.FromSeconds(60), Token);

    [Fact]
    public async Task Tunnel_ThatEndsAtOneServer_IsUsedThroughBoth()
    {
        const string Through = "/apis/orrery.dev/v1alpha1/dataplanes/solo/proxy";
        using KubeClient a = servers[0].Admin(), b = servers[1].Admin();
        await Orrery.Testing.Eventually.TrueAsync(async () => await MadeAsync(b, OrreryResources.DataPlanes, "", "DataPlane", "solo"), "DataPlane solo is taken", TimeSpan.FromSeconds(60), Token);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new Echo()] }, Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task satellite = Satellite(servers[0], cluster).RunAsync(stop.Token);

        // 1. The satellite knows one server, and is asked through both: something read, something written, and a stream of events.
        await Orrery.Testing.Eventually.TrueAsync(async () => await AnswersAsync(b, Through + "/version"), "the one that holds no tunnel asks the one that does", TimeSpan.FromSeconds(60), Token);
        Assert.True(await AnswersAsync(a, Through + "/version"));
        await using Stream watch = await b.OpenAsync(Through + "/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dsent", Token);
        using var lines = new StreamReader(watch);
        await b.SendJsonAsync(HttpMethod.Post, Through + "/api/v1/namespaces/default/configmaps", Named("sent"), Token);
        Assert.Equal("ADDED", JsonNode.Parse((await lines.ReadLineAsync(Token))!)!["type"]!.GetValue<string>());
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "default", "sent", Token));

        // 2. Streams both ways too, each by a connection of its own and within an HTTP/2 connection.
        await cluster.Admin.CreateAsync(new GroupVersionResource("", "v1", "pods"), "default", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "web" }, ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "example.test/web:1" }) },
        }, Token);
        foreach ((ServeProcess server, Version version) in from s in servers from v in (Version[])[HttpVersion.Version11, HttpVersion.Version20] select (s, v))
        {
            ClientConfig config = server.AdminConfig();
            using var socket = new ClientWebSocket();
            socket.Options.HttpVersion = version;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            socket.Options.AddSubProtocol("v5.channel.k8s.io");
            using var http = new HttpMessageInvoker(ClientHandler.Create(config));
            await socket.ConnectAsync(new Uri($"wss://{config.Server.Authority}{Through}/api/v1/namespaces/default/pods/web/exec?command=cat"), http, Token);
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Binary, true, Token);
            byte[] echo = new byte[16];
            WebSocketReceiveResult got = await socket.ReceiveAsync(echo, Token);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Token);
            Assert.Equal(("hello", "v5.channel.k8s.io"), (Encoding.ASCII.GetString(echo, 0, got.Count), socket.SubProtocol));
        }

        // 3. What servers do for each other nobody else may.
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => a.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/solo/relay/proxy/version", Token));
        Assert.Equal(403, refused.Code);

        // 4. Killed with the tunnel in its hands: clear for as long as it is gone, and well again once it is back.
        servers[0].Kill();
        StatusException gone = await Assert.ThrowsAsync<StatusException>(() => b.GetTextAsync(Through + "/version", Token));
        Assert.Equal(503, gone.Code);
        Assert.Contains("data plane \"solo\"", gone.Message, StringComparison.Ordinal);
        servers[0].Start();
        await servers[0].ReadyAsync(Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => await AnswersAsync(b, Through + "/version"), "through the other again", TimeSpan.FromSeconds(60), Token);
        await stop.CancelAsync();
        await satellite;
    }

    private static async Task<bool> AnswersAsync(KubeClient client, string path)
    {
        try
        {
            return (await client.GetTextAsync(path, Token)).Contains("gitVersion", StringComparison.Ordinal);
        }
        catch (StatusException away) when (away.Code is 503 or 504 or 404)
        {
            return false;
        }
    }

    private SatelliteAgent Satellite(ServeProcess server, TestServer cluster)
    {
        using CertificateAuthority authority = new PkiFolder(new DataDirectory(Path.Combine(folder.Path, "a")).PkiFolder, TimeProvider.System).EnsureAuthority("orrery");
        return new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "solo",
            ControlPlane = server.AdminConfig() with { ClientCertificate = authority.IssueClient(OrreryNames.SatelliteUser("solo"), [OrreryNames.SatelliteGroup], ClusterScope.Root, TimeSpan.FromHours(1)).ToX509() },
            Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
        });
    }

    private async Task StartAsync(string name)
    {
        var server = new ServeProcess(
            Repository.Program, Path.Combine(folder.Path, name), FreePort.Take(), ["--etcd", etcd[0].Client.ToString().TrimEnd('/')], TimeProvider.System);
        servers.Add(server);
        server.Start();
        await server.ReadyAsync(Token);
    }

    private async Task<(ServeProcess Leader, ServeProcess Other)> LeaderAsync()
    {
        string holder = await Orrery.Testing.Eventually.SomeAsync(async () => await HolderAsync(servers[0]) is { Length: > 0 } held ? held : null, "somebody leads", TimeSpan.FromSeconds(60), Token);
        ServeProcess leader = servers.Single(s => holder.Contains($"_{s.Pid}_", StringComparison.Ordinal));
        return (leader, servers.Single(s => s != leader));
    }

    private static async Task<string?> HolderAsync(ServeProcess through)
    {
        using KubeClient client = through.Admin();
        return (await client.FindAsync(Leases, "kube-system", "orrery-controllers", Token))?.TextAt("spec", "holderIdentity");
    }

    /// <summary>Only controllers turn a VirtualCluster into one that is served.</summary>
    private static async Task ServesNewClusterAsync(ServeProcess through, string name)
    {
        using KubeClient client = through.Admin();
        await Orrery.Testing.Eventually.TrueAsync(async () => await client.FindAsync(OrreryResources.Tenants, "", "acme", Token) is not null || await MadeAsync(client, OrreryResources.Tenants, "", "Tenant", "acme"), "there is a tenant", TimeSpan.FromSeconds(60), Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => await MadeAsync(client, OrreryResources.VirtualClusters, "acme", "VirtualCluster", name), $"VirtualCluster {name} is taken", TimeSpan.FromSeconds(60), Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => await client.FindAsync(OrreryResources.LogicalClusters, "acme", name, Token) is not null, $"{name} is served", TimeSpan.FromSeconds(60), Token);
    }

    private static async Task<bool> MadeAsync(KubeClient client, GroupVersionResource resource, string ns, string kind, string name)
    {
        try
        {
            JsonObject body = Named(name);
            body["apiVersion"] = resource.ApiVersion;
            body["kind"] = kind;
            body["spec"] = new JsonObject();
            await client.CreateAsync(resource, ns, body, Token);
            return true;
        }
        catch (StatusException refusal) when (refusal.Code is 404 or 403)
        {
            // The kind, or the tenant's namespace, is still to come.
            return false;
        }
    }

    private static async Task<List<string>> NamesAsync(KubeClient client, string from, int count)
    {
        var names = new List<string>();
        await foreach (WatchEvent change in client.WatchAsync(ConfigMaps, "default", new WatchQuery { ResourceVersion = from }, Token))
        {
            // What every namespace is given (kube-root-ca.crt) comes when it comes.
            if (change.Object.Name.StartsWith("kube-", StringComparison.Ordinal))
            {
                continue;
            }

            names.Add(change.Object.Name);
            if (names.Count == count)
            {
                break;
            }
        }

        return names;
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    /// <summary>A stream into a pod that sends back what comes.</summary>
    private sealed class Echo : ISubresourceHandler
    {
        public GroupResource Resource => new("", "pods");

        public string Subresource => "exec";

        public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
        {
            using WebSocket socket = await WebSocketUpgrade.AcceptAsync(http, WebSocketUpgrade.Offered(http)[0], TimeSpan.FromSeconds(30));
            byte[] piece = new byte[64];
            while (await socket.ReceiveAsync(piece.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } got)
            {
                await socket.SendAsync(piece.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, cancellationToken);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
    }
}
