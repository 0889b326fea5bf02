using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Events, under both of their names: some fields are called differently in events.k8s.io.</summary>
internal static class EventPrinter
{
    public static readonly TablePrinter Instance = new(
        [
            Columns.Text("Last Seen", "Time since the event was last seen."), Columns.Text("Type", "Normal or Warning."), Columns.Text("Reason", "What happened, in a word."),
            Columns.Text("Object", "What it happened to."), Columns.Wide("Subobject", "Which part of the object."), Columns.Wide("Source", "Who reports it."),
            Columns.Text("Message", "What happened, for people."), Columns.Wide("First Seen", "Time since the event was first seen."), Columns.Wide("Count", "How often it happened."),
            Columns.Name with { Priority = 1 },
        ],
        Print);

    private static void Print(KubeObject o, Cells cells)
    {
        DateTimeOffset? first = o.TimeAt("firstTimestamp") ?? o.TimeAt("deprecatedFirstTimestamp") ?? o.TimeAt("eventTime");
        bool isSeries = o.At("series") is not null;
        DateTimeOffset? last = isSeries ? o.TimeAt("series", "lastObservedTime") : o.TimeAt("lastTimestamp") ?? o.TimeAt("deprecatedLastTimestamp") ?? first;
        long count = isSeries ? o.NumberAt("series", "count") ?? 0 : o.NumberAt("count") ?? o.NumberAt("deprecatedCount") ?? 0;
        JsonElement? about = o.At("involvedObject") ?? o.At("regarding");
        cells.Since(last);
        cells.Text(o.TextAt("type"));
        cells.Text(o.TextAt("reason"));
        string kind = about?.Text("kind").ToLowerInvariant() ?? "";
        cells.Text(about?.Text("name") is { Length: > 0 } name ? $"{kind}/{name}" : kind);
        cells.Text(about?.Text("fieldPath"));
        cells.Text(Source(o));
        cells.Text((o.TextAt("message") ?? o.TextAt("note") ?? "").Trim());
        cells.Since(first);
        cells.Number(count == 0 && !isSeries ? 1 : count);
        cells.Text(o.Name);
    }

    private static string Source(KubeObject o)
    {
        JsonElement? source = o.At("source") ?? o.At("deprecatedSource");
        string component = source?.Text("component") is { Length: > 0 } named ? named : o.TextAt("reportingComponent") ?? o.TextAt("reportingController") ?? "";
        string host = source?.Text("host") is { Length: > 0 } at ? at : o.TextAt("reportingInstance") ?? "";
        return host.Length > 0 ? $"{component}, {host}" : component;
    }
}
