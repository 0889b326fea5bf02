namespace Orrery.Machinery.Tables;

/// <summary>One column of a table, as in metav1 TableColumnDefinition.</summary>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</param>
/// <param name="Format"><c>name</c> for the column that names the object, otherwise empty.</param>
/// <param name="Priority">Zero is always shown; one is for wide output.</param>
public sealed record TableColumn(string Name, string Type = "string", string Format = "", int Priority = 0, string Description = "");
