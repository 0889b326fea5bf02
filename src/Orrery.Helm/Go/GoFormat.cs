using System.Text;

namespace Orrery.Helm.Go;

/// <summary>Go's fmt: Sprint, Sprintln and Sprintf, for the kinds of values that templates see.</summary>
internal static class GoFormat
{
    /// <summary>A value as %v prints it.</summary>
    public static string Value(object? value) => value switch
    {
        string s => s,
        null => "<nil>",
        bool b => b ? "true" : "false",
        GoInt i => i.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        long l => l.ToString(System.Globalization.CultureInfo.InvariantCulture),
        double d => GoFloat.Format(d, 'g', -1),
        _ => new GoPrinter().Print("%v", [value]),
    };

    /// <summary>fmt.Sprint: spaces between operands of which neither is a string.</summary>
    public static string Sprint(IReadOnlyList<object?> values)
    {
        var b = new StringBuilder();
        for (int i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
            {
                b.Append(' ');
            }

            b.Append(Value(values[i]));
        }

        return b.ToString();
    }

    public static string Sprintln(IReadOnlyList<object?> values) => string.Join(' ', values.Select(Value)) + "\n";

    public static string Sprintf(string format, params IReadOnlyList<object?> values) => new GoPrinter().Print(format, values);
}
