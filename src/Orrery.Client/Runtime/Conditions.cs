using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>One metav1 condition as it was read.</summary>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
public sealed record ConditionState(string Type, string Status, string Reason, string Message, long? ObservedGeneration, DateTimeOffset? LastTransitionTime);

/// <summary>Reads and writes metav1 conditions (<c>status.conditions</c>), by upstream's rule: the transition time moves only with the status.</summary>
public static class Conditions
{
    public const string True = "True";
    public const string False = "False";
    public const string Unknown = "Unknown";

    /// <summary>Characters of a message; metav1.Condition takes no more. What others said may be longer: a refusal that quotes a whole object.</summary>
    public const int LongestMessage = 32768;

    /// <summary>Sets one condition in a <c>status</c> object; makes the list when missing.</summary>
    /// <param name="reason">One that somebody else left empty is the type's name, as a condition with a generation must have one.</param>
    /// <param name="message">Cut where it is longer than <see cref="LongestMessage"/>.</param>
    /// <param name="observedGeneration">Null writes none, and neither reason nor message where they are empty (kinds of upstream that have no such field).</param>
    /// <returns>False when everything already was as asked, so nothing need be written.</returns>
    public static bool Set(
        JsonObject status, string type, string state, string reason, string message, DateTimeOffset now, long? observedGeneration = null)
    {
        if (status["conditions"] is not JsonArray list)
        {
            status["conditions"] = list = [];
        }

        JsonObject? found = list.OfType<JsonObject>().FirstOrDefault(c => c.TextAt("type") == type);
        if (found is null)
        {
            found = new JsonObject { ["type"] = type };
            list.Add((JsonNode)found);
        }

        bool changed = false;
        if (found.TextAt("status") != state)
        {
            found["status"] = state;
            found["lastTransitionTime"] = Time(now);
            changed = true;
        }

        if (observedGeneration is { } generation && found.NumberAt("observedGeneration") != generation)
        {
            found["observedGeneration"] = generation;
            changed = true;
        }

        bool isWhole = observedGeneration is not null;
        changed |= Put(found, "reason", isWhole && reason.Length == 0 ? type : reason, isWhole);
        changed |= Put(found, "message", Cut(message, LongestMessage), isWhole);
        return changed;
    }

    /// <returns>False when there was none of that type.</returns>
    public static bool Remove(JsonObject status, string type)
    {
        if (status["conditions"] is not JsonArray list
            || list.OfType<JsonObject>().FirstOrDefault(c => c.TextAt("type") == type) is not { } found)
        {
            return false;
        }

        list.Remove(found);
        return true;
    }

    public static ConditionState? Find(KubeObject about, string type)
    {
        if (about.At("status", "conditions") is not { ValueKind: JsonValueKind.Array } list)
        {
            return null;
        }

        foreach (JsonElement item in list.EnumerateArray())
        {
            if (Text(item, "type") == type)
            {
                return new ConditionState(
                    type,
                    Text(item, "status"),
                    Text(item, "reason"),
                    Text(item, "message"),
                    item.TryGetProperty("observedGeneration", out JsonElement g) && g.ValueKind == JsonValueKind.Number ? g.GetInt64() : null,
                    DateTimeOffset.TryParse(Text(item, "lastTransitionTime"), CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null);
            }
        }

        return null;
    }

    public static bool IsTrue(KubeObject about, string type) => Find(about, type)?.Status == True;

    /// <summary>A time as Kubernetes writes it: UTC, whole seconds.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The beginning of a text that is longer than there is room for.</summary>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[longest - 2]) ? longest - 2 : longest - 1), "…");

    private static bool Put(JsonObject condition, string name, string value, bool always)
    {
        if (condition.TextAt(name) == value || (value.Length == 0 && condition[name] is null && !always))
        {
            return false;
        }

        condition[name] = value;
        return true;
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
