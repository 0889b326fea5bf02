using System.Net;
using Microsoft.AspNetCore.Http;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// One satellite's connection, used in the reverse direction: HTTP/2 requests go over it to the satellite. Any number at a time, each with a flow
/// of its own, so that one that is not read holds up no other.
/// </summary>
internal sealed class Tunnel : ITunnelRoute, IAsyncDisposable
{
    private readonly TimeProvider time;
    private readonly ObservedStream stream;
    private readonly HttpMessageInvoker http;
    private Stream? unused;

    /// <summary>Requests that go through it; one more until it is retired, so that zero says that nothing will come again.</summary>
    private int users = 1;
    private int retired;

    public Tunnel(string dataPlane, TunnelCredential credential, Stream connection, TunnelHubOptions options)
    {
        DataPlane = dataPlane;
        Credential = credential;
        time = options.Time;
        stream = new ObservedStream(connection, options.Time);
        OpenedAt = options.Time.GetUtcNow();
        unused = stream;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => Interlocked.Exchange(ref unused, null) is { } one
                ? ValueTask.FromResult(one)
                : throw new IOException($"the tunnel of data plane {dataPlane} is closed"),
            EnableMultipleHttp2Connections = false,
            KeepAlivePingDelay = options.Heartbeat,
            KeepAlivePingTimeout = options.Heartbeat,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            InitialHttp2StreamWindowSize = 256 * 1024,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
        });
    }

    public string DataPlane { get; }

    /// <summary>By which it was opened, and without which it does not stay.</summary>
    public TunnelCredential Credential { get; }

    public DateTimeOffset OpenedAt { get; }

    /// <summary>When the satellite last said anything: the answer to a heartbeat, if nothing else.</summary>
    public DateTimeOffset LastHeard => time.GetUtcNow() - stream.Quiet;

    /// <summary>Whether it stands in the control plane's store that the tunnel ends here.</summary>
    public bool IsWritten { get; set; }

    /// <summary>Ends with the connection; its result says why.</summary>
    public Task<string> Closed => stream.Closed;

    /// <summary>Why it was ended here; null for one that ended by itself.</summary>
    public string? Ended { get; private set; }

    /// <inheritdoc/>
    public bool TryEnter()
    {
        for (int now = Volatile.Read(ref users); now > 0; now = Volatile.Read(ref users))
        {
            if (Interlocked.CompareExchange(ref users, now + 1, now) == now)
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public ValueTask LeaveAsync() => Interlocked.Decrement(ref users) == 0 ? EndAsync("its satellite has another with a newer certificate") : ValueTask.CompletedTask;

    /// <summary>Another has taken its place: what goes through it may end, nothing new comes.</summary>
    public ValueTask RetireAsync() => Interlocked.Exchange(ref retired, 1) == 0 ? LeaveAsync() : ValueTask.CompletedTask;

    /// <summary>Ends it, whatever goes through it.</summary>
    public ValueTask EndAsync(string reason)
    {
        Ended ??= reason;
        return DisposeAsync();
    }

    /// <inheritdoc/>
    public async Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext client, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(asked.IsStream ? HttpMethod.Connect : asked.IsProxy ? new HttpMethod(client.Request.Method) : HttpMethod.Get, new Uri(Base, asked.Path));
        if (asked.IsStream)
        {
            StreamHeaders.CopyRequest(client.Request.Headers, request.Headers);
        }
        else if (asked.IsProxy)
        {
            ProxyHeaders.CopyRequest(client, request);
        }

        request.Headers.TryAddWithoutValidation(StreamHeaderNames.AskedBy, Uri.EscapeDataString(asked.User));
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>Sees the satellite answer once: from then on the connection stands.</summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Base, "/readyz"));
        using HttpResponseMessage answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Base of every address within a tunnel; no name is looked up.</summary>
    public static Uri Base { get; } = new("http://data-plane");

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await stream.DisposeAsync().ConfigureAwait(false);
    }
}
