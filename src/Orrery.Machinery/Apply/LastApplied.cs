using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>The bridge from client-side apply, which keeps what it applied in an annotation, to server-side apply.</summary>
internal static class LastApplied
{
    public const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>The only field manager whose applies take the annotation over: kubectl's default.</summary>
    public const string KubectlManager = "kubectl";

    private const int MaxAnnotationBytes = 256 * 1024;
    private static readonly JsonWriterOptions GoLike = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Fields that the annotation proves to be the client's own: they stand in it with the value they have now. Null when there is no usable annotation.</summary>
    public static FieldSet? AllowedConflicts(JsonObject live, Schema schema)
    {
        if (live.TextAt("metadata", "annotations", Annotation) is not { Length: > 0 } text)
        {
            return null;
        }

        try
        {
            return JsonBody.Parse(Encoding.UTF8.GetBytes(text)) is JsonObject applied && applied.ApiVersion == live.ApiVersion && TypedCheck.FaultsOf(applied, schema) is null
                ? Unchanged(applied, live, schema)
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes what was applied into the annotation where the object has one, so that client-side apply stays possible.</summary>
    public static void Refresh(JsonObject merged, JsonObject applied)
    {
        if (merged.TextAt("metadata", "annotations", Annotation) is not { Length: > 0 } || merged.NodeAt("metadata", "annotations") is not JsonObject annotations)
        {
            return;
        }

        var copy = (JsonObject)applied.DeepClone();
        if (copy.NodeAt("metadata", "annotations") is JsonObject own)
        {
            own.Remove(Annotation);
            if (own.Count == 0)
            {
                copy.Metadata.Remove("annotations");
            }
        }

        // One line with sorted members and a line feed at its end, as kubectl itself writes it.
        string text = Sorted(copy) + "\n";
        annotations[Annotation] = text;
        int size = annotations.Sum(a => Encoding.UTF8.GetByteCount(a.Key) + (a.Value?.GetValueKind() == JsonValueKind.String ? Encoding.UTF8.GetByteCount(a.Value.GetValue<string>()) : 0));
        if (size > MaxAnnotationBytes)
        {
            annotations.Remove(Annotation);
        }
    }

    private static FieldSet Unchanged(JsonObject applied, JsonObject live, Schema schema)
    {
        Comparison comparison = Comparison.Of(applied, live, schema);
        return OwnedFields.Of(applied, schema).Difference(comparison.Changed).Difference(comparison.Removed);
    }

    private static string Sorted(JsonObject json)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, GoLike))
        {
            Write(writer, json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length)
            .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject o:
                writer.WriteStartObject();
                foreach ((string name, JsonNode? member) in o.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            case JsonArray a:
                writer.WriteStartArray();
                foreach (JsonNode? item in a)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
