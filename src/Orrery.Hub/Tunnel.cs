using System.Net;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Hub;

/// <summary>
/// One satellite's connection, used in the reverse direction: HTTP/2 requests go over it to the satellite. Any number at a time, each with a flow
/// of its own, so that one that is not read holds up no other.
/// </summary>
internal sealed class Tunnel : ITunnelRoute, IAsyncDisposable
{
    /// <summary>Longer than any tunnel lasts; the client looks at its connections four times within it, and such looks are not free for thousands of tunnels.</summary>
    private static readonly TimeSpan Always = TimeSpan.FromDays(30);

    /// <summary>Requests that go through it; one more until it is retired, so that zero says that nothing will come again.</summary>
    private int users = 1;
    private int retired;

    private readonly TimeProvider time;
    private readonly TimeSpan heartbeat;
    private readonly ObservedStream heard;
    private readonly ObservedStream stream;
    private readonly Lock gate = new();
    private Stream? unused;
    private HttpMessageInvoker? http;

    /// <summary>Cancelled when it ends, for those who have no answer yet; made with <see cref="http"/>. The framework leaves whoever waits for its connection to be set up waiting, also once that has gone.</summary>
    private CancellationTokenSource? over;
    private bool isOver;

    /// <summary>Ends once the satellite is known to take streams; made with the first of them.</summary>
    private Task? takesStreams;

    /// <param name="connection">What carries HTTP/2.</param>
    /// <param name="heard">What is below it, where heartbeats come in as well.</param>
    /// <param name="heartbeat">How often its satellite says that it lives.</param>
    public Tunnel(string dataPlane, TunnelCredential credential, Stream connection, ObservedStream heard, TimeSpan heartbeat, TimeProvider time)
    {
        this.heartbeat = heartbeat;
        DataPlane = dataPlane;
        Credential = credential;
        this.time = time;
        this.heard = heard;
        stream = new ObservedStream(connection, time);
        unused = new QuietConnection(stream);
        OpenedAt = time.GetUtcNow();
    }

    public string DataPlane { get; }

    /// <summary>By which it was opened, and without which it does not stay.</summary>
    public TunnelCredential Credential { get; }

    public DateTimeOffset OpenedAt { get; }

    /// <summary>Address that it was dialled from; empty where that is not known.</summary>
    public string Remote { get; init; } = "";

    /// <summary>The connection that carries it beside the satellite's own requests, if that can rest.</summary>
    public IRestingConnection? Carrier { get; init; }

    /// <summary>For how long the satellite has said nothing, not even that it lives.</summary>
    public TimeSpan Quiet => heard.Quiet;

    /// <summary>When the satellite last said anything: a heartbeat, if nothing else.</summary>
    public DateTimeOffset LastHeard => time.GetUtcNow() - heard.Quiet;

    /// <summary>Whether the satellite has said anything but what opens a tunnel.</summary>
    public bool HasBeaten => LastHeard - OpenedAt >= heartbeat / 2;

    /// <summary>Whether it was ended because nothing was heard.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>Whether it stands in the control plane's store that the tunnel ends here.</summary>
    public bool IsWritten { get; set; }

    /// <summary>The data plane as it was when it was last found that the tunnel may stay; null before that.</summary>
    public KubeObject? LookedAt { get; set; }

    /// <summary>Ends with the connection; its result says why.</summary>
    public Task<string> Closed => stream.Closed;

    /// <summary>Why it was ended here; null for one that ended by itself.</summary>
    public string? Ended { get; private set; }

    /// <inheritdoc/>
    public CancellationToken Over
    {
        get
        {
            lock (gate)
            {
                return over?.Token ?? default;
            }
        }
    }

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
        using var request = new HttpRequestMessage(asked.Stream is not null ? HttpMethod.Connect : asked.IsProxy ? new HttpMethod(client.Request.Method) : HttpMethod.Get, new Uri(Base, asked.Path));
        if (asked.Stream is { } stream)
        {
            StreamHeaders.CopyRequest(stream, client.Request.Headers, request.Headers);
        }
        else if (asked.IsProxy)
        {
            ProxyHeaders.CopyRequest(client, request);
        }

        request.Headers.TryAddWithoutValidation(StreamHeaderNames.AskedBy, Uri.EscapeDataString(asked.User));
        if (asked.Stream is not null)
        {
            await TakesStreams().WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// A first answer, to a question of this side's own: before that comes what the satellite takes (SETTINGS). The framework has a stream wait for those in one place for all, and one who goes meanwhile takes that away from all
    /// who come later: a tunnel that was slow once would take no streams for as long as it lasts.
    /// </summary>
    private Task TakesStreams()
    {
        lock (gate)
        {
            return takesStreams ??= AskAsync();
        }

        async Task AskAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Base, TunnelRequest.Ready));
            using HttpResponseMessage answer = await SendAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        (HttpMessageInvoker asking, CancellationToken end) = Http();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end);
        try
        {
            return await asking.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when ((e is OperationCanceledException or ObjectDisposedException) && end.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Gone();
        }
    }

    /// <summary>Made for the first question: most satellites are never asked anything, and need not be paid for.</summary>
    private (HttpMessageInvoker Asking, CancellationToken End) Http()
    {
        lock (gate)
        {
            if (isOver)
            {
                throw Gone();
            }

            over ??= new CancellationTokenSource();
            http ??= new HttpMessageInvoker(new SocketsHttpHandler
            {
                ConnectCallback = (_, _) => Interlocked.Exchange(ref unused, null) is { } one ? ValueTask.FromResult(one) : throw Gone(),
                EnableMultipleHttp2Connections = false,
                PooledConnectionIdleTimeout = Always,
                PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
                InitialHttp2StreamWindowSize = 256 * 1024,
                AllowAutoRedirect = false,
                UseCookies = false,
                UseProxy = false,
                ActivityHeadersPropagator = null,
            });
            return (http, over.Token);
        }
    }

    private IOException Gone() => new($"the tunnel of data plane {DataPlane} is closed");

    /// <summary>Base of every address within a tunnel; no name is looked up.</summary>
    public static Uri Base { get; } = new("http://data-plane");

    public async ValueTask DisposeAsync()
    {
        HttpMessageInvoker? asking;
        CancellationTokenSource? asked;
        lock (gate)
        {
            isOver = true;
            (asking, asked) = (http, over);
        }

        // In this order: whoever asks ends the connection without a goodbye.
        await stream.DisposeAsync().ConfigureAwait(false);
        await (asked?.CancelAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        asking?.Dispose();
    }

    /// <summary>Ends it because the satellite is not heard.</summary>
    public void GiveUp()
    {
        IsGivenUp = true;

        // Not by the orderly way: it would say goodbye to somebody who does not listen. Nor may those who were answered already wait for more until its connection is known to be dead.
        stream.Dispose();
        lock (gate)
        {
            _ = over?.CancelAsync();
        }
    }
}
