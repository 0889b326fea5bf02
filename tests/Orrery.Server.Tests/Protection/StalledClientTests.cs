using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Testing;

namespace Orrery.Server.Tests.Protection;

/// <summary>Clients that ask and do not read: over real sockets, at a server whose patience is short.</summary>
public sealed class StalledClientTests : IAsyncLifetime
{
    /// <summary>No other timer of the server is as long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5.25);

    /// <summary>What is under way between two ends may be some megabytes; the list is longer than that.</summary>
    private const int Objects = 40, ObjectBytes = 512 * 1024;

    private readonly WaitsByHand waits = new(Patience);
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = waits, SubresourceHandlers = [new Flood()], Configure = options => options with { Patience = Patience } }, Token);
        for (int i = 0; i < Objects; i++)
        {
            await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap($"large-{i}", Noise(ObjectBytes)), Token);
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("Accept-Encoding: gzip\r\n")]
    public async Task List_ByHttp11ClientThatReadsNothing_IsCutOff(string header)
    {
        await using SslStream stalled = await SendAsync($"GET /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\n{header}Authorization: Bearer {server.AdminToken(ClusterName.Root)}\r\n\r\n");

        await BegunAsync("LIST");
        await NoneUnderWayAsync();
    }

    /// <summary>By a clock of its own: a reader who is held up, as on a busy machine, takes no longer than the test says.</summary>
    [Fact]
    public async Task List_ByHttp11ClientThatReadsSlowly_IsAnsweredWhole()
    {
        waits.AreByHand = true;
        await using SslStream slow = await SendAsync($"GET /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {server.AdminToken(ClusterName.Root)}\r\n\r\n");

        byte[] buffer = new byte[64 * 1024];
        long all = 0;
        TimeSpan taken = TimeSpan.Zero;
        while (await slow.ReadAsync(buffer, Token) is > 0 and var read)
        {
            all += read;
            taken += waits.PassMostOfTheNext();
        }

        Assert.True(all > (long)Objects * ObjectBytes, $"only {all} bytes came");
        Assert.True(taken > 3 * Patience, $"it took no longer than {taken}");
    }

    [Fact]
    public async Task List_ByHttp2StreamThatReadsNothing_IsCutOffAndTheConnectionLives()
    {
        using var http = Http2();
        using HttpResponseMessage stalled = await http.GetAsync("/api/v1/namespaces/default/configmaps", HttpCompletionOption.ResponseHeadersRead, Token);
        await BegunAsync("LIST");

        await NoneUnderWayAsync();

        using HttpResponseMessage next = await http.GetAsync("/version", Token);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    /// <summary>An answer that fits into the server's own buffers is finished for its handler, and not yet taken.</summary>
    [Fact]
    public async Task Get_OfOneObjectByHttp2StreamThatReadsNothing_IsCutOff()
    {
        await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "kube-public", ServerFixture.ConfigMap("one", Noise(200 * 1024)), Token);
        using var http = Http2();
        using HttpResponseMessage stalled = await http.GetAsync("/api/v1/namespaces/kube-public/configmaps/one", HttpCompletionOption.ResponseHeadersRead, Token);
        await BegunAsync("GET");

        await NoneUnderWayAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => stalled.Content.ReadAsByteArrayAsync(Token));
    }

    [Fact]
    public async Task Watch_ByClientThatReadsNothing_IsCutOff()
    {
        using var http = Http2();
        using HttpResponseMessage stalled = await http.GetAsync("/api/v1/namespaces/default/configmaps?watch=true", HttpCompletionOption.ResponseHeadersRead, Token);

        await Eventually.TrueAsync(async () => await MetricAsync("apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"namespace\",subresource=\"\",verb=\"WATCH\"") == 1, "the watch has ended", TimeSpan.FromSeconds(60), Token);
        await Assert.ThrowsAnyAsync<Exception>(() => stalled.Content.ReadAsByteArrayAsync(Token));
    }

    /// <summary>Text that cannot be compressed much.</summary>
    private static string Noise(int length)
    {
        byte[] bytes = new byte[length * 3 / 4];
        new Random(7).NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>Somebody who reads a log page by page takes his time.</summary>
    [Fact]
    public async Task Log_WhoseReaderPauses_GoesOn()
    {
        await server.Admin.CreateAsync(ServerFixture.Pods, "default", ServerFixture.Pod("talker"), Token);
        using var http = Http2();
        using HttpResponseMessage paused = await http.GetAsync("/api/v1/namespaces/default/pods/talker/log", HttpCompletionOption.ResponseHeadersRead, Token);

        // A list of the same client, which nobody reads either, is cut off meanwhile.
        using HttpResponseMessage stalled = await http.GetAsync("/api/v1/namespaces/default/configmaps", HttpCompletionOption.ResponseHeadersRead, Token);
        await BegunAsync("LIST");
        await NoneUnderWayAsync();

        Assert.Equal(Flood.Bytes, (await paused.Content.ReadAsByteArrayAsync(Token)).Length);
    }

    /// <summary>A log of some megabytes.</summary>
    private sealed class Flood : ISubresourceHandler
    {
        public const int Bytes = 8 * 1024 * 1024;

        public GroupResource Resource => new("", "pods");

        public string Subresource => "log";

        public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
        {
            byte[] part = new byte[64 * 1024];
            for (int sent = 0; sent < Bytes; sent += part.Length)
            {
                await http.Response.Body.WriteAsync(part, cancellationToken);
                await http.Response.Body.FlushAsync(cancellationToken);
            }
        }
    }

    /// <summary>The system's clock, of which waits for a client, one after the other, can be taken by hand.</summary>
    private sealed class WaitsByHand(TimeSpan patience) : TimeProvider
    {
        private readonly ManualTime hand = new();
        private int begun;
        private int passed;

        public volatile bool AreByHand;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (!AreByHand || dueTime != patience)
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            // Counted before it is there, or time might pass for it twice.
            Interlocked.Increment(ref begun);
            return hand.CreateTimer(callback, state, dueTime, period);
        }

        /// <summary>Nine tenths of the patience pass, if a wait has begun for which nothing has passed yet.</summary>
        /// <returns>How much has passed.</returns>
        public TimeSpan PassMostOfTheNext()
        {
            if (Volatile.Read(ref begun) == passed)
            {
                return TimeSpan.Zero;
            }

            TimeSpan most = patience * 0.9;
            hand.Advance(most);
            passed = Volatile.Read(ref begun);
            return most;
        }
    }

    private HttpClient Http2()
    {
        var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65535 };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var http = new HttpClient(handler) { BaseAddress = server.Url, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken(ClusterName.Root));
        return http;
    }

    private async Task<SslStream> SendAsync(string request)
    {
        var tcp = new TcpClient { ReceiveBufferSize = 64 * 1024 };
        await tcp.ConnectAsync(IPAddress.Loopback, server.Url.Port, Token);
        var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(request), Token);
        return tls;
    }

    /// <summary>Who looks late finds that it has been ended already.</summary>
    private Task BegunAsync(string verb) => Eventually.TrueAsync(
        async () => await ReadingAsync() == 2 || await EndedAsync(verb) > 0, $"a {verb} of ConfigMaps is under way", TimeSpan.FromSeconds(60), Token);

    private Task NoneUnderWayAsync() => Eventually.TrueAsync(async () => await ReadingAsync() == 1, "no request is under way", TimeSpan.FromSeconds(60), Token);

    /// <summary>Reading requests under way, the one for the metrics among them.</summary>
    private Task<double> ReadingAsync() => MetricAsync("apiserver_current_inflight_requests{request_kind=\"readOnly\"");

    /// <summary>Requests for ConfigMaps that have ended, however they did.</summary>
    private async Task<double> EndedAsync(string verb) => (await MetricsAsync())
        .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("resource=\"configmaps\"", StringComparison.Ordinal) && l.Contains($"verb=\"{verb}\"", StringComparison.Ordinal))
        .Sum(ValueOf);

    private async Task<double> MetricAsync(string series) =>
        (await MetricsAsync()).FirstOrDefault(l => l.StartsWith(series, StringComparison.Ordinal)) is { } line ? ValueOf(line) : 0;

    private async Task<string[]> MetricsAsync()
    {
        using var raw = new RawHttp(server);
        using HttpResponseMessage answer = await raw.SendAsync(HttpMethod.Get, "/metrics");
        return (await answer.Content.ReadAsStringAsync(Token)).Split('\n');
    }

    private static double ValueOf(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
}
