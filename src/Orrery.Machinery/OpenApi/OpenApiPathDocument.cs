using System.Security.Cryptography;
using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>The OpenAPI v3 document of a single path that can be read and is no resource: <c>/apis/apps/</c>, <c>/version/</c>.</summary>
public sealed class OpenApiPathDocument : IOpenApiDocument
{
    /// <summary>Documents of paths that every server has.</summary>
    private static readonly OpenApiPathDocument[] Common =
    [
        new("api", "/api/", "core", "getCoreAPIVersions"),
        new("apis", "/apis/", "apis", "getAPIVersions"),
        new("version", "/version/", "version", "getCodeVersion"),
        new("openid/v1/jwks", "/openid/v1/jwks/", "openid", "getServiceAccountIssuerOpenIDKeyset"),
        new(".well-known/openid-configuration", "/.well-known/openid-configuration/", "WellKnown", "getServiceAccountIssuerOpenIDConfiguration"),
    ];

    private readonly string url;
    private readonly string tag;
    private readonly string id;
    private readonly Lazy<byte[]> document;
    private readonly Lazy<string> hash;

    private OpenApiPathDocument(string path, string url, string tag, string id)
    {
        Path = path;
        this.url = url;
        this.tag = tag;
        this.id = id;
        document = new Lazy<byte[]>(Write);
        hash = new Lazy<string>(() => Convert.ToHexString(SHA512.HashData(document.Value)));
    }

    public string Path { get; }

    public ReadOnlyMemory<byte> Document => document.Value;

    public string Hash => hash.Value;

    /// <summary>The documents of a server with these groups.</summary>
    /// <param name="groups">Names of built-in groups; the core group has none.</param>
    public static IEnumerable<IOpenApiDocument> Of(IEnumerable<string> groups) =>
        Common.Concat(groups.Where(g => g.Length > 0).Select(g => new OpenApiPathDocument($"apis/{g}", $"/apis/{g}/", ResourcePaths.Tag(g), $"get{ResourcePaths.GroupTitle(g)}APIGroup")));

    private byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, DocumentHead.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("openapi", "3.0.0");
            DocumentHead.WriteInfo(writer);
            writer.WriteStartObject("paths");
            new PathWriter(writer, SchemaDialect.V3, new BuiltinSchemaWriter(writer, SchemaDialect.V3, "", "v1"), tag).WriteDiscovery(url, id, null);
            writer.WriteEndObject();
            writer.WriteStartObject("components");
            DocumentHead.WriteSecurity(writer, "securitySchemes");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
