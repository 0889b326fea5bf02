using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Paths that are no resource: health, discovery, OpenAPI, metrics, and the list of them.</summary>
internal static class PathDispatch
{
    public static async Task HandleAsync(ServerState server, HttpContext http, RequestInfo info, UserInfo user, CancellationToken cancellationToken)
    {
        if (await server.Health.TryServeAsync(http, info, cancellationToken)
            || await server.Issuer.TryServeAsync(http, info, cancellationToken)
            || await server.Discovery.TryServeAsync(http, info, cancellationToken)
            || await server.OpenApi.TryServeAsync(http, info, cancellationToken)
            || await server.MetricsEndpoint.TryServeAsync(http, info, cancellationToken)
            || await PathIndex.TryServeAsync(server, http, info, cancellationToken))
        {
            return;
        }

        await NotFoundAsync(http, cancellationToken);
    }

    /// <summary>Upstream's router answers plain text for a path that it does not know, not a Status.</summary>
    public static Task NotFoundAsync(HttpContext http, CancellationToken cancellationToken) =>
        WriteTextAsync(http, 404, "404 page not found\n", cancellationToken);

    public static Task WriteTextAsync(HttpContext http, int code, string text, CancellationToken cancellationToken)
    {
        http.Response.Headers["X-Content-Type-Options"] = "nosniff";
        return ObjectResponse.WriteBytesAsync(http, code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text), cancellationToken);
    }
}
