using System.Globalization;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Batch;

/// <summary>
/// A schedule in the five fields of cron, with the names and shorthands that CronJob takes. Immutable.
/// When both days are restricted, either is enough, as cron has it.
/// </summary>
public sealed class CronSchedule
{
    private const string Every = "@every ";

    private static readonly Dictionary<string, string> Shorthands = new(StringComparer.Ordinal)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    private readonly ulong minutes;
    private readonly ulong hours;
    private readonly ulong days;
    private readonly ulong months;
    private readonly ulong weekdays;
    private readonly bool anyDay;
    private readonly bool anyWeekday;

    /// <summary>Null where fields say when.</summary>
    private readonly TimeSpan? interval;

    private CronSchedule(TimeSpan interval)
    {
        this.interval = interval;
    }

    private CronSchedule(string[] fields)
    {
        minutes = Field(fields[0], 0, 59, []);
        hours = Field(fields[1], 0, 23, []);
        days = Field(fields[2], 1, 31, []);
        months = Field(fields[3], 1, 12, Months);
        weekdays = Field(fields[4], 0, 6, Days);
        anyDay = IsAny(fields[2]);
        anyWeekday = IsAny(fields[4]);
    }

    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static CronSchedule Parse(string text)
    {
        // A zone in front is refused elsewhere, with a reason of its own; the fields behind it are looked at all the same.
        if (text.StartsWith("TZ=", StringComparison.Ordinal) || text.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            int space = text.IndexOf(' ', StringComparison.Ordinal);
            text = space < 0 ? "" : text[space..].Trim();
        }

        if (text.StartsWith(Every, StringComparison.Ordinal))
        {
            return new CronSchedule(Interval(text));
        }

        string expression = text;
        if (text.StartsWith('@') && !Shorthands.TryGetValue(text, out expression!))
        {
            throw new FormatException($"unrecognized descriptor: {text}");
        }

        string[] fields = expression.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5
            ? new CronSchedule(fields)
            : throw new FormatException(text.Length == 0 ? "empty spec string" : $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]");
    }

    private static TimeSpan Interval(string text)
    {
        string duration = text[Every.Length..];
        TimeSpan every = GoDuration.Parse(duration) ?? throw new FormatException($"failed to parse duration {text}: time: invalid duration \"{duration}\"");

        // The scheduler behind upstream's syntax counts whole seconds, and at least one.
        return TimeSpan.FromSeconds(Math.Max(1, Math.Floor(every.TotalSeconds)));
    }

    /// <summary>The first time after <paramref name="after"/> by the clocks of a zone; null when there is none within five years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        if (interval is { } step)
        {
            return after.AddTicks(-(after.Ticks % TimeSpan.TicksPerSecond)) + step;
        }

        DateTime at = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        at = new DateTime(at.Year, at.Month, at.Day, at.Hour, at.Minute, 0, DateTimeKind.Unspecified).AddMinutes(1);
        DateTime last = at.AddYears(5);
        while (at <= last)
        {
            // As far as the coarsest field that does not fit allows.
            if (!Has(months, at.Month))
            {
                at = new DateTime(at.Year, at.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1);
            }
            else if (!IsDay(at))
            {
                at = at.Date.AddDays(1);
            }
            else if (!Has(hours, at.Hour))
            {
                at = at.Date.AddHours(at.Hour + 1);
            }
            else if (!Has(minutes, at.Minute) || zone.IsInvalidTime(at))
            {
                at = at.AddMinutes(1);
            }
            else
            {
                return new DateTimeOffset(at, zone.GetUtcOffset(at)).ToUniversalTime();
            }
        }

        return null;
    }

    private static bool IsAny(string field) => field is "*" or "?" || field.StartsWith("*/", StringComparison.Ordinal);

    private static bool Has(ulong set, int value) => (set & (1UL << value)) != 0;

    private static ulong Field(string field, int low, int high, string[] names) =>
        field.Split(',', StringSplitOptions.RemoveEmptyEntries).Aggregate(0UL, (set, part) => set | Range(part, low, high, names));

    private static ulong Range(string part, int low, int high, string[] names)
    {
        string[] stepped = part.Split('/');
        string[] ends = stepped[0].Split('-');
        bool single = ends.Length == 1;
        int start;
        int end;
        if (ends[0] is "*" or "?")
        {
            (start, end) = (low, high);
        }
        else
        {
            start = Value(ends[0], names, low);
            end = ends.Length switch
            {
                1 => start,
                2 => Value(ends[1], names, low),
                _ => throw new FormatException($"too many hyphens: {part}"),
            };
        }

        int step = 1;
        if (stepped.Length == 2)
        {
            step = Number(stepped[1]);
            end = single ? high : end;
        }
        else if (stepped.Length > 2)
        {
            throw new FormatException($"too many slashes: {part}");
        }

        if (start < low)
        {
            throw new FormatException($"beginning of range ({start}) below minimum ({low}): {part}");
        }

        if (end > high)
        {
            throw new FormatException($"end of range ({end}) above maximum ({high}): {part}");
        }

        if (start > end)
        {
            throw new FormatException($"beginning of range ({start}) beyond end of range ({end}): {part}");
        }

        if (step == 0)
        {
            throw new FormatException($"step of range should be a positive number: {part}");
        }

        ulong set = 0;
        for (long i = start; i <= end; i += step)
        {
            set |= 1UL << (int)i;
        }

        return set;
    }

    private static int Value(string text, string[] names, int first)
    {
        int named = Array.IndexOf(names, text.ToLowerInvariant());
        return named >= 0 ? named + first : Number(text);
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number >= 0 ? number : throw new FormatException($"negative number ({number}) not allowed: {text}")
            : throw new FormatException($"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax");

    private bool IsDay(DateTime at)
    {
        bool day = Has(days, at.Day);
        bool weekday = Has(weekdays, (int)at.DayOfWeek);
        return anyDay || anyWeekday ? day && weekday : day || weekday;
    }
}
