using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.OpenApi;

/// <summary>
/// The OpenAPI v3 document of one group version. Immutable; the document is made when first asked for and kept as
/// bytes, so instances are to be shared by all clusters that serve the same.
/// </summary>
public sealed class OpenApiGroupVersion : IOpenApiDocument
{
    private readonly Lazy<byte[]> document;
    private readonly Lazy<string> hash;

    public OpenApiGroupVersion(string group, string version, IReadOnlyList<OpenApiResource> resources)
    {
        Group = group;
        Version = version;
        Resources = resources;
        document = new Lazy<byte[]>(Write);
        hash = new Lazy<string>(ComputeHash);
    }

    public string Group { get; }

    public string Version { get; }

    public IReadOnlyList<OpenApiResource> Resources { get; }

    /// <summary>Under <c>/openapi/v3/</c>: <c>api/v1</c> or <c>apis/apps/v1</c>.</summary>
    public string Path => new GroupVersionResource(Group, Version, "").GroupVersionPath[1..];

    /// <summary>UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Document => document.Value;

    /// <summary>
    /// Changes when the document does: SHA-512, upper-case hexadecimal, over what it is made from. The index needs only this,
    /// so that nothing is written for a client that asks for one document of many.
    /// </summary>
    public string Hash => hash.Value;

    private string ComputeHash()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        Append(sha, typeof(OpenApiGroupVersion).Module.ModuleVersionId.ToString());
        Append(sha, Path);
        foreach (OpenApiResource resource in Resources)
        {
            Append(sha, $"{resource.Resource} {resource.Kind} {resource.ListKind} {resource.Namespaced} {string.Join(',', resource.Verbs)}");
            foreach (OpenApiSubresource sub in resource.Subresources)
            {
                Append(sha, $"{sub.Name} {sub.Kind} {string.Join(',', sub.Verbs)}");
            }

            if (resource.Custom?.Source is { } source)
            {
                Append(sha, source.ToJsonString());
            }
        }

        return Convert.ToHexString(sha.GetHashAndReset());
    }

    private static void Append(IncrementalHash sha, string part)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(part);
        sha.AppendData(BitConverter.GetBytes(bytes.Length));
        sha.AppendData(bytes);
    }

    private byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, DocumentHead.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("openapi", "3.0.0");
            DocumentHead.WriteInfo(writer);
            var schemas = new BuiltinSchemaWriter(writer, SchemaDialect.V3, Group, Version);
            var paths = new PathWriter(writer, SchemaDialect.V3, schemas, ResourcePaths.Tag(Group, Version));
            string id = ResourcePaths.OperationPrefix(new GroupVersionResource(Group, Version, ""));
            writer.WriteStartObject("paths");
            paths.WriteDiscovery($"/{Path}/", $"get{id}APIResources", TypeNames.ResourceList);
            foreach (OpenApiResource resource in Resources)
            {
                foreach (PathItem item in ResourcePaths.Of(resource))
                {
                    paths.Write(item, resource.Custom is not null);
                }
            }

            writer.WriteEndObject();
            writer.WriteStartObject("components");
            writer.WriteStartObject("schemas");
            DocumentSchemas.Write(writer, SchemaDialect.V3, schemas, Resources);
            schemas.WriteAll();
            writer.WriteEndObject();
            DocumentHead.WriteSecurity(writer, "securitySchemes");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
