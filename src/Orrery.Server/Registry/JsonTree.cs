using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Server.Registry;

/// <summary>
/// Reads JSON into a mutable tree at once. Unlike <see cref="JsonNode.Parse(ReadOnlySpan{byte}, JsonNodeOptions?, JsonDocumentOptions)"/>
/// a repeated member is no error (the last wins, as encoding/json does) and nothing is parsed lazily later.
/// </summary>
internal static class JsonTree
{
    /// <summary>Upstream's limit is 10,000 levels; an object that deep is refused here much earlier, before it costs stack.</summary>
    public const int MaxDepth = 500;

    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        JsonNode? node = Value(ref reader);
        if (reader.Read())
        {
            throw new JsonException("more than one value");
        }

        return node;
    }

    /// <exception cref="JsonException">Not an object.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> utf8) =>
        Parse(utf8) as JsonObject ?? throw new JsonException("not an object");

    private static JsonNode? Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    string name = reader.GetString()!;
                    reader.Read();
                    members[name] = Value(ref reader);
                }

                return members;
            case JsonTokenType.StartArray:
                var items = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Value(ref reader));
                }

                return items;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                // A fraction or an exponent keeps its text; an integer becomes a plain long.
                return reader.TryGetInt64(out long whole) ? JsonValue.Create(whole) : JsonValue.Create(JsonElement.ParseValue(ref reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }
}
