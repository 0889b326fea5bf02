using System.Text;

namespace Orrery.Helm.Schemas;

/// <summary>Why a value does not fit: where, and either what is wrong or which parts are.</summary>
/// <param name="Pointer">JSON pointer into the value; "" is the whole.</param>
internal sealed record SchemaError(string Pointer, string Message, IReadOnlyList<SchemaError> Causes)
{
    public const string Several = "validation failed";

    /// <summary>One error for all that were found; several in one place are grouped.</summary>
    public static SchemaError? Of(string pointer, List<SchemaError> found) =>
        found.Count == 0 ? null : found.Count == 1 ? found[0] : new SchemaError(pointer, Several, found);

    /// <summary>The lines of the error; at the top a group shows its parts only.</summary>
    public static string Lines(SchemaError top)
    {
        var b = new StringBuilder();
        foreach (SchemaError error in top is { Message: Several, Pointer: "" } ? top.Causes : [top])
        {
            error.Append(b, 0);
        }

        return b.ToString();
    }

    private void Append(StringBuilder b, int indent)
    {
        b.Append('\n').Append(' ', indent * 2).Append("- at ").Append(SchemaText.Quote(Pointer)).Append(": ").Append(Message);
        foreach (SchemaError cause in Causes)
        {
            cause.Append(b, indent + 1);
        }
    }
}
