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

    /// <summary>Paths that end so are answered 403.</summary>
    public string? Forbidden { get; set; }

    public KubeClient Client() => new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => this });

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri asked = request.RequestUri!;
        if (Forbidden is { } end && asked.AbsolutePath.EndsWith(end, StringComparison.Ordinal))
        {
            return Answer(HttpStatusCode.Forbidden, ApiErrors.Forbidden(new GroupResource("", "x"), "", "not yet").Status.ToJson().ToJsonString());
        }

        if (request.Method == HttpMethod.Delete)
        {
            Deleted.Enqueue(asked.AbsolutePath);
        }

        return Answer(HttpStatusCode.OK, asked.Query.Contains("watch=true", StringComparison.Ordinal) ? "" : """{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}""");
    }

    private static Task<HttpResponseMessage> Answer(HttpStatusCode code, string body) =>
        Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
}
