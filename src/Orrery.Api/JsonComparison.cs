using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>Compares what a server keeps with what is to be written. An API server writes some absent fields as null, which says the same.</summary>
public static class JsonComparison
{
    /// <summary>Whether both say the same: absent, null and empty are one.</summary>
    public static bool IsSame(JsonElement? present, JsonNode? wanted) => present is not { } found || found.ValueKind == JsonValueKind.Null ? IsEmpty(wanted) : wanted switch
    {
        null => false,
        JsonObject o => found.ValueKind == JsonValueKind.Object && IsSameObject(found, o),
        JsonArray a => found.ValueKind == JsonValueKind.Array && IsSameArray(found, a),

        // Most of what is compared are texts, by the ten thousand: not copied for it.
        JsonValue v when found.ValueKind == JsonValueKind.String && v.TryGetValue(out string? text) => found.ValueEquals(text),
        _ => JsonNode.DeepEquals(JsonValue.Create(found), wanted),
    };

    /// <summary>
    /// Whether every field of <paramref name="applied"/> has its value in <paramref name="live"/>. What others added beside is theirs. An API
    /// server may write a value another way (1000m as 1), which reads as a difference here.
    /// </summary>
    public static bool Holds(JsonNode? applied, JsonElement live) => applied switch
    {
        null => live.ValueKind == JsonValueKind.Null,
        JsonObject o => live.ValueKind == JsonValueKind.Object && o.All(m => MemberHolds(m.Value, live, m.Key)),
        JsonArray a => live.ValueKind == JsonValueKind.Array && live.GetArrayLength() == a.Count && a.Zip(live.EnumerateArray()).All(p => Holds(p.First, p.Second)),
        _ => JsonNode.DeepEquals(applied, JsonValue.Create(live)),
    };

    private static bool IsSameObject(JsonElement found, JsonObject wanted)
    {
        foreach (JsonProperty member in found.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && !wanted.ContainsKey(member.Name))
            {
                return false;
            }
        }

        foreach ((string name, JsonNode? value) in wanted)
        {
            if (!(found.TryGetProperty(name, out JsonElement present) ? IsSame(present, value) : IsEmpty(value)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSameArray(JsonElement found, JsonArray wanted)
    {
        if (found.GetArrayLength() != wanted.Count)
        {
            return false;
        }

        int i = 0;
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (!IsSame(item, wanted[i++]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Absent and empty are the same to an API server.</summary>
    private static bool MemberHolds(JsonNode? applied, JsonElement live, string name) =>
        live.TryGetProperty(name, out JsonElement value) ? Holds(applied, value) : IsEmpty(applied);

    private static bool IsEmpty(JsonNode? wanted) => wanted is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
