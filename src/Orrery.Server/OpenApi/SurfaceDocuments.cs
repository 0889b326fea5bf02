using System.Security.Cryptography;
using Orrery.Machinery.OpenApi;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

namespace Orrery.Server.OpenApi;

/// <summary>The documents of one surface, each made when first asked for.</summary>
internal sealed class SurfaceDocuments
{
    private readonly Dictionary<string, IOpenApiDocument> byPath;
    private readonly Lazy<byte[]> index;
    private readonly Lazy<byte[]> swagger;
    private readonly Lazy<byte[]> swaggerProtobuf;
    private readonly Lazy<string> swaggerHash;

    public SurfaceDocuments(ApiSurface surface, Func<ApiGroupSurface, ApiVersionSurface, OpenApiGroupVersion> document)
    {
        OpenApiGroupVersion[] all = [.. surface.Groups.SelectMany(g => g.Versions.Select(v => document(g, v)))];
        byPath = all.Concat(OpenApiPathDocument.Of(surface.Groups.Select(g => g.Name).Where(BuiltinResources.Instance.HasGroup))).ToDictionary(d => d.Path, StringComparer.Ordinal);
        index = new(() => OpenApiIndex.Write(byPath.Values));
        swagger = new(() => SwaggerDocument.Write(all));
        swaggerProtobuf = new(() => SwaggerProtobuf.From(swagger.Value));
        swaggerHash = new(() => Convert.ToHexString(SHA512.HashData(index.Value)));
    }

    public ReadOnlyMemory<byte> Index => index.Value;

    public ReadOnlyMemory<byte> Swagger => swagger.Value;

    /// <summary>The same in <see cref="Machinery.OpenApi.SwaggerProtobuf"/>'s form.</summary>
    public ReadOnlyMemory<byte> SwaggerProtobufForm => swaggerProtobuf.Value;

    /// <summary>The index changes whenever any document does.</summary>
    public string SwaggerHash => swaggerHash.Value;

    /// <param name="path">Such as <c>apis/apps/v1</c>.</param>
    public IOpenApiDocument? Find(string path) => byPath.GetValueOrDefault(path);
}
