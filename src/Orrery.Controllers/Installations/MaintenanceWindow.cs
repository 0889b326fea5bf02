using System.Globalization;
using Orrery.Api;

namespace Orrery.Controllers.Installations;

/// <summary>A time of the week, or of each day, in which what is installed may be changed. Pure.</summary>
/// <param name="Days">On which it begins, in its own time zone; every day when empty.</param>
/// <param name="Start">In its own time zone.</param>
/// <param name="Duration">A week at most. It is that long also where the clock is put on or back meanwhile.</param>
internal sealed record MaintenanceWindow(IReadOnlyList<DayOfWeek> Days, TimeOnly Start, TimeSpan Duration, TimeZoneInfo Zone)
{
    /// <summary>Reads one of <c>spec.maintenanceWindows</c>.</summary>
    /// <returns>Null when its time zone is not known to this process, or it is no window at all.</returns>
    public static MaintenanceWindow? Read(KubeObject json)
    {
        string zone = json.TextAt("timeZone") ?? "UTC";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out TimeZoneInfo? found)
            || !TimeOnly.TryParseExact(json.TextAt("start"), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly start)
            || json.NumberAt("durationMinutes") is not (> 0 and <= 7 * 24 * 60 and { } minutes))
        {
            return null;
        }

        IReadOnlyList<string> days = PlaneStatus.Texts(json.At("days"));
        return days.All(d => Enum.TryParse<DayOfWeek>(d, out _)) ? new MaintenanceWindow([.. days.Select(Enum.Parse<DayOfWeek>)], start, TimeSpan.FromMinutes(minutes), found) : null;
    }

    /// <returns>When it opens next; null while it is open.</returns>
    public DateTimeOffset? Next(DateTimeOffset now)
    {
        DateOnly today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, Zone).DateTime);
        DateTimeOffset? next = null;

        // One that began a week ago may still be open, and one that begins on this day of the week alone may have ended today.
        for (int day = -8; day <= 8; day++)
        {
            DateOnly date = today.AddDays(day);
            if (Days.Count > 0 && !Days.Contains(date.DayOfWeek))
            {
                continue;
            }

            DateTimeOffset opens = Opens(date);
            if (opens <= now && now < opens + Duration)
            {
                return null;
            }

            next ??= opens > now ? opens : null;
        }

        return next;
    }

    /// <summary>An hour that the clock skips comes later by as much; of one that it shows twice, the first counts.</summary>
    private DateTimeOffset Opens(DateOnly date)
    {
        DateTime local = date.ToDateTime(Start);
        return new DateTimeOffset(local, Zone.IsAmbiguousTime(local) ? Zone.GetAmbiguousTimeOffsets(local).Max() : Zone.GetUtcOffset(local)).ToUniversalTime();
    }
}
