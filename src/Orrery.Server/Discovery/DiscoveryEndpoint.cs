using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Discovery;

/// <summary>Serves <c>/api</c>, <c>/apis</c> and what is below them down to a group version, and <c>/version</c>.</summary>
/// <param name="isBuiltIn">Whether every cluster has a group of this name.</param>
/// <param name="serverAddress">host:port that <c>/api</c> names.</param>
internal sealed class DiscoveryEndpoint(IApiSurface surfaces, OfferedGroups offered, Predicate<string> isBuiltIn, string serverAddress)
{
    /// <summary>Documents go with the surface that they show.</summary>
    private readonly ConditionalWeakTable<ApiSurface, DiscoveryDocuments> documents = [];

    /// <summary>Answers a discovery request; false, and nothing written, when the path is none.</summary>
    /// <exception cref="StatusException">404 for a version that is not served, 405 for a method other than GET, 406.</exception>
    public async ValueTask<bool> TryServeAsync(HttpContext context, RequestInfo request, CancellationToken cancellationToken)
    {
        string[] path = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (request.IsResourceRequest || path.Length == 0 || path[0] is not ("api" or "apis" or "version") || request.Cluster.IsAll)
        {
            return false;
        }

        if (path is ["version"])
        {
            RequireGet(context);
            await WriteAsync(context, ServerVersion.Document, DiscoveryFormat.Legacy, DiscoveryEncoding.Json, cancellationToken).ConfigureAwait(false);
            return true;
        }

        ApiSurface shown = await offered.ExtendAsync(surfaces.For(request.Cluster), request.Cluster, cancellationToken).ConfigureAwait(false);
        DiscoveryDocuments all = documents.GetValue(shown, surface => new DiscoveryDocuments(surface));
        string? accept = context.Request.Headers.Accept;
        (DiscoveryFormat format, DiscoveryEncoding encoding) = path.Length == 1 ? DiscoveryFormats.Negotiate(accept) : (DiscoveryFormat.Legacy, DiscoveryFormats.NegotiateLegacy(accept));
        DiscoveryDocument? document = path switch
        {
            ["api"] => all.Core(format, serverAddress),
            ["apis"] => all.Groups(format),
            ["api", var version] => all.Resources("", version),
            ["apis", var group] => all.Group(group),
            ["apis", var group, var version] => all.Resources(group, version),
            _ => null,
        };
        if (document is null)
        {
            // Below what has a route of its own upstream's router answers a Status.
            return path is ["version", ..] or ["api", _] || (path is ["apis", var served, _] && all.Group(served) is not null) ? throw ApiErrors.NoSuchResource() : false;
        }

        if (path is ["api"] or ["api", _] || (path is ["apis", var inGroup, _] && isBuiltIn(inGroup)))
        {
            RequireGet(context);
        }

        await WriteAsync(context, document, format, encoding, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Upstream's router knows GET alone; its handlers of groups, and of all that is custom, look at no method.</summary>
    /// <exception cref="StatusException">405.</exception>
    private static void RequireGet(HttpContext context)
    {
        if (context.Request.Method != "GET")
        {
            throw ApiErrors.MethodNotAllowed();
        }
    }

    private static async Task WriteAsync(HttpContext context, DiscoveryDocument document, DiscoveryFormat format, DiscoveryEncoding encoding, CancellationToken cancellationToken)
    {
        HttpResponse response = context.Response;
        response.Headers.Vary = HeaderNames.Accept;
        if (format != DiscoveryFormat.Legacy)
        {
            response.Headers.ETag = document.ETag;
            response.Headers.CacheControl = "public";
            if (context.Request.Headers.IfNoneMatch.ToString() == document.ETag)
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        ReadOnlyMemory<byte> body = document.As(encoding);
        response.ContentType = format.ContentType(encoding);
        response.ContentLength = body.Length;
        if (context.Request.Method != "HEAD")
        {
            await response.Body.WriteAsync(body, cancellationToken).ConfigureAwait(false);
        }
    }
}
