using System.Text.Json.Nodes;

namespace Orrery.Machinery;

/// <summary>A value with the members of all its objects in the order of their names, as Go writes a map.</summary>
public static class SortedJson
{
    /// <returns>A copy.</returns>
    public static JsonNode? Of(JsonNode? node) => node switch
    {
        JsonObject json => new JsonObject(json.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Of(m.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Of)]),
        _ => node?.DeepClone(),
    };
}
