using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Controllers.Bundles;

/// <summary>Digests of JSON that do not depend on the order of members, nor on members that are null.</summary>
internal static class CanonicalJson
{
    /// <summary>SHA-256 in lower-case hexadecimal.</summary>
    public static string Digest(JsonElement json)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, json);
        }

        return Hash(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    public static string Digest(JsonNode? json) => Digest(JsonSerializer.SerializeToElement(json));

    public static string Digest(string text) => Hash(Encoding.UTF8.GetBytes(text));

    /// <summary>Removes members that are null, at any depth: an API server keeps none.</summary>
    public static JsonObject WithoutNulls(JsonObject json)
    {
        foreach (string name in json.Where(m => m.Value is null).Select(m => m.Key).ToList())
        {
            json.Remove(name);
        }

        foreach (JsonNode? value in json.Select(m => m.Value))
        {
            Strip(value);
        }

        return json;
    }

    private static void Strip(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject inner:
                WithoutNulls(inner);
                break;
            case JsonArray list:
                foreach (JsonNode? item in list)
                {
                    Strip(item);
                }

                break;
        }
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static void Write(Utf8JsonWriter writer, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in json.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null).OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in json.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                json.WriteTo(writer);
                break;
        }
    }
}
