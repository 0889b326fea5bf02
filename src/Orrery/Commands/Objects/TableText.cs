using System.Text.Json;
using Orrery.Commands;

namespace Orrery.Demo;

/// <summary>Prints a server's Table in columns, as kubectl does.</summary>
internal static class TableText
{
    public static void Write(JsonElement table, TextWriter output)
    {
        JsonElement[] columns = [.. table.GetProperty("columnDefinitions").EnumerateArray()];

        // Columns of a higher priority number are for -o wide.
        int[] shown = [.. Enumerable.Range(0, columns.Length).Where(i => columns[i].GetProperty("priority").GetInt32() == 0)];
        List<string[]> lines = [[.. shown.Select(i => columns[i].GetProperty("name").GetString()!.ToUpperInvariant())]];
        foreach (JsonElement row in table.GetProperty("rows").EnumerateArray())
        {
            JsonElement[] cells = [.. row.GetProperty("cells").EnumerateArray()];
            lines.Add([.. shown.Select(i => cells[i].ValueKind == JsonValueKind.Null ? "<none>" : cells[i].ToString())]);
        }

        if (lines.Count == 1)
        {
            output.WriteLine("No resources found.");
            return;
        }

        Columns.Write(output, lines);
    }
}
