using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>Passes a request from the tunnel on to the cluster, with the satellite's own credential, and the answer back as it comes.</summary>
internal static class ClusterForward
{
    /// <summary>Of one connection, or of the tunnel itself: never passed on.</summary>
    private static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Transfer-Encoding", "Authorization", StreamHeaderNames.AskedBy,
    };

    /// <summary>The protocol of the stream that is asked for; null for a request with one answer.</summary>
    public static string? StreamProtocol(HttpContext http) =>
        http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect ? connect.Protocol : null;

    /// <param name="target">Path and query in the cluster.</param>
    /// <param name="headers">Whether those of the request and of the answer pass, beside what a stream needs and the type of the content.</param>
    /// <param name="refused">What is thrown when the cluster does not let its satellite (401, 403); null passes its answer on.</param>
    /// <exception cref="HttpRequestException">The cluster cannot be reached.</exception>
    /// <exception cref="StatusException">400: it is not plain where in the cluster the target leads.</exception>
    public static async Task RunAsync(KubeClient cluster, string target, bool headers, HttpContext http, Func<StatusException>? refused, CancellationToken cancellationToken)
    {
        if (!IsPlain(target))
        {
            throw ApiErrors.BadRequest("the request path is not a plain absolute path");
        }

        // 1. Ask the cluster.
        string? protocol = StreamProtocol(http);
        IEnumerable<KeyValuePair<string, string>> sent = protocol is not null ? StreamHeaders.Asked(http.Request.Headers, protocol) : headers ? Passed(http.Request.Headers) : [];
        HttpMethod method = protocol is null ? new HttpMethod(http.Request.Method)
            : protocol.Equals("websocket", StringComparison.OrdinalIgnoreCase) ? HttpMethod.Get : HttpMethod.Post;
        using HttpContent? body = protocol is null && headers && http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? new StreamContent(http.Request.Body) : null;
        using HttpResponseMessage answer = await cluster.ForwardAsync(method, target, sent, protocol is not null, cancellationToken, body).ConfigureAwait(false);
        if ((int)answer.StatusCode is 401 or 403 && refused is not null)
        {
            throw refused();
        }

        // 2. Pass the answer on: one way,
        if (protocol is null || (int)answer.StatusCode != StatusCodes.Status101SwitchingProtocols)
        {
            http.Response.StatusCode = protocol is not null && answer.IsSuccessStatusCode ? StatusCodes.Status502BadGateway : (int)answer.StatusCode;
            CopyAnswer(answer, headers, http.Response.Headers);
            await using Stream content = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await http.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
            await StreamRelay.CopyAsync(content, http.Response.Body, cancellationToken).ConfigureAwait(false);
            return;
        }

        // 3. or both ways.
        StreamHeaders.Answer(answer.Headers, http.Response.Headers);
        await using Stream inside = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using Stream outside = await http.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync().ConfigureAwait(false);
        await StreamRelay.RunAsync(outside, inside, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether a path says itself what it leads to. The control plane lets no other pass; one that did would lead out of the pod that was asked for, past what the
    /// cluster's owner lets anybody do there.
    /// </summary>
    public static bool IsPlain(string target)
    {
        int question = target.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? target : target[..question];
        return path.StartsWith('/') && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('#', StringComparison.Ordinal)
            && !path.Split('/').Any(s => Uri.UnescapeDataString(s) is "." or "..");
    }

    /// <summary>The same path and query, of which a list or watch leaves out objects with that value of a field: beside what the query selects itself.</summary>
    public static string Without(string target, string field, string value)
    {
        const string Selector = "fieldSelector";
        int question = target.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? target : target[..question];
        Dictionary<string, StringValues> query = QueryHelpers.ParseQuery(question < 0 ? "" : target[question..]);
        query.Remove(Selector, out StringValues selectors);

        // Added anew: an API server goes by the very name, which the table here does not.
        query[Selector] = string.Join(',', selectors.Where(s => !string.IsNullOrEmpty(s)).Take(1).Append($"{field}!={value}"));
        return QueryHelpers.AddQueryString(path, query);
    }

    private static IEnumerable<KeyValuePair<string, string>> Passed(IHeaderDictionary from)
    {
        foreach ((string name, StringValues values) in from)
        {
            if (name[0] == ':' || Kept.Contains(name) || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            foreach (string? value in values)
            {
                yield return new(name, value ?? "");
            }
        }
    }

    private static void CopyAnswer(HttpResponseMessage answer, bool all, IHeaderDictionary to)
    {
        if (!all)
        {
            to.ContentType = answer.Content.Headers.ContentType?.ToString();
            return;
        }

        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!Kept.Contains(name))
            {
                to[name] = values.ToArray();
            }
        }
    }
}
