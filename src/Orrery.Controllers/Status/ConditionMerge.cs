using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Controllers.Status;

/// <summary>
/// Makes one list of conditions of those that the data planes report. The transition time stays while the status stays, so that
/// merging the same reports twice gives the same bytes.
/// </summary>
internal sealed class ConditionMerge(JsonElement? previousStatus, DateTimeOffset now)
{
    /// <summary>Conditions that say a fault: one data plane with it is enough.</summary>
    private static readonly string[] Faults = ["ReplicaFailure", "Failed", "FailureTarget", "DisruptionTarget", "ScalingLimited"];

    private readonly string nowText = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    private readonly JsonArray merged = [];

    public JsonArray Result => merged;

    /// <summary>Merges every type that any of the reports has, except those in <paramref name="but"/>.</summary>
    public void All(IReadOnlyList<PlaneReport> reports, params string[] but)
    {
        foreach (string type in reports.SelectMany(Types).Distinct(StringComparer.Ordinal).Except(but).Order(StringComparer.Ordinal).ToList())
        {
            Merge(type, reports);
        }
    }

    /// <summary>
    /// A fault is true when it is anywhere. Anything else holds only when every data plane has it, and is left out while one does not say.
    /// </summary>
    public void Merge(string type, IReadOnlyList<PlaneReport> reports)
    {
        List<(PlaneReport Plane, JsonElement Condition)> said = [.. reports.Where(r => r.Condition(type) is not null).Select(r => (r, r.Condition(type)!.Value))];
        bool isFault = Faults.Contains(type);
        if (said.Count == 0 || (!isFault && said.Count < reports.Count))
        {
            return;
        }

        (PlaneReport plane, JsonElement condition) = isFault
            ? First(said, "True") ?? First(said, "Unknown") ?? said[0]
            : First(said, "False") ?? First(said, "Unknown") ?? said[0];
        string message = Text(condition, "message");
        bool alike = said.All(s => Text(s.Condition, "status") == Text(condition, "status") && Text(s.Condition, "message") == message);
        Set(type, Text(condition, "status"), Text(condition, "reason"), alike || message.Length == 0 ? message : $"{plane.DataPlane}: {message}", condition);
    }

    /// <param name="like">A reported condition whose times beyond the transition's are taken over.</param>
    public void Set(string type, string status, string reason, string message, JsonElement? like = null)
    {
        JsonElement? previous = Previous(type);
        bool same = previous is { } p && Text(p, "status") == status;
        var condition = new JsonObject { ["type"] = type, ["status"] = status };
        foreach (string time in (ReadOnlySpan<string>)["lastProbeTime", "lastUpdateTime"])
        {
            if (like is { } l && Text(l, time) is { Length: > 0 } at)
            {
                condition[time] = at;
            }
        }

        condition["lastTransitionTime"] = same && Text(previous!.Value, "lastTransitionTime") is { Length: > 0 } kept ? kept : nowText;
        if (reason.Length > 0)
        {
            condition["reason"] = reason;
        }

        if (message.Length > 0)
        {
            condition["message"] = message;
        }

        merged.Add((JsonNode)condition);
    }

    public static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : "";

    private static (PlaneReport Plane, JsonElement Condition)? First(List<(PlaneReport Plane, JsonElement Condition)> said, string status)
    {
        foreach ((PlaneReport Plane, JsonElement Condition) item in said)
        {
            if (Text(item.Condition, "status") == status)
            {
                return item;
            }
        }

        return null;
    }

    private static IEnumerable<string> Types(PlaneReport report) =>
        report.Part("conditions") is { ValueKind: JsonValueKind.Array } conditions
            ? conditions.EnumerateArray().Select(c => Text(c, "type")).Where(t => t.Length > 0)
            : [];

    private JsonElement? Previous(string type)
    {
        if (previousStatus is { ValueKind: JsonValueKind.Object } status
            && status.TryGetProperty("conditions", out JsonElement conditions) && conditions.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement condition in conditions.EnumerateArray())
            {
                if (Text(condition, "type") == type)
                {
                    return condition;
                }
            }
        }

        return null;
    }
}
