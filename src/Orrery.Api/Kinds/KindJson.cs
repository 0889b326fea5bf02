using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>Tolerant reading of the parts of our kinds: what has the wrong type reads as absent.</summary>
internal static class KindJson
{
    public static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : "";

    public static bool Flag(JsonElement? json) => json is { ValueKind: JsonValueKind.True };

    public static IReadOnlyList<string> Texts(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Array } a
            ? [.. a.EnumerateArray().Where(x => x.ValueKind == JsonValueKind.String).Select(x => x.GetString()!)]
            : [];

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
}
