using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Machinery.Tables;

namespace Orrery.Commands.Objects;

/// <summary>An object for people: its metadata, its fields as a tree, its conditions and Events as tables.</summary>
internal static partial class Description
{
    private const int LabelWidth = 14;

    /// <summary>The whole object once more, as kubectl keeps it; kubectl shows it as little.</summary>
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    public static void Write(KubeObject item, IReadOnlyList<KubeObject> events, DateTimeOffset now, TextWriter output)
    {
        // 1. What every object has.
        Line(output, 0, "Name", item.Name);
        if (item.Namespace.Length > 0)
        {
            Line(output, 0, "Namespace", item.Namespace);
        }

        Pairs(output, "Labels", item.Labels);
        Pairs(output, "Annotations", item.Annotations.Where(a => a.Key != LastApplied).ToDictionary(StringComparer.Ordinal));
        Line(output, 0, "Created", item.CreationTimestamp is { } made ? $"{made.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} ({HumanDuration.Format(now - made)} ago)" : "<unknown>");
        if (item.TextAt("metadata", "deletionTimestamp") is { } deleted)
        {
            Line(output, 0, "Deleting", $"since {deleted}, waits for {string.Join(", ", item.Finalizers)}");
        }

        // 2. What this kind has.
        foreach (JsonProperty member in item.Json.EnumerateObject().Where(m => m.Name is not ("apiVersion" or "kind" or "metadata")))
        {
            Tree(output, 0, member.Name, member.Value, skipConditions: true);
        }

        // 3. Conditions and Events.
        if (item.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions && conditions.GetArrayLength() > 0)
        {
            output.WriteLine("Conditions:");
            Table(output, ["TYPE", "STATUS", "AGE", "REASON", "MESSAGE"], conditions.EnumerateArray().Select(c => (string[])
                [Text(c, "type"), Text(c, "status"), Age(Text(c, "lastTransitionTime"), now), Text(c, "reason"), Text(c, "message")]));
        }

        if (events.Count == 0)
        {
            output.WriteLine("Events:         <none>");
            return;
        }

        output.WriteLine("Events:");
        Table(output, ["TYPE", "REASON", "AGE", "FROM", "MESSAGE"], events.OrderBy(e => e.TextAt("lastTimestamp"), StringComparer.Ordinal).Select(e => (string[])
            [e.TextAt("type") ?? "", e.TextAt("reason") ?? "", EventAge(e, now), e.TextAt("source", "component") ?? "", e.TextAt("message") ?? ""]));
    }

    public static string Age(string? timestamp, DateTimeOffset now) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, out DateTimeOffset at) ? HumanDuration.Format(now - at) : "<unknown>";

    private static string EventAge(KubeObject item, DateTimeOffset now)
    {
        string last = Age(item.TextAt("lastTimestamp") ?? item.TextAt("eventTime"), now);
        return item.NumberAt("count") is > 1 and { } count ? $"{last} (x{count} over {Age(item.TextAt("firstTimestamp"), now)})" : last;
    }

    private static void Tree(TextWriter output, int depth, string name, JsonElement value, bool skipConditions = false)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                output.WriteLine($"{Indent(depth)}{Words(name)}:");
                foreach (JsonProperty member in value.EnumerateObject().Where(m => !(skipConditions && m.Name == "conditions")))
                {
                    Tree(output, depth + 1, member.Name, member.Value);
                }

                break;
            case JsonValueKind.Array when value.EnumerateArray().All(i => i.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)):
                Line(output, depth, Words(name), value.GetArrayLength() == 0 ? "<none>" : string.Join(", ", value.EnumerateArray().Select(i => i.ToString())));
                break;
            case JsonValueKind.Array:
                output.WriteLine($"{Indent(depth)}{Words(name)}:");
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Item(output, depth + 1, item);
                }

                break;
            default:
                Line(output, depth, Words(name), value.ToString());
                break;
        }
    }

    /// <summary>An element of a list: a dash before its first member.</summary>
    private static void Item(TextWriter output, int depth, JsonElement item)
    {
        var inner = new StringWriter();
        if (item.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in item.EnumerateObject())
            {
                Tree(inner, depth + 1, member.Name, member.Value);
            }
        }
        else
        {
            inner.WriteLine(Indent(depth + 1) + item);
        }

        string text = inner.ToString();
        output.Write(text.Length > 2 * (depth + 1) ? $"{Indent(depth)}- {text[(2 * (depth + 1))..]}" : text);
    }

    private static void Pairs(TextWriter output, string name, IReadOnlyDictionary<string, string> pairs)
    {
        if (pairs.Count == 0)
        {
            Line(output, 0, name, "<none>");
            return;
        }

        string label = name;
        foreach ((string key, string value) in pairs.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{(label.Length > 0 ? label + ":" : "").PadRight(LabelWidth + 2)}{key}={value}");
            label = "";
        }
    }

    private static void Table(TextWriter output, string[] header, IEnumerable<string[]> rows)
    {
        var text = new StringWriter();
        Columns.Write(text, [header, .. rows]);
        foreach (string line in text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine("  " + line.TrimEnd('\r'));
        }
    }

    private static void Line(TextWriter output, int depth, string name, string value) =>
        output.WriteLine(value.Contains('\n', StringComparison.Ordinal)
            ? $"{Indent(depth)}{name}:\n{string.Join('\n', value.TrimEnd('\n').Split('\n').Select(l => Indent(depth + 1) + l))}"
            : $"{(Indent(depth) + name + ":").PadRight(LabelWidth + 1)} {(value.Length == 0 ? "\"\"" : value)}".TrimEnd());

    private static string Indent(int depth) => new(' ', depth * 2);

    /// <summary>Field names as words: <c>observedGeneration</c> is "Observed Generation". What is no field name (a key with other signs) stays.</summary>
    private static string Words(string name) =>
        FieldName().IsMatch(name) ? char.ToUpperInvariant(name[0]) + WordStart().Replace(name[1..], " $0") : name;

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";

    [GeneratedRegex("^[a-z][A-Za-z0-9]*$")]
    private static partial Regex FieldName();

    [GeneratedRegex("[A-Z](?=[a-z])|(?<=[a-z])[A-Z]")]
    private static partial Regex WordStart();
}
