using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.OpenApi;

/// <summary>The one document at <c>/openapi/v2</c>: all group versions, in Swagger 2.0.</summary>
public static class SwaggerDocument
{
    /// <summary>UTF-8 JSON. Costly, and asked for by few clients: keep the bytes for as long as the surface stays the same.</summary>
    public static byte[] Write(IReadOnlyList<OpenApiGroupVersion> groupVersions)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, DocumentHead.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("swagger", "2.0");
            DocumentHead.WriteInfo(writer);
            var schemas = new BuiltinSchemaWriter(writer, SchemaDialect.V2, "", "v1");
            writer.WriteStartObject("paths");
            foreach (OpenApiGroupVersion of in groupVersions)
            {
                var paths = new PathWriter(writer, SchemaDialect.V2, schemas, ResourcePaths.Tag(of.Group, of.Version));
                paths.WriteDiscovery($"/{of.Path}/", $"get{ResourcePaths.OperationPrefix(new GroupVersionResource(of.Group, of.Version, ""))}APIResources", TypeNames.ResourceList);
                foreach (OpenApiResource resource in of.Resources)
                {
                    foreach (PathItem item in ResourcePaths.Of(resource))
                    {
                        paths.Write(item, resource.Custom is not null);
                    }
                }
            }

            writer.WriteEndObject();
            writer.WriteStartObject("definitions");
            DocumentSchemas.Write(writer, SchemaDialect.V2, schemas, groupVersions.SelectMany(g => g.Resources));
            schemas.WriteAll();
            writer.WriteEndObject();
            DocumentHead.WriteSecurity(writer, "securityDefinitions");
            writer.WriteStartArray("security");
            writer.WriteStartObject();
            writer.WriteStartArray("BearerToken");
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
