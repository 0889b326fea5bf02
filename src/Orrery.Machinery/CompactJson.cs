using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery;

/// <summary>
/// Reads what clients send as YAML and is JSON on one line: what is applied mostly is. Whatever YAML might take for something else is left to
/// <see cref="YamlJson"/>, so that both come to the same.
/// </summary>
public static class CompactJson
{
    /// <summary>Bytes; YAML finds no colon behind a key of more than 1024 characters.</summary>
    private const int MaxKey = 1000;

    /// <returns>Null for what is no JSON, or might mean something else as YAML, or repeats a key.</returns>
    public static JsonObject? TryParse(ReadOnlySpan<byte> utf8)
    {
        utf8 = utf8.TrimEnd("\n"u8);
        if (utf8.IsEmpty || utf8[0] != '{' || utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~') || HasDoubtfulEscape(utf8))
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(utf8);
            reader.Read();
            return TryRead(ref reader, out JsonNode? node) && !reader.Read() ? (JsonObject?)node : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether there may be <c>\/</c> or a half of a surrogate pair, which YAML has not.</summary>
    private static bool HasDoubtfulEscape(ReadOnlySpan<byte> utf8)
    {
        for (int at; (at = utf8.IndexOf((byte)'\\')) >= 0; utf8 = utf8[Math.Min(at + 2, utf8.Length)..])
        {
            if (utf8[(at + 1)..] is [(byte)'/', ..] or [(byte)'u', (byte)'d' or (byte)'D', ..])
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryRead(ref Utf8JsonReader reader, out JsonNode? node)
    {
        node = null;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var json = new JsonObject();
                node = json;
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    bool isKey = reader.ValueSpan.Length <= MaxKey;
                    string name = reader.GetString()!;
                    reader.Read();
                    if (!isKey || !TryRead(ref reader, out JsonNode? member) || !json.TryAdd(name, member))
                    {
                        return false;
                    }
                }

                return true;
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                node = array;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (!TryRead(ref reader, out JsonNode? item))
                    {
                        return false;
                    }

                    array.Add(item);
                }

                return true;
            case JsonTokenType.String:
                node = JsonValue.Create(reader.GetString());
                return true;
            case JsonTokenType.Number:
                // The rest of the numbers has rules of its own in YAML.
                if (!reader.TryGetInt64(out long integer) || reader.ValueSpan.ContainsAny(".eE"u8) || reader.ValueSpan.StartsWith("-0"u8))
                {
                    return false;
                }

                node = JsonValue.Create(integer);
                return true;
            case JsonTokenType.True or JsonTokenType.False:
                node = JsonValue.Create(reader.TokenType == JsonTokenType.True);
                return true;
            default:
                return reader.TokenType == JsonTokenType.Null;
        }
    }
}
