using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Makes the rows of one kind's table. Immutable; shared by all requests.</summary>
public sealed class TablePrinter
{
    private readonly Action<KubeObject, Cells> print;

    internal TablePrinter(IReadOnlyList<TableColumn> columns, Action<KubeObject, Cells> print, bool isGeneric = false)
    {
        Columns = columns;
        this.print = print;
        IsGeneric = isGeneric;
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The kind has no columns of its own. Upstream writes an empty list of such a table as <c>null</c>.</summary>
    public bool IsGeneric { get; }

    /// <summary>In what order rows of a list stand; null: in that of the list.</summary>
    public Comparison<KubeObject>? Order { get; init; }

    /// <summary>What a row says beside its cells: that the object has come to its end. Null: of no object of the kind is that said.</summary>
    internal Func<KubeObject, RowCondition?>? Condition { get; init; }

    /// <summary>The printer of a built-in kind; of any other, name and time of creation.</summary>
    public static TablePrinter For(GroupVersionKind kind) => BuiltinPrinters.Find(kind.GroupKind) ?? GenericPrinter.Instance;

    /// <summary>Writes the array of cells.</summary>
    internal void WriteCells(Utf8JsonWriter json, KubeObject o, DateTimeOffset now)
    {
        json.WriteStartArray();
        print(o, new Cells(json, now));
        json.WriteEndArray();
    }
}

/// <summary>A metav1 TableRowCondition; there is one type, <c>Completed</c>.</summary>
internal sealed record RowCondition(string Reason, string Message);

/// <summary>Name and time of creation: for kinds that say nothing else.</summary>
internal static class GenericPrinter
{
    public static readonly TablePrinter Instance = new(
        [new("Name", Format: "name", Description: "Name of the object, unique in its namespace."), new("Created At", "date", Description: "When the object was created.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("metadata", "creationTimestamp"));
        },
        isGeneric: true);
}
