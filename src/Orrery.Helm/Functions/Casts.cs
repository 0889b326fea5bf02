using System.Globalization;
using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>How Sprig turns anything into a string, a number or a list (spf13/cast).</summary>
internal static class Casts
{
    /// <summary>Sprig's strval: bytes and errors as text, the rest as %v.</summary>
    public static string Text(object? value) => value switch
    {
        string s => s,
        GoSlice { Type: "[]uint8" } bytes => string.Concat(bytes.Items.Select(i => (char)(byte)i!)),
        _ => GoFormat.Value(value),
    };

    public static long ToInt64(object? value)
    {
        switch (value)
        {
            case string s:
                string digits = s.StartsWith("0", StringComparison.Ordinal) && s.Length > 1 && !s.Contains('.', StringComparison.Ordinal) ? s : TrimZeroDecimal(s);
                return GoParse.Integer(digits, 0) is { } i && i >= long.MinValue && i <= long.MaxValue ? (long)i : 0;
            case double d:
                return FromDouble(d);
            case bool b:
                return b ? 1 : 0;
            default:
                return GoTypes.Integer(value) is { } n ? unchecked((long)(ulong)(n & ulong.MaxValue)) : 0;
        }
    }

    private static string TrimZeroDecimal(string s)
    {
        int dot = s.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && s.AsSpan(dot + 1).TrimEnd('0').IsEmpty ? s[..dot] : s;
    }

    /// <summary>As amd64 converts: what does not fit is the smallest int64.</summary>
    public static long FromDouble(double d) => d is >= -9.2233720368547758e18 and < 9.2233720368547758e18 ? (long)d : long.MinValue;

    public static double ToFloat(object? value) => value switch
    {
        string s => GoParse.Float(s) is { } d && !(double.IsInfinity(d) && !s.Contains("inf", StringComparison.OrdinalIgnoreCase)) ? d : 0,
        double d => d,
        bool b => b ? 1 : 0,
        _ => GoTypes.Integer(value) is { } n ? GoParse.Rounded(n) : 0,
    };

    /// <summary>Sprig's strslice: the texts of a list's elements, without nil; one text for what is no list.</summary>
    public static IReadOnlyList<string> Strings(object? value) => value switch
    {
        null => [],
        GoSlice list => [.. list.Items.Where(i => i is not null).Select(Text)],
        _ => [Text(value)],
    };

    public static bool IsEmpty(object? value) => !GoTypes.IsTrue(value) && value is not GoObject { Kind: "struct" };

    public static string Invariant(BigInteger n) => n.ToString(CultureInfo.InvariantCulture);
}
