using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>The index at <c>/openapi/v3</c>: which documents there are, and the URL of each as it is now.</summary>
public static class OpenApiIndex
{
    /// <summary>UTF-8 JSON. URLs are without the prefix of a virtual cluster: clients put their own base before them.</summary>
    public static byte[] Write(IEnumerable<IOpenApiDocument> documents)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, DocumentHead.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("paths");
            foreach (IOpenApiDocument document in documents.OrderBy(d => d.Path, StringComparer.Ordinal))
            {
                writer.WriteStartObject(document.Path);
                writer.WriteString("serverRelativeURL", $"/openapi/v3/{document.Path}?hash={document.Hash}");
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
