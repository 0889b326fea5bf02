using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery.OpenApi;
using Orrery.Server.Discovery;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.OpenApi;

/// <summary>Serves <c>/openapi/v3</c>, the documents below it, and <c>/openapi/v2</c>.</summary>
internal sealed class OpenApiEndpoint(ResourceCatalog resources, TimeProvider time)
{
    private const string Index = "/openapi/v3";

    /// <summary>Documents go with the surface that they describe; group versions that clusters share are written once.</summary>
    private readonly ConditionalWeakTable<ApiSurface, SurfaceDocuments> surfaces = [];
    private readonly ConditionalWeakTable<ApiVersionSurface, OpenApiGroupVersion> versions = [];

    /// <summary>Answers an OpenAPI request; false, and nothing written, when the path is none.</summary>
    /// <exception cref="StatusException">406: the form that is asked for is none of it.</exception>
    public async ValueTask<bool> TryServeAsync(HttpContext http, RequestInfo request, CancellationToken cancellationToken)
    {
        bool v2 = request.Path == "/openapi/v2";
        bool index = request.Path is Index or Index + "/";
        if (request.Cluster.IsAll || !(v2 || index || request.Path.StartsWith(Index + "/", StringComparison.Ordinal)))
        {
            return false;
        }

        SurfaceDocuments documents = surfaces.GetValue(resources.For(request.Cluster), surface => new SurfaceDocuments(surface, (group, version) => Document(request.Cluster, group, version)));
        if (index)
        {
            // Upstream answers the index as text, and clients read it as what it is.
            await ObjectResponse.WriteBytesAsync(http, 200, "text/plain; charset=utf-8", documents.Index, cancellationToken);
            return true;
        }

        if (v2)
        {
            if (WantsProtobuf(http.Request.Headers.Accept, SwaggerProtobuf.MediaType, SwaggerProtobuf.OldMediaType))
            {
                // Under its newer name: the older one is no media type by the letter of RFC 9110, and Go's clients do not read it.
                await WriteAsync(http, documents.SwaggerHash + "P", documents.SwaggerProtobufForm, cancellationToken, SwaggerProtobuf.MediaType);
                return true;
            }

            RequireJson(http.Request.Headers.Accept);
            await WriteAsync(http, documents.SwaggerHash, documents.Swagger, cancellationToken);
            return true;
        }

        bool protobuf = WantsProtobuf(http.Request.Headers.Accept, OpenApiProtobuf.MediaType, OpenApiProtobuf.OldMediaType);
        if (!protobuf)
        {
            RequireJson(http.Request.Headers.Accept);
        }

        if (documents.Find(request.Path[(Index.Length + 1)..]) is not { } document)
        {
            return false;
        }

        if (http.Request.Query["hash"].ToString() is { Length: > 0 } hash)
        {
            if (hash != document.Hash)
            {
                http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
                http.Response.Headers.Location = $"{request.Cluster.PathPrefix}{Index}/{document.Path}?hash={document.Hash}";
                return true;
            }

            // What is named by its hash never changes: kubectl keeps it on disk and does not ask again.
            http.Response.Headers.CacheControl = "public, immutable";
            http.Response.Headers.Expires = time.GetUtcNow().AddYears(1).ToString("R", CultureInfo.InvariantCulture);
        }

        if (protobuf)
        {
            // Made each time: few ask for it, and those keep it by its hash.
            await WriteAsync(http, document.Hash + "P", OpenApiProtobuf.From(document.Document), cancellationToken, OpenApiProtobuf.MediaType);
            return true;
        }

        await WriteAsync(http, document.Hash, document.Document, cancellationToken);
        return true;
    }

    private static async Task WriteAsync(HttpContext http, string hash, ReadOnlyMemory<byte> body, CancellationToken cancellationToken, string contentType = "application/json")
    {
        string tag = $"\"{hash}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Vary = "Accept";
        if (http.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await ObjectResponse.WriteBytesAsync(http, 200, contentType, body, cancellationToken);
    }

    private static bool WantsProtobuf(string? accept, string name, string oldName) =>
        MediaType.ParseAccept(accept).FirstOrDefault(c => c.Accepts("application", "json") || c.Essence == name || c.Essence == oldName)
            is { } first && !first.Accepts("application", "json");

    /// <exception cref="StatusException">406 for what asks for neither JSON nor the protobuf of its document.</exception>
    private static void RequireJson(string? accept)
    {
        if (!MediaType.ParseAccept(accept).Any(clause => clause.Accepts("application", "json")))
        {
            throw ApiErrors.NotAcceptable("only the following media types are accepted: application/json");
        }
    }

    private OpenApiGroupVersion Document(ClusterName cluster, ApiGroupSurface group, ApiVersionSurface version) =>
        versions.GetValue(version, v => new OpenApiGroupVersion(group.Name, v.Version, [.. v.Resources
            .Select(r => resources.Find(cluster, new GroupVersionResource(group.Name, v.Version, r.Name)))
            .OfType<ResourceDefinition>()
            .OrderBy(d => d.Resource.Resource, StringComparer.Ordinal)
            .Select(Describe)]));

    private static OpenApiResource Describe(ResourceDefinition definition) => new()
    {
        Resource = definition.Resource,
        Kind = definition.Kind.Kind,
        ListKind = definition.ListKind,
        Namespaced = definition.Namespaced,
        Verbs = definition.Verbs.Order(StringComparer.Ordinal).ToArray(),
        Subresources = [.. definition.Subresources.Values.OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => new OpenApiSubresource(s.Name, s.Kind, s.Verbs.Order(StringComparer.Ordinal).ToArray()))],
        Custom = definition.IsCustom ? definition.Schema : null,
    };
}
