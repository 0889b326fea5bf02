using System.Globalization;

namespace Orrery.Simulator.Workloads;

/// <summary>
/// The five fields of a cron line: minute, hour, day of month, month, day of week (crontab(5)). When both days are
/// restricted, either may match.
/// </summary>
internal sealed class CronSchedule
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>No schedule that ever comes true waits longer: the 29th of February over a century's gap.</summary>
    private const int LongestYears = 9;

    private readonly ulong minutes;
    private readonly ulong hours;
    private readonly ulong days;
    private readonly ulong months;
    private readonly ulong weekdays;
    private readonly bool anyDay;
    private readonly bool anyWeekday;
    private readonly TimeZoneInfo zone;

    private CronSchedule(string[] fields, TimeZoneInfo zone)
    {
        this.zone = zone;
        minutes = Set(fields[0], 0, 59, []);
        hours = Set(fields[1], 0, 23, []);
        days = Set(fields[2], 1, 31, []);
        months = Set(fields[3], 1, 12, Months);
        weekdays = Set(fields[4], 0, 7, Days);
        weekdays |= weekdays >> 7 & 1;
        anyDay = fields[2] is ['*', ..] or "?";
        anyWeekday = fields[4] is ['*', ..] or "?";
    }

    /// <param name="zone">IANA name; null is UTC.</param>
    /// <exception cref="FormatException">Not a schedule.</exception>
    public static CronSchedule Parse(string text, string? zone)
    {
        string line = text.Trim() switch
        {
            "@hourly" => "0 * * * *",
            "@daily" or "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" or "@annually" => "0 0 1 1 *",
            string other => other,
        };
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5
            ? new CronSchedule(fields, zone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(zone))
            : throw new FormatException($"'{text}' is no schedule: want 5 fields, found {fields.Length}");
    }

    /// <summary>The first time after <paramref name="after"/>; null when the schedule never comes true.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        DateTime at = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        at = new DateTime(at.Year, at.Month, at.Day, at.Hour, at.Minute, 0, DateTimeKind.Unspecified).AddMinutes(1);
        int lastYear = at.Year + LongestYears;
        while (at.Year <= lastYear)
        {
            // Skip as far as the coarsest field that does not match allows.
            if (!Has(months, at.Month))
            {
                at = new DateTime(at.Year, at.Month, 1).AddMonths(1);
            }
            else if (!DayMatches(at))
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

    private bool DayMatches(DateTime at)
    {
        bool day = Has(days, at.Day), weekday = Has(weekdays, (int)at.DayOfWeek);
        return anyDay || anyWeekday ? day && weekday : day || weekday;
    }

    private static bool Has(ulong set, int value) => (set >> value & 1) == 1;

    private static ulong Set(string field, int min, int max, string[] names)
    {
        ulong set = 0;
        foreach (string part in field.Split(','))
        {
            string[] step = part.Split('/');
            string[] range = step[0].Split('-');
            bool any = step[0] is "*" or "?";
            int from = any ? min : Number(range[0], min, max, names);
            int to = any ? max : range.Length > 1 ? Number(range[1], min, max, names) : step.Length > 1 ? max : from;
            int by = step.Length > 1 ? int.Parse(step[1], CultureInfo.InvariantCulture) : 1;
            if (by < 1 || to < from)
            {
                throw new FormatException($"'{part}' is no part of a schedule");
            }

            for (int i = from; i <= to; i += by)
            {
                set |= 1UL << i;
            }
        }

        return set;
    }

    private static int Number(string text, int min, int max, string[] names)
    {
        int named = Array.IndexOf(names, text.ToLowerInvariant());
        int number = named >= 0 ? named + (names == Months ? 1 : 0)
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1;
        return number >= min && number <= max ? number : throw new FormatException($"'{text}' is not from {min} to {max}");
    }
}
