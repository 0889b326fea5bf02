using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Commands.Objects;

/// <summary>Prints a server's Table in columns, as kubectl does.</summary>
internal static class TableText
{
    /// <param name="wide">With the columns that the server gives a lower priority.</param>
    /// <param name="withNamespace">With the namespace of each row in front, for rows of several namespaces.</param>
    public static void Write(JsonElement table, TextWriter output, bool wide = false, bool withNamespace = false, bool header = true)
    {
        JsonElement[] columns = [.. table.GetProperty("columnDefinitions").EnumerateArray()];
        int[] shown = [.. Enumerable.Range(0, columns.Length).Where(i => wide || columns[i].GetProperty("priority").GetInt32() == 0)];
        List<string[]> lines = header ? [[.. withNamespace ? ["NAMESPACE"] : Array.Empty<string>(), .. shown.Select(i => columns[i].GetProperty("name").GetString()!.ToUpperInvariant())]] : [];
        foreach (JsonElement row in table.GetProperty("rows").EnumerateArray())
        {
            JsonElement[] cells = [.. row.GetProperty("cells").EnumerateArray()];
            lines.Add([.. withNamespace ? [NamespaceOf(row)] : Array.Empty<string>(), .. shown.Select(i => cells[i].ValueKind == JsonValueKind.Null ? "<none>" : cells[i].ToString())]);
        }

        if (lines.Count > 0)
        {
            Columns.Write(output, lines);
        }
    }

    /// <summary>Rows of several tables of one resource under the columns of the first.</summary>
    public static JsonElement Joined(IReadOnlyList<JsonElement> tables)
    {
        JsonObject first = JsonObject.Create(tables[0])!;
        first["rows"] = new JsonArray([.. tables.SelectMany(t => t.GetProperty("rows").EnumerateArray()).Select(r => JsonNode.Parse(r.GetRawText()))]);
        return JsonSerializer.SerializeToElement(first);
    }

    public static int RowsOf(JsonElement table) => table.GetProperty("rows").GetArrayLength();

    private static string NamespaceOf(JsonElement row) =>
        row.TryGetProperty("object", out JsonElement about) && about.TryGetProperty("metadata", out JsonElement metadata) && metadata.TryGetProperty("namespace", out JsonElement ns)
            ? ns.GetString() ?? ""
            : "";
}
