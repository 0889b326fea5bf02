using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Tests;

/// <summary>A cluster in which nothing is, and nothing happens but that somebody asks for deletions.</summary>
internal sealed class EmptyCluster : HttpMessageHandler
{
    /// <summary>Paths of what was to go.</summary>
    public ConcurrentQueue<string> Deleted { get; } = new();

    /// <summary>Paths and bodies of what was patched.</summary>
    public ConcurrentQueue<(string Path, string Body)> Patched { get; } = new();

    /// <summary>Paths that begin so are answered 503.</summary>
    public string? Down { get; set; }

    /// <summary>Paths that begin so are never answered.</summary>
    public string? Hanging { get; set; }

    /// <summary>Requests that wait now for an answer that never comes.</summary>
    public int Unanswered => Volatile.Read(ref unanswered);

    private int unanswered;

    /// <summary>Paths that end so are answered 403.</summary>
    public string? Forbidden { get; set; }

    public KubeClient Client() => new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => this });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri asked = request.RequestUri!;
        if (Forbidden is { } end && asked.AbsolutePath.EndsWith(end, StringComparison.Ordinal))
        {
            return Answer(HttpStatusCode.Forbidden, ApiErrors.Forbidden(new GroupResource("", "x"), "", "not yet").Status.ToJson().ToJsonString());
        }

        if (Hanging is { } silent && asked.AbsolutePath.StartsWith(silent, StringComparison.Ordinal))
        {
            Interlocked.Increment(ref unanswered);
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref unanswered);
            }
        }

        if (Down is { } beginning && asked.AbsolutePath.StartsWith(beginning, StringComparison.Ordinal))
        {
            return Answer(HttpStatusCode.ServiceUnavailable, ApiErrors.ServiceUnavailable("the server is currently unable to handle the request").Status.ToJson().ToJsonString());
        }

        if (request.Method == HttpMethod.Patch)
        {
            Patched.Enqueue((asked.AbsolutePath, await request.Content!.ReadAsStringAsync(cancellationToken)));
        }

        if (request.Method == HttpMethod.Delete)
        {
            Deleted.Enqueue(asked.AbsolutePath);
        }

        return Answer(HttpStatusCode.OK, asked.Query.Contains("watch=true", StringComparison.Ordinal) ? "" : """{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}""");
    }

    private static HttpResponseMessage Answer(HttpStatusCode code, string body) => new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
}
