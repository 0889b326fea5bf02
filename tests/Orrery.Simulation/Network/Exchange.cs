using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Simulation.Network;

/// <summary>One request and its answer, handed to a server's pipeline without a connection between them.</summary>
internal sealed class Exchange : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature, IDisposable
{
    private readonly CancellationTokenSource aborted = new();
    private readonly TaskCompletionSource started = new();
    private readonly Pipe body = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly List<(Func<object, Task> Callback, object State)> onStarting = [];
    private bool wasCut;
    private bool isOver;

    public Exchange()
    {
        Writer = new StartingWriter(body.Writer, StartNowAsync);
        RequestAborted = aborted.Token;
    }

    public int StatusCode { get; set; } = 200;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted => started.Task.IsCompleted;

    public PipeWriter Writer { get; }

    public Stream Stream => field ??= Writer.AsStream(leaveOpen: true);

    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => throw new NotSupportedException();
    }

    public CancellationToken RequestAborted { get; set; }

    /// <summary>What the server wrote; faulted with an <see cref="IOException"/> where it cut the connection.</summary>
    public PipeReader Answer => body.Reader;

    /// <summary>Hands the request to the server.</summary>
    /// <returns>Once the answer has begun; its body may still grow.</returns>
    public Task SendAsync(Func<HttpContext, Task> server, HttpRequestMessage message, byte[] content, X509Certificate2 certificate)
    {
        string target = message.RequestUri!.PathAndQuery;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        var request = new HttpRequestFeature
        {
            Method = message.Method.Method,
            RawTarget = target,
            Path = Uri.UnescapeDataString(query < 0 ? target : target[..query]),
            QueryString = query < 0 ? "" : target[query..],
            Scheme = "https",
            Protocol = "HTTP/2",
            Headers = new HeaderDictionary(),
            Body = new MemoryStream(content, writable: false),
        };
        request.Headers.Host = message.RequestUri.Authority;
        foreach ((string name, IEnumerable<string> values) in message.Headers.Concat(message.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()))
        {
            request.Headers[name] = values.ToArray();
        }

        request.Headers.ContentLength = content.Length;
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Loopback });
        features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = certificate });
        _ = ServeAsync(server, new DefaultHttpContext(features));
        return started.Task;
    }

    /// <summary>The client went away, or the server cut it off.</summary>
    public void Abort()
    {
        if (!isOver)
        {
            wasCut = true;
            aborted.Cancel();
        }
    }

    public void OnStarting(Func<object, Task> callback, object state) => onStarting.Add((callback, state));

    /// <summary>Nothing here outlives its exchange.</summary>
    public void OnCompleted(Func<object, Task> callback, object state)
    {
    }

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => StartNowAsync();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task CompleteAsync() => Task.CompletedTask;

    public void Dispose()
    {
        isOver = true;
        body.Reader.Complete();
        aborted.Dispose();
    }

    private async Task ServeAsync(Func<HttpContext, Task> server, HttpContext http)
    {
        Exception? fault = null;
        try
        {
            await server(http);
            await StartNowAsync();
        }
#pragma warning disable CA1031 // Goes to the client, as a connection that breaks.
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = new IOException("the server failed", e);
        }

        await body.Writer.CompleteAsync(fault ?? (wasCut ? new IOException("the server cut the connection") : null));
        started.TrySetResult();
    }

    private async Task StartNowAsync()
    {
        if (!HasStarted)
        {
            foreach ((Func<object, Task> callback, object state) in Enumerable.Reverse(onStarting))
            {
                await callback(state);
            }

            started.TrySetResult();
        }
    }
}
