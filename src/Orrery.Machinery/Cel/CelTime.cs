using System.Globalization;
using System.Text.RegularExpressions;

namespace Orrery.Machinery.Cel;

/// <summary>An instant, to the nanosecond, in the years 1 to 9999.</summary>
internal readonly record struct CelTimestamp(Int128 Nanos) : IComparable<CelTimestamp>, IComparable
{
    public DateTime Utc => DateTime.UnixEpoch.AddTicks((long)((Nanos - Fraction) / 100));

    /// <summary>Nanoseconds beyond the last tick, never negative.</summary>
    public int Fraction => (int)(((Nanos % 100) + 100) % 100);

    public int CompareTo(CelTimestamp other) => Nanos.CompareTo(other.Nanos);

    public int CompareTo(object? obj) => obj is CelTimestamp other ? CompareTo(other) : 1;

    public override string ToString()
    {
        string fraction = string.Create(CultureInfo.InvariantCulture, $"{(long)(((Nanos % CelTime.Second) + CelTime.Second) % CelTime.Second):d9}").TrimEnd('0');
        return Utc.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + (fraction.Length > 0 ? "." + fraction : "") + "Z";
    }
}

/// <summary>A span of nanoseconds, as wide as Go's.</summary>
internal readonly record struct CelDuration(long Nanos) : IComparable
{
    public int CompareTo(object? obj) => obj is CelDuration other ? Nanos.CompareTo(other.Nanos) : 1;

    public override string ToString()
    {
        Int128 size = Int128.Abs(Nanos);
        string fraction = string.Create(CultureInfo.InvariantCulture, $"{(long)(size % CelTime.Second):d9}").TrimEnd('0');
        return $"{(Nanos < 0 ? "-" : "")}{size / CelTime.Second}{(fraction.Length > 0 ? "." + fraction : "")}s";
    }
}

/// <summary>Reads and bounds times.</summary>
internal static partial class CelTime
{
    public const long Second = 1_000_000_000;

    public static readonly CelError TimestampRange = new("timestamp overflow");
    public static readonly CelError DurationRange = new("duration overflow");

    private static readonly Int128 Earliest = -62135596800 * (Int128)Second;
    private static readonly Int128 Latest = (253402300800 * (Int128)Second) - 1;

    public static object Timestamp(Int128 nanos) => nanos < Earliest || nanos > Latest ? TimestampRange : new CelTimestamp(nanos);

    public static object Duration(Int128 nanos) => nanos < long.MinValue || nanos > long.MaxValue ? DurationRange : new CelDuration((long)nanos);

    public static object ParseTimestamp(string text)
    {
        Match m = Rfc3339().Match(text);
        if (!m.Success || !DateTime.TryParseExact(m.Groups[1].Value, "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime date))
        {
            return new CelError($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse");
        }

        Int128 nanos = (Int128)(date.Ticks - DateTime.UnixEpoch.Ticks) * 100;
        nanos += long.Parse("0" + m.Groups[2].Value.PadRight(9, '0')[..9], CultureInfo.InvariantCulture);
        return Timestamp(nanos - (Offset(m.Groups[3].Value) ?? 0));
    }

    /// <summary>Nanoseconds east of Greenwich of <c>+01:00</c>; zero for Z; null when it is no offset.</summary>
    public static Int128? Offset(string zone)
    {
        Match m = ZoneOffset().Match(zone);
        return zone is "Z" or "" ? 0 : m.Success
            ? (m.Groups[1].Value == "-" ? -1 : 1) * (Int128)((int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture) * 60) + int.Parse(m.Groups[3].Value, CultureInfo.InvariantCulture)) * 60 * Second
            : null;
    }

    public static object ParseDuration(string text)
    {
        Match m = GoDuration().Match(text);
        if (!m.Success || (m.Groups[2].Captures.Count == 0 && text is not ("0" or "+0" or "-0")))
        {
            return new CelError($"time: invalid duration \"{text}\"");
        }

        decimal total = 0;
        for (int i = 0; i < m.Groups[2].Captures.Count; i++)
        {
            decimal unit = m.Groups[3].Captures[i].Value switch { "h" => 3600m * Second, "m" => 60m * Second, "s" => Second, "ms" => 1_000_000, "us" or "µs" or "μs" => 1000, _ => 1 };
            if (m.Groups[2].Captures[i].Length > 18 || !decimal.TryParse(m.Groups[2].Captures[i].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount) || amount > 1e10m)
            {
                return DurationRange;
            }

            total += decimal.Truncate(amount * unit);
        }

        return Duration((Int128)(m.Groups[1].Value == "-" ? -total : total));
    }

    [GeneratedRegex(@"\A(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)\z")]
    private static partial Regex Rfc3339();

    [GeneratedRegex(@"\A([+-]?)(\d{1,2}):(\d\d)\z")]
    private static partial Regex ZoneOffset();

    [GeneratedRegex(@"\A([+-]?)(?:(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))*(?:0)?\z")]
    private static partial Regex GoDuration();
}
