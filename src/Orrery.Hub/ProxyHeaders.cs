using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>What of a request passes through a proxy, and what of its answer: all but what concerns one connection, and who the client is.</summary>
public static class ProxyHeaders
{
    /// <summary>RFC 9110, section 7.6.1, and what is said of the connection besides.</summary>
    private static readonly FrozenSet<string> OfConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Expect");

    /// <summary>A client's credential is for the control plane, and so is whom it says to act for.</summary>
    private static readonly FrozenSet<string> OfClient = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "Authorization", "Cookie");

    /// <param name="from">The client's request, its body not yet read.</param>
    /// <param name="to">Gets its headers, and its body where it has one.</param>
    public static void CopyRequest(HttpContext from, HttpRequestMessage to)
    {
        if (from.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            to.Content = new StreamContent(from.Request.Body);
        }

        foreach ((string name, StringValues values) in from.Request.Headers)
        {
            if (OfConnection.Contains(name) || OfClient.Contains(name) || name[0] == ':' || IsIdentity(name))
            {
                continue;
            }

            StringValues passed = name.Equals(StreamHeaderNames.WebSocketProtocol, StringComparison.OrdinalIgnoreCase) ? StreamHeaders.WithoutCredential(values) : values;
            if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)passed))
            {
                to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)passed);
            }
        }
    }

    /// <param name="from">What was answered.</param>
    /// <param name="to">Gets what is not there yet.</param>
    public static void CopyAnswer(HttpResponseMessage from, IHeaderDictionary to)
    {
        foreach ((string name, IEnumerable<string> values) in from.Headers.Concat(from.Content.Headers))
        {
            // What the control plane is has been said already; cookies of a data plane would be sent to everything behind its address.
            if (!OfConnection.Contains(name) && !to.ContainsKey(name) && !name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase))
            {
                to[name] = values.ToArray();
            }
        }
    }

    private static bool IsIdentity(string name) =>
        name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase)
        || name.Equals(StreamHeaderNames.AskedBy, StringComparison.OrdinalIgnoreCase);
}
