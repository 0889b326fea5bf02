using System.Globalization;
using System.Text;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Time;

/// <summary>Go's time.Duration: nanoseconds, written as 1h2m3.5s.</summary>
internal static class GoDuration
{
    public const long Second = 1_000_000_000;

    /// <summary>The value that templates see, with its methods.</summary>
    public static GoNamedInt Of(long nanos) => new("time.Duration", nanos, Text(nanos), "int64", name => name switch
    {
        "Hours" => Function.Of(name, [], _ => nanos / 3600e9),
        "Minutes" => Function.Of(name, [], _ => nanos / 60e9),
        "Seconds" => Function.Of(name, [], _ => nanos / 1e9),
        "Milliseconds" => Function.Of(name, [], _ => nanos / 1_000_000),
        "Microseconds" => Function.Of(name, [], _ => nanos / 1000),
        "Nanoseconds" => Function.Of(name, [], _ => nanos),
        "String" => Function.Of(name, [], _ => Text(nanos)),
        "Abs" => Function.Of(name, [], _ => Of(nanos == long.MinValue ? long.MaxValue : Math.Abs(nanos))),
        "Round" => Function.Of(name, [P.Duration], a => Of(Round(nanos, ((GoNamedInt)a[0]!).Value))),
        "Truncate" => Function.Of(name, [P.Duration], a => Of(((GoNamedInt)a[0]!).Value is > 0 and var unit ? nanos - (nanos % unit) : nanos)),
        _ => null,
    });

    /// <summary>To the nearest multiple, halves away from zero.</summary>
    public static long Round(long nanos, long unit)
    {
        if (unit <= 0)
        {
            return nanos;
        }

        Int128 rest = nanos % unit;
        Int128 down = nanos - rest;
        Int128 rounded = Int128.Abs(rest) * 2 < unit ? down : down + (nanos < 0 ? -unit : unit);
        return (long)Int128.Clamp(rounded, long.MinValue, long.MaxValue);
    }

    public static string Text(long nanos)
    {
        if (nanos == 0)
        {
            return "0s";
        }

        string sign = nanos < 0 ? "-" : "";
        ulong u = nanos < 0 ? unchecked(0UL - (ulong)nanos) : (ulong)nanos;
        if (u < Second)
        {
            (ulong unit, string name) = u < 1000 ? (1UL, "ns") : u < 1_000_000 ? (1000UL, Utf8.FromText("µs")) : (1_000_000UL, "ms");
            return sign + Fraction(u, unit) + name;
        }

        ulong seconds = u / Second;
        string text = Fraction(u - (seconds / 60 * 60 * Second), Second) + "s";
        if (seconds >= 60)
        {
            text = FormattableString.Invariant($"{seconds / 60 % 60}m") + text;
        }

        return sign + (seconds >= 3600 ? FormattableString.Invariant($"{seconds / 3600}h") : "") + text;
    }

    private static string Fraction(ulong value, ulong unit)
    {
        string whole = (value / unit).ToString(CultureInfo.InvariantCulture);
        int width = unit.ToString(CultureInfo.InvariantCulture).Length - 1;
        string rest = width == 0 ? "" : (value % unit).ToString(CultureInfo.InvariantCulture).PadLeft(width, '0').TrimEnd('0');
        return rest.Length == 0 ? whole : whole + "." + rest;
    }

    /// <summary>time.ParseDuration.</summary>
    /// <exception cref="GoException">It is none.</exception>
    public static long Parse(string text)
    {
        GoException Invalid() => new($"time: invalid duration {GoQuote.Quote(text)}");
        string s = text;
        bool negative = s.StartsWith('-');
        s = s.Length > 0 && s[0] is '-' or '+' ? s[1..] : s;
        if (s == "0")
        {
            return 0;
        }

        if (s.Length == 0)
        {
            throw Invalid();
        }

        UInt128 total = 0;
        while (s.Length > 0)
        {
            int digits = Count(s, 0);
            int fraction = digits < s.Length && s[digits] == '.' ? Count(s, digits + 1) : -1;
            int end = fraction < 0 ? digits : digits + 1 + fraction;
            if (digits == 0 && fraction <= 0)
            {
                throw Invalid();
            }

            int unitEnd = end;
            while (unitEnd < s.Length && s[unitEnd] != '.' && !char.IsAsciiDigit(s[unitEnd]))
            {
                unitEnd++;
            }

            string unit = s[end..unitEnd];
            if (unit.Length == 0)
            {
                throw new GoException($"time: missing unit in duration {GoQuote.Quote(text)}");
            }

            ulong size = Utf8.ToText(unit) switch
            {
                "ns" => 1,
                "us" or "µs" or "μs" => 1000,
                "ms" => 1_000_000,
                "s" => (ulong)Second,
                "m" => 60 * (ulong)Second,
                "h" => 3600 * (ulong)Second,
                _ => throw new GoException($"time: unknown unit {GoQuote.Quote(unit)} in duration {GoQuote.Quote(text)}"),
            };
            if (digits > 19)
            {
                throw Invalid();
            }

            total += (digits == 0 ? 0 : UInt128.Parse(s.AsSpan(0, digits), CultureInfo.InvariantCulture)) * size;
            if (fraction > 0)
            {
                string part = s.Substring(digits + 1, Math.Min(fraction, 18));
                total += (UInt128)(double.Parse("0." + part, CultureInfo.InvariantCulture) * size);
            }

            if (total > (UInt128)1 << 63)
            {
                throw Invalid();
            }

            s = s[unitEnd..];
        }

        if (!negative && total > long.MaxValue)
        {
            throw Invalid();
        }

        return negative ? unchecked((long)(0 - (ulong)total)) : (long)total;
    }

    private static int Count(string s, int from)
    {
        int i = from;
        while (i < s.Length && char.IsAsciiDigit(s[i]))
        {
            i++;
        }

        return i - from;
    }
}
