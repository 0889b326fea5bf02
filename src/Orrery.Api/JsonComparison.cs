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
        JsonObject o => found.ValueKind == JsonValueKind.Object
            && found.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.Null || o.ContainsKey(m.Name))
            && o.All(m => found.TryGetProperty(m.Key, out JsonElement value) ? IsSame(value, m.Value) : IsEmpty(m.Value)),
        JsonArray a => found.ValueKind == JsonValueKind.Array && found.GetArrayLength() == a.Count && found.EnumerateArray().Zip(a).All(p => IsSame(p.First, p.Second)),
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

    /// <summary>Absent and empty are the same to an API server.</summary>
    private static bool MemberHolds(JsonNode? applied, JsonElement live, string name) =>
        live.TryGetProperty(name, out JsonElement value) ? Holds(applied, value) : IsEmpty(applied);

    private static bool IsEmpty(JsonNode? wanted) => wanted is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
