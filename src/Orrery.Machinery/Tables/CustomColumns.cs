using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>The table of a custom resource: its name, and the <c>additionalPrinterColumns</c> of its version.</summary>
public static class CustomColumns
{
    private static readonly JsonPath Creation = JsonPath.Parse(".metadata.creationTimestamp");

    /// <param name="columns">Null or empty: the age is shown. So it is when a path does not parse, as upstream does: such a definition is accepted there.</param>
    public static TablePrinter Printer(JsonArray? columns)
    {
        try
        {
            return Make(columns);
        }
        catch (FormatException)
        {
            return Make(null);
        }
    }

    private static TablePrinter Make(JsonArray? columns)
    {
        var definitions = new List<TableColumn> { Columns.Name };
        var paths = new List<(JsonPath Path, string Type)>();
        foreach (JsonObject column in columns?.OfType<JsonObject>() ?? [])
        {
            string path = column.TextAt("jsonPath") ?? "";
            string type = column.TextAt("type") ?? "string";
            string description = column.TextAt("description") is { Length: > 0 } said ? said : $"Custom resource definition column (in JSONPath format): {path}";
            definitions.Add(new TableColumn(column.TextAt("name") ?? "", type, column.TextAt("format") ?? "", (int)(column.NumberAt("priority") ?? 0), description));
            paths.Add((JsonPath.Parse(path), type));
        }

        if (paths.Count == 0)
        {
            definitions.Add(Columns.Age with { Type = "date" });
            paths.Add((Creation, "date"));
        }

        return new TablePrinter(definitions, (o, cells) =>
        {
            cells.Text(o.Name);
            foreach ((JsonPath path, string type) in paths)
            {
                WriteCell(cells, path.Find(o.Json), type);
            }
        });
    }

    private static void WriteCell(Cells cells, IReadOnlyList<JsonElement> found, string type)
    {
        if (found.Count == 0)
        {
            cells.Null();
            return;
        }

        JsonElement first = found[0];
        switch (type)
        {
            case "string":
                cells.Text(string.Join(' ', found.Select(Text)));
                break;
            case "integer" when first.ValueKind == JsonValueKind.Number:
                cells.Number(first.TryGetInt64(out long whole) ? whole : (long)first.GetDouble());
                break;
            case "number" when first.ValueKind == JsonValueKind.Number:
                cells.Real(first.GetDouble());
                break;
            case "boolean" when first.ValueKind is JsonValueKind.True or JsonValueKind.False:
                cells.Flag(first.GetBoolean());
                break;
            case "date" when first.ValueKind == JsonValueKind.String:
                cells.Text(first.TryGetDateTimeOffset(out DateTimeOffset then) ? cells.SinceText(then) : "<invalid>");
                break;
            default:
                cells.Null();
                break;
        }
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number when value.TryGetInt64(out long whole) => whole.ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Number => GoNumber.Text(value.GetDouble()),
        JsonValueKind.Null => "<nil>",
        _ => value.GetRawText(),
    };
}
