using System.Globalization;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Time;

/// <summary>Go's time.Time, with the methods that templates may call.</summary>
/// <param name="seconds">Since 1970-01-01 UTC.</param>
internal sealed class GoTime(long seconds, int nanos, GoZone zone) : GoObject
{
    private const string Full = "2006-01-02 15:04:05.999999999 -0700 MST";

    /// <summary>The zero time: the first second of the year 1.</summary>
    public static readonly GoTime Zero = new(-62_135_596_800, 0, GoZone.Utc);

    private readonly (int Offset, string Name) zoneAt = zone.At(seconds);

    public long Seconds => seconds;

    public int Nanos => nanos;

    public int Offset => zoneAt.Offset;

    /// <summary>The zone's abbreviation; "" when only its offset is known.</summary>
    public string ZoneName => zoneAt.Name;

    /// <summary>Seconds of the wall clock there since 1970-01-01.</summary>
    private long Local => seconds + Offset;

    public (long Year, int Month, int Day) Date => GoCalendar.Date(GoCalendar.FloorDivide(Local, GoCalendar.Day));

    public int SecondOfDay => (int)(Local - (GoCalendar.FloorDivide(Local, GoCalendar.Day) * GoCalendar.Day));

    public int Weekday => (int)((((GoCalendar.FloorDivide(Local, GoCalendar.Day) + 4) % 7) + 7) % 7);

    public int YearDay => (int)(GoCalendar.FloorDivide(Local, GoCalendar.Day) - GoCalendar.Days(Date.Year, 1, 1)) + 1;

    public override string Type => "time.Time";

    public override string Kind => "struct";

    public override string Text => GoTimeFormat.Format(this, Full);

    public override object Json => Date.Year is < 0 or > 9999
        ? throw new GoException("json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]")
        : GoTimeFormat.Format(this, "2006-01-02T15:04:05.999999999Z07:00");

    public static GoTime Of(DateTimeOffset moment)
    {
        long ticks = moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        long s = GoCalendar.FloorDivide(ticks, TimeSpan.TicksPerSecond);
        return new GoTime(s, (int)(ticks - (s * TimeSpan.TicksPerSecond)) * 100, GoZone.Utc);
    }

    public GoTime In(GoZone other) => new(seconds, nanos, other);

    public GoTime Add(long duration)
    {
        Int128 total = ((Int128)seconds * 1_000_000_000) + nanos + duration;
        long s = (long)(total / 1_000_000_000);
        int n = (int)(total % 1_000_000_000);
        return n < 0 ? new GoTime(s - 1, n + 1_000_000_000, zone) : new GoTime(s, n, zone);
    }

    /// <summary>Nanoseconds from another time to this one, as far as an int64 reaches.</summary>
    public long Since(GoTime other) => (long)Int128.Clamp((((Int128)seconds - other.Seconds) * 1_000_000_000) + nanos - other.Nanos, long.MinValue, long.MaxValue);

    public override bool Equals(object? obj) => obj is GoTime t && t.Seconds == seconds && t.Nanos == nanos && t.Offset == Offset && t.ZoneName == ZoneName;

    public override int GetHashCode() => HashCode.Combine(seconds, nanos);

    private GoTime AddDate(long years, long months, long days)
    {
        (long year, int month, int day) = Date;
        long local = (GoCalendar.Days(year + years, month + months, day + days) * GoCalendar.Day) + SecondOfDay;
        return new GoTime(local - zone.At(local - Offset).Offset, nanos, zone);
    }

    private static long Int(object? value) => ((GoInt)value!).Value;

    public override Function? Method(string name) => name switch
    {
        "Year" => Number(name, Date.Year),
        "Month" => Function.Of(name, [], _ => new GoNamedInt("time.Month", Date.Month, GoCalendar.Months[Date.Month - 1])),
        "Day" => Number(name, Date.Day),
        "Hour" => Number(name, SecondOfDay / 3600),
        "Minute" => Number(name, SecondOfDay / 60 % 60),
        "Second" => Number(name, SecondOfDay % 60),
        "Nanosecond" => Number(name, nanos),
        "YearDay" => Number(name, YearDay),
        "Weekday" => Function.Of(name, [], _ => new GoNamedInt("time.Weekday", Weekday, GoCalendar.Weekdays[Weekday])),
        "Unix" => Function.Of(name, [], _ => seconds),
        "UnixMilli" => Function.Of(name, [], _ => unchecked((seconds * 1000) + (nanos / 1_000_000))),
        "UnixMicro" => Function.Of(name, [], _ => unchecked((seconds * 1_000_000) + (nanos / 1000))),
        "UnixNano" => Function.Of(name, [], _ => unchecked((seconds * 1_000_000_000) + nanos)),
        "IsZero" => Function.Of(name, [], _ => seconds == Zero.Seconds && nanos == 0),
        "String" => Function.Of(name, [], _ => Text),
        "Format" => Function.Of(name, [P.String], a => GoTimeFormat.Format(this, (string)a[0]!)),
        "UTC" or "Local" => Function.Of(name, [], _ => In(GoZone.Utc)),
        "Add" => Function.Of(name, [P.Duration], a => Add(((GoNamedInt)a[0]!).Value)),
        "AddDate" => Function.Of(name, [P.Int, P.Int, P.Int], a => AddDate(Int(a[0]), Int(a[1]), Int(a[2]))),
        "Sub" => Function.Of(name, [P.Time], a => GoDuration.Of(Since((GoTime)a[0]!))),
        "Equal" => Function.Of(name, [P.Time], a => Since((GoTime)a[0]!) == 0),
        "Before" => Function.Of(name, [P.Time], a => Since((GoTime)a[0]!) < 0),
        "After" => Function.Of(name, [P.Time], a => Since((GoTime)a[0]!) > 0),
        "Compare" => Function.Of(name, [P.Time], a => new GoInt(Math.Sign(Since((GoTime)a[0]!)))),
        _ => null,
    };

    private static Function Number(string name, long value) => Function.Of(name, [], _ => new GoInt(value));

    /// <summary>A date and time of day in a zone; what lies beyond a field's range counts into the next.</summary>
    public static GoTime From(long year, long month, long day, long secondOfDay, int nanos, GoZone zone)
    {
        long local = (GoCalendar.Days(year, month, day) * GoCalendar.Day) + secondOfDay;
        return new GoTime(local - zone.At(local).Offset, nanos, zone);
    }

    /// <summary>Digits of a number, at least so many.</summary>
    public static string Digits(long value, int width) => (value < 0 ? "-" : "") + Math.Abs(value).ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
}
