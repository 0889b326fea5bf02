using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// Takes to a satellite what a client says about the stream that it wants, and back what was chosen. Nothing else of the client's passes, its
/// credential least of all.
/// </summary>
internal static class StreamHeaders
{
    /// <summary>A browser's way to show its token (upstream: <c>pkg/authentication/request/websocket/protocol.go</c>).</summary>
    private const string BearerProtocol = "base64url.bearer.authorization.k8s.io.";

    /// <summary>The protocol itself travels as HTTP/2 has it (RFC 8441).</summary>
    public static void CopyRequest(IHeaderDictionary from, HttpRequestHeaders to)
    {
        to.Protocol = from.Upgrade.ToString();
        foreach (string name in StreamHeaderNames.Asked)
        {
            if (!from.TryGetValue(name, out StringValues values))
            {
                continue;
            }

            IEnumerable<string> kept = values.OfType<string>()
                .SelectMany(v => name == StreamHeaderNames.WebSocketProtocol ? v.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [v])
                .Where(v => !v.StartsWith(BearerProtocol, StringComparison.Ordinal));
            to.TryAddWithoutValidation(name, name == StreamHeaderNames.WebSocketProtocol ? [string.Join(", ", kept)] : kept);
        }
    }

    public static void CopyAnswer(HttpResponseHeaders from, string protocol, IHeaderDictionary to)
    {
        to.Upgrade = protocol;
        foreach (string name in StreamHeaderNames.Answered)
        {
            if (from.TryGetValues(name, out IEnumerable<string>? values))
            {
                to[name] = values.ToArray();
            }
        }
    }
}
