using System.Globalization;
using System.Numerics;
using System.Text;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary><c>'%s is %d'.format([…])</c> (cel-go <c>ext/formatting.go</c>).</summary>
internal static class Formatting
{
    public static IEnumerable<Overload> All => [Of("string->format(list(dyn)) string", a => Format((string)a[0]!, (CelList)a[1]!))];

    /// <summary>Most characters that a pattern makes of numbers, itself included: each has as many as its precision asks for.</summary>
    public static long Longest(string pattern)
    {
        long most = pattern.Length;
        for (int dot = pattern.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = pattern.IndexOf('.', dot + 1))
        {
            int end = dot + 1;
            while (end < pattern.Length && end <= dot + 4 && char.IsAsciiDigit(pattern[end]))
            {
                end++;
            }

            most += dot > 0 && pattern[dot - 1] == '%' && int.TryParse(pattern.AsSpan(dot + 1, end - dot - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int precision) ? precision : 0;
        }

        return most;
    }

    private static object Format(string pattern, CelList values)
    {
        var made = new StringBuilder();
        int next = 0;
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                made.Append(pattern[i]);
                continue;
            }

            // 1. precision
            i++;
            int precision = 6;
            if (i < pattern.Length && pattern[i] == '.')
            {
                int start = ++i;
                while (i < pattern.Length && char.IsAsciiDigit(pattern[i]))
                {
                    i++;
                }

                if (!int.TryParse(pattern.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out precision) || precision > 1000)
                {
                    return new CelError("could not parse formatting clause: invalid precision");
                }
            }

            if (i >= pattern.Length)
            {
                return new CelError("unexpected end of string");
            }

            if (pattern[i] == '%')
            {
                made.Append('%');
                continue;
            }

            // 2. the value
            if (next >= values.Count)
            {
                return new CelError($"index {next} out of range");
            }

            object? value = values[next++];
            if (value is CelError || One(pattern[i], value, precision) is not { } text)
            {
                return value as CelError ?? new CelError($"could not parse formatting clause \"{pattern[i]}\": unsupported for type {CelValues.TypeOf(value).Name}");
            }

            made.Append(text);
        }

        return made.ToString();
    }

    private static string? One(char verb, object? value, int precision) => (verb, value) switch
    {
        ('s', _) => Text(value),
        ('d', long or ulong) => CelText.Plain(value),
        ('d' or 'f' or 'e', double d) when !double.IsFinite(d) => Text(d),
        ('f', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        ('e', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString(precision == 0 ? "0e+00" : $"0.{new string('0', precision)}e+00", CultureInfo.InvariantCulture),
        ('b', bool flag) => flag ? "1" : "0",
        ('b', long or ulong) => Radix(value, 2),
        ('o', long or ulong) => Radix(value, 8),
        ('x', long or ulong) => Radix(value, 16),
        ('X', long or ulong) => Radix(value, 16).ToUpperInvariant(),
        ('x', string s) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(s)),
        ('X', string s) => Convert.ToHexString(Encoding.UTF8.GetBytes(s)),
        ('x', byte[] b) => Convert.ToHexStringLower(b),
        ('X', byte[] b) => Convert.ToHexString(b),
        _ => null,
    };

    private static string Radix(object value, int radix)
    {
        BigInteger number = value is long l ? l : (ulong)value, rest = BigInteger.Abs(number);
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, "0123456789abcdef"[(int)(rest % radix)]);
            rest /= radix;
        }
        while (!rest.IsZero);
        return (number.Sign < 0 ? "-" : "") + digits;
    }

    /// <summary>Null where a value has no text.</summary>
    private static string? Text(object? value)
    {
        CelValues.EnsureStack();
        return Plain(value);
    }

    private static string? Plain(object? value) => value switch
    {
        double.NaN => "NaN",
        double d when double.IsInfinity(d) => d > 0 ? "Infinity" : "-Infinity",
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        CelList list => list.Items.Select(Text).ToArray() is var items && items.Contains(null) ? null : $"[{string.Join(", ", items)}]",
        CelMap map => Entries(map),
        CelType type => type.Name,
        null or bool or long or ulong or double or string or CelTimestamp or CelDuration => CelText.Plain(value),
        _ => null,
    };

    private static string? Entries(CelMap map)
    {
        (string? Key, string? Value)[] entries = [.. map.Keys.Select(k => (Text(k), map.TryGet(k, out object? v) ? Text(v) : null))];
        return entries.Any(e => e.Key is null || e.Value is null) ? null : $"{{{string.Join(", ", entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}: {e.Value}"))}}}";
    }
}
