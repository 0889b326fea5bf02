using System.Text.Json;

namespace Orrery.Commands.Objects;

/// <summary>How a server's Table is printed.</summary>
/// <param name="Wide">With the columns that the server gives a lower priority.</param>
/// <param name="WithNamespace">With the namespace of each row in front, for rows of several namespaces.</param>
/// <param name="Header">With a line of column names.</param>
internal sealed record TableLook(bool Wide = false, bool WithNamespace = false, bool Header = true)
{
    /// <summary>Of an earlier Table, for one that does not say its own; null takes those of the Table.</summary>
    public JsonElement? Columns { get; private init; }

    public TableLook With(JsonElement columns) => this with { Columns = columns.Clone() };
}
