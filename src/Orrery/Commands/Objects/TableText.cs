using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Commands.Objects;

/// <summary>Prints a server's Table in columns, as kubectl does.</summary>
internal static class TableText
{
    /// <param name="widths">Least widths of the columns, of lines that were printed before.</param>
    /// <param name="happened">Stands in front of each row; null for rows that are merely there.</param>
    /// <returns>The widths that the columns got.</returns>
    public static int[]? Write(JsonElement table, TextWriter output, TableLook look, int[]? widths = null, string? happened = null)
    {
        JsonElement[] columns = [.. (look.Columns ?? table.GetProperty("columnDefinitions")).EnumerateArray()];
        int[] shown = [.. Enumerable.Range(0, columns.Length).Where(i => look.Wide || columns[i].GetProperty("priority").GetInt32() == 0)];
        List<string[]> lines = look.Header
            ? [[.. happened is null ? [] : new[] { "EVENT" }, .. look.WithNamespace ? ["NAMESPACE"] : Array.Empty<string>(), .. shown.Select(i => columns[i].GetProperty("name").GetString()!.ToUpperInvariant())]]
            : [];
        foreach (JsonElement row in table.GetProperty("rows").EnumerateArray())
        {
            JsonElement[] cells = [.. row.GetProperty("cells").EnumerateArray()];
            lines.Add(
            [
                .. happened is null ? [] : new[] { happened },
                .. look.WithNamespace ? [NamespaceOf(row)] : Array.Empty<string>(),
                .. shown.Select(i => cells[i].ValueKind == JsonValueKind.Null ? "<none>" : cells[i].ToString()),
            ]);
        }

        return lines.Count > 0 ? Columns.Write(output, lines, widths) : widths;
    }

    /// <summary>Rows of several tables of one resource under the columns of the first.</summary>
    public static JsonElement Joined(IReadOnlyList<JsonElement> tables)
    {
        JsonObject first = JsonObject.Create(tables[0])!;
        first["rows"] = new JsonArray([.. tables.SelectMany(t => t.GetProperty("rows").EnumerateArray()).Select(r => KubeJson.ToNode(r))]);
        return JsonSerializer.SerializeToElement(first);
    }

    public static int RowsOf(JsonElement table) => table.GetProperty("rows").GetArrayLength();

    private static string NamespaceOf(JsonElement row) =>
        row.TryGetProperty("object", out JsonElement about) && about.TryGetProperty("metadata", out JsonElement metadata) && metadata.TryGetProperty("namespace", out JsonElement ns)
            ? ns.GetString() ?? ""
            : "";
}
