using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Orrery.Controllers.Tests.Road;

/// <summary>The way of a satellite to its cluster's API, on which others may answer in its place, late or not at all. What is asked is counted.</summary>
internal sealed partial class RoughWay
{
    /// <summary>Asked of each request; answers in place of the cluster where it answers anything. May throw, or wait for ever.</summary>
    public Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? Instead { get; set; }

    /// <summary>Methods and paths of all requests, in the order in which they were sent.</summary>
    public ConcurrentQueue<(string Method, Uri Address)> Asked { get; } = new();

    public HttpMessageHandler To(HttpMessageHandler cluster) => new Handler(this, cluster);

    public static bool IsWatch(Uri asked) => asked.Query.Contains("watch=true", StringComparison.Ordinal);

    /// <summary>Has a watch end after three seconds.</summary>
    public static void EndSoon(HttpRequestMessage watch) => watch.RequestUri = new Uri(Timeout().Replace(watch.RequestUri!.OriginalString, "timeoutSeconds=3"));

    [GeneratedRegex("timeoutSeconds=[0-9]+")]
    private static partial Regex Timeout();

    /// <summary>An answer of an API server that does not do what it is asked.</summary>
    public static HttpResponseMessage Status(int code, string reason, string message, TimeSpan? retryAfter = null)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)code)
        {
            Content = new StringContent(
                $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","code":{{code}},"reason":"{{reason}}","message":"{{message}}"}""", Encoding.UTF8, "application/json"),
        };
        if (retryAfter is { } wait)
        {
            answer.Headers.RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(wait);
        }

        return answer;
    }

    private sealed class Handler(RoughWay way, HttpMessageHandler cluster) : DelegatingHandler(cluster)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            way.Asked.Enqueue((request.Method.Method, request.RequestUri!));
            return way.Instead is { } instead && await instead(request, cancellationToken) is { } answer ? answer : await base.SendAsync(request, cancellationToken);
        }
    }
}
