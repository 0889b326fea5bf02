using System.Globalization;
using System.Numerics;
using System.Text;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Sizes, types and conversions between them.</summary>
internal static class Conversions
{
    public static IEnumerable<Overload> All =>
    [
        .. ((string[])["string", "bytes", "list(T)", "map(K, V)"]).SelectMany(t => (Overload[])[Of($"size({t}) int", a => Size(a[0])), Of($"{t}->size() int", a => Size(a[0]))]),
        Of("type(T) type(T)", a => CelValues.TypeOf(a[0])),
        Of("dyn(T) dyn", a => a[0]),
        .. ((string[])["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"]).Select(t => Of($"{t}({t}) {t}", a => a[0])),
        Of("bool(string) bool", a => a[0] is "true" or "True" or "TRUE" or "t" or "1" ? true : a[0] is "false" or "False" or "FALSE" or "f" or "0" ? false : Fault((string)a[0]!, "bool")),
        Of("int(uint) int", a => (ulong)a[0]! > long.MaxValue ? new CelError("range error: integer overflow") : (long)(ulong)a[0]!),
        Of("int(double) int", a => (double)a[0]! is > -9223372036854775808.0 and < 9223372036854775808.0 and var d ? (long)d : new CelError("range error: integer overflow")),
        Of("int(string) int", a => long.TryParse((string)a[0]!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long v) ? v : Fault((string)a[0]!, "int")),
        Of("int(timestamp) int", a => (long)FloorDivide(((CelTimestamp)a[0]!).Nanos, CelTime.Second)),
        Of("int(duration) int", a => ((CelDuration)a[0]!).Nanos),
        Of("uint(int) uint", a => (long)a[0]! < 0 ? new CelError("range error: unsigned integer overflow") : (ulong)(long)a[0]!),
        Of("uint(double) uint", a => (double)a[0]! is >= 0 and < 18446744073709551616.0 and var d ? (ulong)d : new CelError("range error: unsigned integer overflow")),
        Of("uint(string) uint", a => ulong.TryParse((string)a[0]!, NumberStyles.None, CultureInfo.InvariantCulture, out ulong v) ? v : Fault((string)a[0]!, "uint")),
        Of("double(int) double", a => (double)(long)a[0]!),
        Of("double(uint) double", a => (double)(ulong)a[0]!),
        Of("double(string) double", a => double.TryParse((string)a[0]!, NumberStyles.Float & ~(NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite), CultureInfo.InvariantCulture, out double v) ? v : Fault((string)a[0]!, "double")),
        .. ((string[])["bool", "int", "uint", "duration", "timestamp"]).Select(t => Of($"string({t}) string", a => CelText.Plain(a[0]))),
        Of("string(double) string", a => Text((double)a[0]!)),
        Of("string(bytes) string", a => Utf8((byte[])a[0]!)),
        Of("bytes(string) bytes", a => Encoding.UTF8.GetBytes((string)a[0]!)),
        Of("timestamp(string) timestamp", a => CelTime.ParseTimestamp((string)a[0]!)),
        Of("timestamp(int) timestamp", a => CelTime.Timestamp((Int128)(long)a[0]! * CelTime.Second)),
        Of("duration(string) duration", a => CelTime.ParseDuration((string)a[0]!)),
        Of("duration(int) duration", a => CelTime.Duration((long)a[0]!)),
        Of("optional.of(T) optional(T)", a => new CelOptional(true, a[0])),
        Of("optional.ofNonZeroValue(T) optional(T)", a => IsZero(a[0]) ? CelOptional.None : new CelOptional(true, a[0])),
        Of("optional.none() optional(T)", _ => CelOptional.None),
        Of("optional(T)->hasValue() bool", a => ((CelOptional)a[0]!).HasValue),
        Of("optional(T)->value() T", a => a[0] is CelOptional { HasValue: true } o ? o.Value : new CelError("optional.none() dereference")),
        Of("optional(T)->or(optional(T)) optional(T)", a => a[0] is CelOptional { HasValue: true } ? a[0] : a[1]),
        Of("optional(T)->orValue(T) T", a => a[0] is CelOptional { HasValue: true } o ? o.Value : a[1]),
        .. Times(),
    ];

    internal static BigInteger FloorDivide(Int128 value, long by) => (BigInteger)((value - (((value % by) + by) % by)) / by);

    private static CelError Fault(string text, string type) => new($"type conversion error from 'string' to '{type}': \"{text}\"");

    private static object Size(object? value) => value switch
    {
        string s => (long)s.EnumerateRunes().Count(),
        byte[] b => (long)b.Length,
        CelList l => (long)l.Count,
        CelMap m => (long)m.Count,
        _ => CelError.NoOverload,
    };

    private static bool IsZero(object? value) => value is null or false or 0L or 0UL or 0.0 or "" or CelList { Count: 0 } or CelMap { Count: 0 } or byte[] { Length: 0 } or CelDuration { Nanos: 0 } or CelTimestamp { IsFirst: true } or CelOptional { HasValue: false };

    /// <summary>Go's shortest <c>%g</c>: an exponent below 1e-4 and from 1e21 on the whole side as cel-go prints it.</summary>
    private static string Text(double value) => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf") : GoNumber.Text(value);

    private static object Utf8(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return new CelError("invalid UTF-8 in bytes, cannot convert to string");
        }
    }

    private static IEnumerable<Overload> Times()
    {
        (string Name, Func<DateTime, long> Of)[] parts =
        [
            ("getFullYear", t => t.Year), ("getMonth", t => t.Month - 1), ("getDate", t => t.Day), ("getDayOfMonth", t => t.Day - 1), ("getDayOfWeek", t => (long)t.DayOfWeek),
            ("getDayOfYear", t => t.DayOfYear - 1), ("getHours", t => t.Hour), ("getMinutes", t => t.Minute), ("getSeconds", t => t.Second), ("getMilliseconds", t => t.Millisecond),
        ];
        foreach ((string name, Func<DateTime, long> part) in parts)
        {
            yield return Of($"timestamp->{name}() int", a => part(((CelTimestamp)a[0]!).Utc));
            yield return Of($"timestamp->{name}(string) int", a => Local((CelTimestamp)a[0]!, (string)a[1]!) is { } t ? part(t) : new CelError($"unknown time zone {a[1]}"));
        }

        // All of them in the whole span, of milliseconds too: cel-go does not stop at the part of a second.
        (string Name, long Unit)[] spans = [("getHours", 3600 * CelTime.Second), ("getMinutes", 60 * CelTime.Second), ("getSeconds", CelTime.Second), ("getMilliseconds", 1_000_000)];
        foreach ((string name, long unit) in spans)
        {
            yield return Of($"duration->{name}() int", a => ((CelDuration)a[0]!).Nanos / unit);
        }
    }

    private static DateTime? Local(CelTimestamp time, string zone)
    {
        if (CelTime.Offset(zone) is { } offset)
        {
            return time.Utc.AddTicks((long)(offset / 100));
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out TimeZoneInfo? found) ? TimeZoneInfo.ConvertTimeFromUtc(DateTime.SpecifyKind(time.Utc, DateTimeKind.Utc), found) : null;
    }
}
