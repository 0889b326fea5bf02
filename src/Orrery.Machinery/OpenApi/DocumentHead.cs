using System.Text.Encodings.Web;
using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>What every document begins or ends with.</summary>
internal static class DocumentHead
{
    /// <summary>The answer is JSON and nothing else: characters that only HTML minds stay readable.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteInfo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("info");
        writer.WriteString("title", "Kubernetes");
        writer.WriteString("version", "1.36");
        writer.WriteEndObject();
    }

    public static void WriteSecurity(Utf8JsonWriter writer, string member)
    {
        writer.WriteStartObject(member);
        writer.WriteStartObject("BearerToken");
        writer.WriteString("type", "apiKey");
        writer.WriteString("description", "Bearer Token authentication");
        writer.WriteString("name", "authorization");
        writer.WriteString("in", "header");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
