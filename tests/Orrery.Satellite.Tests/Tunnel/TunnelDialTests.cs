using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tunnel;
using Orrery.Server.Handlers;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class TunnelDialTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task OpenAsync_WhereStreamsAreTaken_GoesWithinTheConnectionOfRequests()
    {
        await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2);
        using var client = new KubeClient(door.Config);
        await client.GetTextAsync("/readyz", default);

        await using Stream tunnel = await new TunnelDial(client, "pa2-par", "one", TimeProvider.System).OpenAsync(default).WaitAsync(Limit);

        Assert.Equal(7, await EchoAsync(tunnel, 7));
        (string Protocol, string Connection)[] asked = [.. door.Asked];
        Assert.Equal(["HTTP/2", "HTTP/2"], asked.Select(a => a.Protocol));
        Assert.Equal(asked[0].Connection, asked[1].Connection);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, 200, new[] { "HTTP/1.1" })]
    [InlineData(HttpProtocols.Http1AndHttp2, 405, new[] { "HTTP/2", "HTTP/1.1" })]
    [InlineData(HttpProtocols.Http1AndHttp2, 502, new[] { "HTTP/2", "HTTP/1.1" })]
    public async Task OpenAsync_WhereStreamsAreNotTaken_HasAConnectionOfItsOwn(HttpProtocols protocols, int withinConnections, string[] asked)
    {
        await using Door door = await Door.StartAsync(protocols, withinConnections);
        using var client = new KubeClient(door.Config);

        await using Stream tunnel = await new TunnelDial(client, "pa2-par", "one", TimeProvider.System).OpenAsync(default).WaitAsync(Limit);

        Assert.Equal(7, await EchoAsync(tunnel, 7));
        Assert.Equal(asked, door.Asked.Select(a => a.Protocol));
    }

    /// <summary>One on the way takes the stream and passes nothing on; one that does so to everything is given up as well.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(Door.Never)]
    public async Task OpenAsync_StreamIsTakenAndNeverAnswered_HasAConnectionOfItsOwn(int apart)
    {
        await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2, withinConnections: Door.Never, apart);
        using var client = new KubeClient(door.Config);
        var time = new ManualTime();

        Task<Stream> opening = new TunnelDial(client, "pa2-par", "one", time).OpenAsync(default);
        foreach (int asked in apart == Door.Never ? (int[])[1, 2] : [1])
        {
            await Eventually.TrueAsync(() => door.Asked.Count == asked, $"asked {asked} times", Limit);
            time.Advance(TimeSpan.FromSeconds(31));
        }

        if (apart == Door.Never)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => opening.WaitAsync(Limit));
            return;
        }

        await using Stream tunnel = await opening.WaitAsync(Limit);
        Assert.Equal(7, await EchoAsync(tunnel, 7));
        Assert.Equal(["HTTP/2", "HTTP/1.1"], door.Asked.Select(a => a.Protocol));
    }

    /// <summary>What the satellite is told of comes over the other connection, in which there are no heartbeats: whoever forgets quiet ones must not forget that.</summary>
    [Fact]
    public async Task OpenAsync_TunnelHasAConnectionOfItsOwn_TheOtherIsNoLongerQuietThanThat()
    {
        await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2, withinConnections: 405);
        await using var network = new BadNetwork(door.Config.Server.Port, TimeProvider.System) { Forgets = TimeSpan.FromSeconds(17) };
        using var client = new KubeClient(TunnelDial.For(door.Config with { Server = new UriBuilder(door.Config.Server) { Port = network.Port }.Uri }));
        await using Stream tunnel = await new TunnelDial(client, "pa2-par", "one", TimeProvider.System).OpenAsync(default).WaitAsync(Limit);
        await using Stream changes = await client.OpenAsync(Door.Changes, default).WaitAsync(Limit);

        long start = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(() => TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(22), "a quiet while", Limit);
        door.Change();

        byte[] told = new byte[1];
        await changes.ReadExactlyAsync(told).AsTask().WaitAsync(Limit);
        Assert.Equal(7, await EchoAsync(tunnel, 7));
    }

    /// <summary>Nothing comes back and nobody says so: what waits for an answer, or to be told of changes, ends once what was sent is not acknowledged.</summary>
    [Fact]
    public async Task Connection_WhoseCableIsCut_EndsSoonAfterSomethingIsSent()
    {
        LossyLink link;
        try
        {
            link = LossyLink.Make(seed: 5, TimeProvider.System);
        }
        catch (PlatformNotSupportedException refusal)
        {
            Assert.Skip(refusal.Message);
            return;
        }

        await using (link)
        {
            await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2);
            await using var network = new BadNetwork(door.Config.Server.Port, TimeProvider.System, link.Listen());
            Uri server = new UriBuilder(door.Config.Server) { Host = network.EndPoint.Address.ToString(), Port = network.Port }.Uri;
            using var client = new KubeClient(TunnelDial.For(door.Config with { Server = server, TlsServerName = "localhost" }));
            await using Stream changes = await client.OpenAsync(Door.Changes, default).WaitAsync(Limit);

            link.Loss = 1;
            Task asking = client.GetTextAsync("/readyz", default);

            // Fifteen seconds after it was sent; by asking whether it lives it would be eighty.
            using var seen = new SeenTime(TimeProvider.System);
            await Assert.ThrowsAnyAsync<IOException>(() => changes.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Limit * 2));
            Assert.InRange(seen.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(35));
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => asking.WaitAsync(Limit));
        }
    }

    /// <summary>What is sent is acknowledged by the proxy all the same. Each tunnel begins at another of the beats.</summary>
    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2)]
    [InlineData(HttpProtocols.Http1)]
    public async Task Tunnel_ThroughAProxyThatPassesNothingOn_EndsWithTheThirdBeat(HttpProtocols protocols)
    {
        Assert.SkipUnless(HttpProxy.Program is not null, "tinyproxy is not on PATH (Debian package tinyproxy-bin)");
        using var folder = new TempDirectory();
        using var proxy = HttpProxy.Start(folder.Path, "sat", "pass-word");
        await using Door door = await Door.StartAsync(protocols);
        using var client = new KubeClient(door.Config with { Proxy = ForwardProxy.Parse($"http://sat:pass-word@127.0.0.1:{proxy.Port}") });
        var time = new ManualTime();
        var dial = new TunnelDial(client, "pa2-par", "one", time);
        var tunnels = new List<Stream>();
        for (int i = 0; i < 8; i++)
        {
            tunnels.Add(await dial.OpenAsync(default).WaitAsync(Limit));
        }

        // 1. A beat, and after it what shows that everything before it has come back.
        time.Advance(TimeSpan.FromSeconds(10));
        foreach (Stream tunnel in tunnels)
        {
            Assert.Equal(7, await EchoAsync(tunnel, 7));
        }

        // 2. The next is not answered, and two later it is clear that none will be.
        proxy.Swallow();
        try
        {
            Task[] reading = [.. tunnels.Select(t => t.ReadExactlyAsync(new byte[1]).AsTask())];
            time.Advance(TimeSpan.FromSeconds(20));
            Assert.DoesNotContain(reading, r => r.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(10));
            foreach (Task read in reading)
            {
                Assert.NotNull(await Record.ExceptionAsync(() => read.WaitAsync(TimeSpan.FromSeconds(20))) is { } e and not TimeoutException ? e : null);
            }
        }
        finally
        {
            proxy.Continue();
            foreach (Stream tunnel in tunnels)
            {
                await tunnel.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task OpenAsync_NotLetIn_SaysSoAndAsksOnce()
    {
        await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2, withinConnections: 403);
        using var client = new KubeClient(door.Config);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => new TunnelDial(client, "pa2-par", "one", TimeProvider.System).OpenAsync(default).WaitAsync(Limit));

        Assert.Equal(403, refused.Code);
        Assert.Single(door.Asked);
    }

    [Fact]
    public async Task DisposeAsync_OfOneWithinAConnection_LeavesTheConnection()
    {
        await using Door door = await Door.StartAsync(HttpProtocols.Http1AndHttp2);
        using var client = new KubeClient(door.Config);
        var dial = new TunnelDial(client, "pa2-par", "one", TimeProvider.System);
        Stream first = await dial.OpenAsync(default).WaitAsync(Limit);
        await first.DisposeAsync();

        await using Stream second = await dial.OpenAsync(default).WaitAsync(Limit);

        Assert.Equal(9, await EchoAsync(second, 9));
        Assert.Single(door.Asked.Select(a => a.Connection).Distinct());
    }

    [Theory]
    [InlineData("websocket", "/api/v1/namespaces/default")]
    [InlineData("websocket", "/api/v1/namespaces")]
    [InlineData("websocket", "/readyz")]
    [InlineData("other", "/api/v1/namespaces/default")]
    public async Task Connect_ToWhatIsNoTunnel_IsRefused(string protocol, string path)
    {
        await using TestServer server = await TestServer.StartAsync();

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => server.Admin.ConnectAsync(protocol, path, [], default).WaitAsync(Limit));

        Assert.Equal(405, refused.Code);
    }

    private static async Task<byte> EchoAsync(Stream tunnel, byte sent)
    {
        await tunnel.WriteAsync(new[] { sent });
        byte[] told = new byte[1];
        await tunnel.ReadExactlyAsync(told).AsTask().WaitAsync(Limit);
        return told[0];
    }

    /// <summary>What takes tunnels, and says back whatever comes through them.</summary>
    private sealed class Door : IAsyncDisposable
    {
        /// <summary>No answer at all.</summary>
        public const int Never = 0;

        /// <summary>Where a byte comes at each change, and nothing before.</summary>
        public const string Changes = "/changes";

        private readonly TaskCompletionSource changed;
        private readonly WebApplication web;
        private readonly X509Certificate2 certificate;

        private Door(WebApplication web, X509Certificate2 certificate, ClientConfig config, ConcurrentQueue<(string Protocol, string Connection)> asked, TaskCompletionSource changed)
        {
            this.changed = changed;
            this.web = web;
            this.certificate = certificate;
            Config = config;
            Asked = asked;
        }

        public ClientConfig Config { get; }

        /// <summary>How each request came.</summary>
        public ConcurrentQueue<(string Protocol, string Connection)> Asked { get; }

        /// <summary>Has whoever asked for <see cref="Changes"/> told.</summary>
        public void Change() => changed.TrySetResult();

        /// <param name="withinConnections">What a tunnel within an HTTP/2 connection is answered.</param>
        /// <param name="apart">What one with a connection of its own is answered.</param>
        public static async Task<Door> StartAsync(HttpProtocols protocols, int withinConnections = 200, int apart = 200)
        {
            using CertificateAuthority authority = CertificateAuthority.Create("test authority", TimeSpan.FromDays(1), TimeProvider.System);
            X509Certificate2 certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback], TimeSpan.FromDays(1)).ToX509();
            var asked = new ConcurrentQueue<(string Protocol, string Connection)>();
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                listen.UseHttps(certificate);
            }));
            WebApplication web = builder.Build();
            web.Run(http =>
            {
                asked.Enqueue((http.Request.Protocol, http.Connection.Id));
                return http.Request.Path == Changes ? TellAsync(http, changed.Task) : AnswerAsync(http, WebSocketUpgrade.IsWithinConnection(http) ? withinConnections : apart);
            });
            await web.StartAsync();
            var url = new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            return new Door(web, certificate, new ClientConfig(url, [X509Certificate2.CreateFromPem(authority.CertificatePem)]), asked, changed);
        }

        public async ValueTask DisposeAsync()
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await web.StopAsync(now.Token);
            await web.DisposeAsync();
            certificate.Dispose();
        }

        private static async Task TellAsync(HttpContext http, Task changed)
        {
            await http.Response.Body.FlushAsync();
            await changed.WaitAsync(http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await http.Response.BodyWriter.WriteAsync(new byte[] { 1 });
        }

        private static async Task AnswerAsync(HttpContext http, int answer)
        {
            if (!http.Request.Path.Value!.EndsWith("/tunnel", StringComparison.Ordinal))
            {
                return;
            }

            if (answer == Never)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            if (answer != StatusCodes.Status200OK)
            {
                http.Response.StatusCode = answer;
                return;
            }

            using WebSocket socket = await WebSocketUpgrade.AcceptAsync(http, OrreryNames.TunnelProtocol, TimeSpan.Zero);
            byte[] buffer = new byte[16];
            try
            {
                while (await socket.ReceiveAsync(buffer.AsMemory(), http.RequestAborted) is { MessageType: WebSocketMessageType.Binary } received)
                {
                    await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Binary, received.EndOfMessage, http.RequestAborted);
                }
            }
            catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException)
            {
                // The other side went.
            }
        }
    }
}
