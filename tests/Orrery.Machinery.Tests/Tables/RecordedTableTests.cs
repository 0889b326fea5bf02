using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Tables;
using Orrery.Machinery.Tests.Kinds;

namespace Orrery.Machinery.Tests.Tables;

/// <summary>Every table that a real API server answered: the same columns, and for objects whose making was recorded too, the same cells.</summary>
public sealed class RecordedTableTests
{
    [Fact]
    public void Write_EachRecordedTable_HasItsColumnsAndCells()
    {
        var differences = new List<string>();
        var made = new Dictionary<(string Kind, string Name), JsonObject>();
        int tables = 0;
        int rows = 0;
        foreach (RecordedStep step in Recordings.Steps("tables"))
        {
            JsonObject answer = step.Answer!;
            if (step.Method == "POST")
            {
                made[(answer.Kind, answer.Name)] = answer;
            }

            if (answer.Kind != "Table")
            {
                continue;
            }

            tables++;
            GroupVersionKind kind = Kind(step.Path);
            TablePrinter printer = TablePrinter.For(kind);
            string[] want = [.. answer["columnDefinitions"]!.AsArray().Select(c => $"{c!["name"]} {c["type"]} {c["format"]} {c["priority"]}")];
            string[] got = [.. printer.Columns.Select(c => $"{c.Name} {c.Type} {c.Format} {c.Priority}")];
            if (!want.SequenceEqual(got))
            {
                differences.Add($"{step.Name} {kind}:\n  got  {string.Join(", ", got)}\n  want {string.Join(", ", want)}");
            }

            Assert.Equal(answer["rows"] is null, printer.IsGeneric);
            foreach (JsonObject row in answer["rows"]?.AsArray().OfType<JsonObject>() ?? [])
            {
                string name = (string)row["cells"]![0]!;
                if (!made.TryGetValue((kind.Kind, name), out JsonObject? o))
                {
                    continue;
                }

                rows++;
                string[] wantCells = Cells(row);
                string[] gotCells = Cells(Row(printer, o));
                int age = Array.FindIndex([.. printer.Columns], c => c.Name == "Age");
                wantCells[age] = gotCells[age];
                if (!wantCells.SequenceEqual(gotCells))
                {
                    differences.Add($"{step.Name} {name}:\n  got  {string.Join(" | ", gotCells)}\n  want {string.Join(" | ", wantCells)}");
                }
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.InRange(tables, 25, int.MaxValue);
        Assert.InRange(rows, 6, int.MaxValue);
    }

    private static string[] Cells(JsonObject row) => [.. row["cells"]!.AsArray().Select(c => c?.ToJsonString() ?? "null")];

    private static JsonObject Row(TablePrinter printer, JsonObject o)
    {
        var output = new ArrayBufferWriter<byte>();
        new TableWriter(printer, IncludeObject.None, TimeProvider.System).Write(output, new TableHead(), [Encoding.UTF8.GetBytes(o.ToJsonString())]);
        return JsonNode.Parse(output.WrittenSpan)!["rows"]![0]!.AsObject();
    }

    private static GroupVersionKind Kind(string path)
    {
        string[] parts = path.Split('?')[0].Trim('/').Split('/');
        int at = parts[0] == "api" ? 2 : 3;
        (string group, string version) = parts[0] == "api" ? ("", parts[1]) : (parts[1], parts[2]);
        at += parts[at] == "namespaces" && parts.Length > at + 2 ? 2 : 0;
        return BuiltinTypes.Instance.FindResource(new GroupVersionResource(group, version, parts[at]))!.GroupVersionKind;
    }
}
