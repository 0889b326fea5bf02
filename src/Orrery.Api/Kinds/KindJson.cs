using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>Tolerant reading of the parts of our kinds: what has the wrong type reads as absent.</summary>
public static class KindJson
{
    public static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : "";

    public static bool Flag(JsonElement? json) => json is { ValueKind: JsonValueKind.True };

    public static IReadOnlyList<string> Texts(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Array } a
            ? [.. a.EnumerateArray().Where(x => x.ValueKind == JsonValueKind.String).Select(x => x.GetString()!)]
            : [];

    /// <summary>Null when absent: not the same as none.</summary>
    public static IReadOnlyList<string>? TextsOrNull(JsonElement? json) => json is { ValueKind: JsonValueKind.Array } ? Texts(json) : null;

    /// <summary>A metav1 LabelSelector; null when absent or when it cannot be read, which the schema already refuses.</summary>
    public static LabelSelector? Selector(JsonElement? json)
    {
        if (json is not { ValueKind: JsonValueKind.Object } found)
        {
            return null;
        }

        try
        {
            return LabelSelector.FromJson(JsonObject.Create(found));
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    /// <summary>A member whose values are strings; empty when absent.</summary>
    public static IReadOnlyDictionary<string, string> Map(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement map) && map.ValueKind == JsonValueKind.Object
            ? map.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.String).ToDictionary(m => m.Name, m => m.Value.GetString()!, StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Quantities by resource, written as strings or as plain numbers.</summary>
    public static IReadOnlyDictionary<string, Quantity> Quantities(JsonElement? json)
    {
        var found = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        if (json is { ValueKind: JsonValueKind.Object } map)
        {
            foreach (JsonProperty member in map.EnumerateObject())
            {
                string text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
                if (Quantity.TryParse(text, out Quantity quantity))
                {
                    found[member.Name] = quantity;
                }
            }
        }

        return found;
    }

    /// <summary>Sorted by resource, each in its canonical form.</summary>
    public static JsonObject Quantities(IReadOnlyDictionary<string, Quantity> quantities) =>
        new(quantities.OrderBy(q => q.Key, StringComparer.Ordinal).Select(q => new KeyValuePair<string, JsonNode?>(q.Key, q.Value.ToString())));
}
