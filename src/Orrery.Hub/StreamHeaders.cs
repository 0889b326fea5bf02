using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orrery.Client;
using Orrery.Server.Authentication;

namespace Orrery.Hub;

/// <summary>
/// Takes to a satellite what a client says about the stream that it wants, and back what was chosen. Nothing else of the client's passes, its
/// credential least of all.
/// </summary>
internal static class StreamHeaders
{
    /// <summary>The protocol itself travels as HTTP/2 has it (RFC 8441).</summary>
    public static void CopyRequest(PassedStream stream, IHeaderDictionary from, HttpRequestHeaders to)
    {
        to.Protocol = stream.Protocol;
        foreach (string name in StreamHeaderNames.Asked)
        {
            if (!from.TryGetValue(name, out StringValues values))
            {
                continue;
            }

            to.TryAddWithoutValidation(name, name == StreamHeaderNames.WebSocketProtocol ? [WithoutCredential(values)] : values.OfType<string>());
        }

        stream.Ask(to);
    }

    /// <param name="protocols">Values of <c>Sec-WebSocket-Protocol</c>.</param>
    /// <returns>Those that are no token.</returns>
    public static string WithoutCredential(StringValues protocols) => string.Join(", ", protocols.OfType<string>()
        .SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .Where(v => !v.StartsWith(SocketToken.Prefix, StringComparison.Ordinal)));

    public static void CopyAnswer(HttpResponseHeaders from, IHeaderDictionary to)
    {
        foreach (string name in StreamHeaderNames.Answered)
        {
            if (from.TryGetValues(name, out IEnumerable<string>? values))
            {
                to[name] = values.ToArray();
            }
        }
    }
}
