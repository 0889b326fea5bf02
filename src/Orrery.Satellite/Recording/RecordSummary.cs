using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Satellite.Recording;

/// <summary>
/// What lines said that are kept no longer: how many there were of each verb, kind and namespace, since the record began. Each ConfigMap that goes leaves its share in a line of a newer one,
/// so that whoever asks for enough to push out older lines cannot hide how much of what was done. Bounded. Pure.
/// </summary>
internal sealed class RecordSummary
{
    /// <summary>Member of the line that says it.</summary>
    public const string Member = "dropped";

    /// <summary>What there is no room left for.</summary>
    public const string Other = "other";

    /// <summary>Groups told apart: those that came first, as one that comes later must not push them out either.</summary>
    public const int Most = 64;

    /// <summary>Characters of a group's name.</summary>
    private const int LongestGroup = 256;

    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
    private long first;
    private long last;
    private string until = "";

    /// <summary>Number of the newest ConfigMap that is summed; zero for none.</summary>
    public long Through { get; private set; }

    /// <summary>As <c>apply Deployment.apps acme-shop-default</c>, in order.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>The last that is said in what is kept; nothing where none is.</summary>
    public static RecordSummary Read(IEnumerable<RecordPart> parts)
    {
        var summary = new RecordSummary();
        if (parts.SelectMany(p => RecordChain.Lines(p.Content)).Select(SaidIn).LastOrDefault(s => s is not null) is not { } said)
        {
            return summary;
        }

        summary.Through = NumberAt(said, "through");
        summary.first = NumberAt(said, "first");
        summary.last = NumberAt(said, "last");
        summary.until = Text(said, "until");
        JsonObject groups = said["counts"] as JsonObject ?? [];
        foreach ((string group, JsonNode? _) in groups)
        {
            summary.Count(group, NumberAt(groups, group));
        }

        return summary;
    }

    /// <summary>Adds what ConfigMaps say that go now.</summary>
    /// <param name="through">Number of the newest of them; those that are summed already are passed over.</param>
    public void Add(IEnumerable<RecordPart> parts, long through)
    {
        foreach (string line in parts.Where(p => p.Number > Through && p.Number <= through).OrderBy(p => p.Number).SelectMany(p => RecordChain.Lines(p.Content)))
        {
            AddLine(line);
        }

        Through = through;
    }

    /// <summary>The members of the line that says it.</summary>
    public string ToLine(string at)
    {
        var groups = new JsonObject();
        foreach ((string group, long count) in counts)
        {
            groups[group] = count;
        }

        var said = new JsonObject { ["through"] = Through, ["first"] = first, ["last"] = last, ["until"] = until, ["counts"] = groups };
        return string.Create(CultureInfo.InvariantCulture, $"\"at\":\"{at}\",\"{Member}\":{said.ToJsonString()}");
    }

    private void AddLine(string line)
    {
        if (Parse(line) is not { } json)
        {
            Count("unreadable", 1);
            return;
        }

        if (json["seq"] is JsonValue seq && seq.TryGetValue(out long number))
        {
            first = first == 0 ? number : first;
            last = number;
        }

        until = Text(json, "at") is { Length: > 0 } at ? at : until;
        if (json["lost"] is JsonValue lost && lost.TryGetValue(out long many))
        {
            Count("lost", many);
        }
        else if (!json.ContainsKey(Member))
        {
            Count(string.Join(' ', ((string[])[Text(json, "verb"), Text(json, "kind"), Text(json, "namespace")]).Where(t => t.Length > 0)), 1);
        }
    }

    private void Count(string group, long many)
    {
        string kept = counts.ContainsKey(group) || (counts.Count < Most && group.Length <= LongestGroup) ? group : Other;
        counts[kept] = counts.GetValueOrDefault(kept) + many;
    }

    private static JsonObject? SaidIn(string line) => line.Contains($"\"{Member}\":", StringComparison.Ordinal) ? Parse(line)?[Member] as JsonObject : null;

    /// <summary>Null for what is no object, or no plain one: others may write there, too.</summary>
    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(JsonObject json, string member) => json[member] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static long NumberAt(JsonObject json, string member) => json[member] is JsonValue value && value.TryGetValue(out long number) ? number : 0;
}
