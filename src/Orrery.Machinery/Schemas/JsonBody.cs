using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// Reads JSON as Go's decoder does where .NET's own tree differs: of a repeated member the last counts and stands
/// in the first one's place, and a fault has Go's text.
/// </summary>
public static class JsonBody
{
    /// <summary>Levels of nesting that are accepted. Every later walk of the tree may recurse that deep.</summary>
    public const int MaxDepth = KubeJson.MostOfBody;

    private static readonly string Owned = MemberNames.Add("fieldsV1");

    internal static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    /// <exception cref="FormatException">No JSON; the message is Go's, such as <c>unexpected end of JSON input</c>.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8) => Read(utf8, ReaderOptions, isStored: false);

    /// <summary>A body of either side: as deep as what is stored.</summary>
    /// <exception cref="FormatException">No JSON.</exception>
    public static JsonNode? ParseDeep(ReadOnlySpan<byte> utf8) => Read(utf8, KubeJson.ReaderOptions, isStored: false);

    /// <summary>What was stored: a body, and who owns the fields of all that is nested in it.</summary>
    /// <exception cref="FormatException">No JSON.</exception>
    public static JsonNode? ParseStored(ReadOnlySpan<byte> utf8) => Read(utf8, KubeJson.ReaderOptions, isStored: true);

    private static JsonNode? Read(ReadOnlySpan<byte> utf8, JsonReaderOptions options, bool isStored)
    {
        var reader = new Utf8JsonReader(utf8, options);
        try
        {
            reader.Read();
            JsonNode? node = Value(ref reader, isStored);
            reader.Read();
            return node;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is no UTF-8.
            throw new FormatException(JsonSyntax.Fault(utf8, options.MaxDepth) ?? "invalid UTF-8 in string literal", e);
        }
    }

    /// <param name="isStored">Written by us, and so without repeated members: who owns which fields stays as it is written until somebody looks into it.</param>
    private static JsonNode? Value(ref Utf8JsonReader reader, bool isStored)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var json = new JsonObject();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    string name = MemberNames.Of(ref reader);
                    reader.Read();
                    json[name] = isStored && ReferenceEquals(name, Owned) && reader.TokenType == JsonTokenType.StartObject ? JsonObject.Create(JsonElement.ParseValue(ref reader)) : Value(ref reader, isStored);
                }

                return json;
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Add(Value(ref reader, isStored));
                }

                return array;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                return reader.TryGetInt64(out long integer) && !reader.ValueSpan.Contains((byte)'.') ? JsonValue.Create(integer) : JsonValue.Create(JsonElement.ParseValue(ref reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }
}
