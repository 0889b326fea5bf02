using System.Globalization;
using System.Text.RegularExpressions;

namespace Orrery.Machinery.Cel;

/// <summary>An instant, to the nanosecond, in the years 1 to 9999.</summary>
internal readonly record struct CelTimestamp(Int128 Nanos) : IComparable<CelTimestamp>, IComparable
{
    /// <summary>Minutes east of Greenwich in which it was written, and is shown again; instants are equal all the same.</summary>
    public int ZoneMinutes { get; init; }

    /// <summary>The beginning of the year 1, Go's time without a value.</summary>
    public bool IsFirst => Nanos == CelTime.Earliest;

    public bool Equals(CelTimestamp other) => Nanos == other.Nanos;

    public override int GetHashCode() => Nanos.GetHashCode();

    public DateTime Utc => DateTime.UnixEpoch.AddTicks((long)((Nanos - Fraction) / 100));

    /// <summary>Nanoseconds beyond the last tick, never negative.</summary>
    public int Fraction => (int)(((Nanos % 100) + 100) % 100);

    public int CompareTo(CelTimestamp other) => Nanos.CompareTo(other.Nanos);

    public int CompareTo(object? obj) => obj is CelTimestamp other ? CompareTo(other) : 1;

    public override string ToString()
    {
        string fraction = string.Create(CultureInfo.InvariantCulture, $"{(long)(((Nanos % CelTime.Second) + CelTime.Second) % CelTime.Second):d9}").TrimEnd('0');
        TimeSpan zone = TimeSpan.FromMinutes(ZoneMinutes);
        bool isLocal = ZoneMinutes != 0 && Utc.Ticks + zone.Ticks >= 0 && Utc.Ticks + zone.Ticks <= DateTime.MaxValue.Ticks;
        string shown = isLocal ? string.Create(CultureInfo.InvariantCulture, $"{(ZoneMinutes < 0 ? '-' : '+')}{(int)zone.Duration().TotalHours:d2}:{zone.Duration().Minutes:d2}") : "Z";
        return (isLocal ? Utc + zone : Utc).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + (fraction.Length > 0 ? "." + fraction : "") + shown;
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

    /// <summary>The longer of two that begin alike first.</summary>
    private static readonly (string Name, long Nanos)[] Units = [("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", Second), ("m", 60 * Second), ("h", 3600 * Second)];

    public static readonly Int128 Earliest = -62135596800 * (Int128)Second;
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
        Int128 offset = Offset(m.Groups[3].Value) ?? 0;
        return Timestamp(nanos - offset) is CelTimestamp read ? (object)(read with { ZoneMinutes = (int)(offset / (60 * Second)) }) : TimestampRange;
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
        var fault = new CelError($"time: invalid duration \"{text}\"");
        bool negative = text.StartsWith('-');
        ReadOnlySpan<char> rest = text.AsSpan(negative || text.StartsWith('+') ? 1 : 0);
        if (rest is "0")
        {
            return Duration(0);
        }

        Int128 total = 0;
        do
        {
            // 1. a number: digits, and perhaps a fraction
            int whole = Digits(rest);
            ReadOnlySpan<char> number = rest[..whole].TrimStart('0');
            rest = rest[whole..];
            int fraction = rest.StartsWith(".") ? Digits(rest[1..]) : 0;
            ReadOnlySpan<char> digits = rest.StartsWith(".") ? rest.Slice(1, Math.Min(fraction, 18)) : "";
            rest = rest.StartsWith(".") ? rest[(1 + fraction)..] : rest;

            // 2. its unit
            long unit = 0;
            foreach ((string name, long nanos) in Units)
            {
                if (rest.StartsWith(name, StringComparison.Ordinal))
                {
                    unit = nanos;
                    rest = rest[name.Length..];
                    break;
                }
            }

            if (whole + fraction == 0 || unit == 0 || (rest.Length > 0 && rest[0] != '.' && !char.IsAsciiDigit(rest[0])))
            {
                return fault;
            }

            if (number.Length > 19)
            {
                return DurationRange;
            }

            total += (number.IsEmpty ? 0 : Int128.Parse(number, CultureInfo.InvariantCulture)) * unit;
            total += digits.IsEmpty ? 0 : Int128.Parse(digits, CultureInfo.InvariantCulture) * unit / Int128.Parse("1" + new string('0', digits.Length), CultureInfo.InvariantCulture);
            if (total > (Int128)long.MaxValue + 1)
            {
                return DurationRange;
            }
        }
        while (rest.Length > 0);

        return Duration(negative ? -total : total);
    }

    private static int Digits(ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') is >= 0 and int end ? end : text.Length;

    [GeneratedRegex(@"\A(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)\z")]
    private static partial Regex Rfc3339();

    [GeneratedRegex(@"\A([+-]?)(\d{1,2}):(\d\d)\z")]
    private static partial Regex ZoneOffset();
}
