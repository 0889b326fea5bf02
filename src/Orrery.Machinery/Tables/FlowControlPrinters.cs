namespace Orrery.Machinery.Tables;

/// <summary>How requests are shared out.</summary>
internal static class FlowControlPrinters
{
    public static readonly TablePrinter FlowSchema = new(
        [
            Columns.Name, Columns.Text("PriorityLevel", "Where its requests go."), Columns.Text("MatchingPrecedence", "Lower ones are asked first."),
            Columns.Text("DistinguisherMethod", "What tells its flows apart."), Columns.Age, Columns.Text("MissingPL", "Whether its priority level is missing."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.TextOr(o.TextAt("spec", "priorityLevelConfiguration", "name"), Formats.None);
            cells.Number(o.NumberAt("spec", "matchingPrecedence"));
            cells.TextOr(o.TextAt("spec", "distinguisherMethod", "type"), Formats.None);
            cells.Since(o.CreationTimestamp);
            cells.TextOr(o.Items("status", "conditions").Where(c => c.Text("type") == "Dangling").Select(c => c.Text("status")).FirstOrDefault(), "?");
        })
    {
        // In the order in which a request is held against them.
        Order = static (a, b) => (a.NumberAt("spec", "matchingPrecedence") ?? 0).CompareTo(b.NumberAt("spec", "matchingPrecedence") ?? 0) is var first and not 0
            ? first
            : string.CompareOrdinal(a.Name, b.Name),
    };

    public static readonly TablePrinter PriorityLevelConfiguration = new(
        [
            Columns.Name, Columns.Text("Type", "Whether it is limited."), Columns.Text("NominalConcurrencyShares", "Its part of the server."), Columns.Text("Queues", "How many there are."),
            Columns.Text("HandSize", "Of how many a flow takes the shortest."), Columns.Text("QueueLengthLimit", "How many may wait in one."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "type"));
            NumberOrNone(cells, o.At("spec", "limited"), "nominalConcurrencyShares");
            foreach (string member in (string[])["queues", "handSize", "queueLengthLimit"])
            {
                NumberOrNone(cells, o.At("spec", "limited", "limitResponse", "queuing"), member);
            }

            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ComponentStatus = new(
        [Columns.Name, Columns.Text("Status", "Whether it is healthy."), Columns.Text("Message", "What it says."), Columns.Text("Error", "What is wrong with it.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            System.Text.Json.JsonElement[] healthy = [.. o.Items("conditions").Where(c => c.Text("type") == "Healthy")];
            cells.Text(healthy.Length == 0 ? "Unknown" : healthy[0].Text("status") == "True" ? "Healthy" : "Unhealthy");
            cells.Text(healthy.Length == 0 ? "" : healthy[0].Text("message"));
            cells.Text(healthy.Length == 0 ? "" : healthy[0].Text("error"));
        });

    /// <summary>The number, though the column is one of texts; a word where nothing holds it.</summary>
    private static void NumberOrNone(Cells cells, System.Text.Json.JsonElement? holder, string member)
    {
        if (holder is { } found)
        {
            cells.Number(found.Number(member));
        }
        else
        {
            cells.Text(Formats.None);
        }
    }
}
