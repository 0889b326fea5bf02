using System.Globalization;
using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

/// <summary>How faults show values.</summary>
internal static class SchemaText
{
    public static string Quote(string s)
    {
        string quoted = GoQuote.Quote(s).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
        return "'" + quoted[1..^1] + "'";
    }

    public static string Quote(IEnumerable<string> all) => string.Join(", ", all.Select(Quote));

    public static string Shown(object? value) => value switch
    {
        null => "<nil>",
        string s => Quote(s),
        GoMap or GoSlice => "value",
        bool b => b ? "true" : "false",
        _ => GoJson.Number(Number(value)!.Value),
    };

    public static double? Number(object? value) => value is double d ? d : GoTypes.Integer(value) is { } i ? GoParse.Rounded(i) : null;

    /// <summary>With commas between thousands, as English writes them.</summary>
    public static string Grouped(double number)
    {
        string text = GoFloat.Format(number, 'g', -1, 21);
        if (text.Contains('e', StringComparison.Ordinal))
        {
            return text;
        }

        int dot = text.IndexOf('.', StringComparison.Ordinal);
        string whole = dot < 0 ? text : text[..dot];
        bool negative = whole.StartsWith('-');
        whole = negative ? whole[1..] : whole;
        for (int i = whole.Length - 3; i > 0; i -= 3)
        {
            whole = whole.Insert(i, ",");
        }

        return (negative ? "-" : "") + whole + (dot < 0 ? "" : text[dot..]);
    }

    public static string Grouped(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A part of a JSON pointer.</summary>
    public static string Part(string key) => key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public static bool Equal(object? a, object? b)
    {
        if (Number(a) is { } x && Number(b) is { } y)
        {
            return x == y;
        }

        return (a, b) switch
        {
            (null, null) => true,
            (string s, string t) => s == t,
            (bool p, bool q) => p == q,
            (GoMap m, GoMap n) => m.Count == n.Count && m.Items.All(i => n.Contains(i.Key) && Equal(i.Value, n[i.Key])),
            (GoSlice m, GoSlice n) => m.Count == n.Count && m.Items.Zip(n.Items).All(p => Equal(p.First, p.Second)),
            _ => false,
        };
    }

    public static string TypeOf(object? value) => value switch
    {
        null => "null",
        bool => "boolean",
        string => "string",
        GoMap => "object",
        GoSlice => "array",
        _ => "number",
    };
}
