using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Server.Handlers;

/// <summary>The request target as the client sent it: nothing decoded, no dot segment resolved.</summary>
internal static class RawTarget
{
    public static string Of(HttpContext http)
    {
        string raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (raw.StartsWith('/'))
        {
            return raw;
        }

        // The absolute form of RFC 9112 3.2.2.
        int scheme = raw.IndexOf("://", StringComparison.Ordinal);
        int path = scheme < 0 ? -1 : raw.IndexOf('/', scheme + 3);
        return path < 0 ? "/" : raw[path..];
    }
}
