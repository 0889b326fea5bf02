using System.Globalization;

namespace Orrery.Machinery.Tables;

/// <summary>A duration in two units at most: apimachinery <c>pkg/util/duration</c>.</summary>
public static class HumanDuration
{
    private const int HoursOfYear = 24 * 365;

    public static string Format(TimeSpan duration)
    {
        // Clocks of two machines differ a little: up to a second ahead is now.
        long seconds = (long)duration.TotalSeconds;
        long minutes = (long)duration.TotalMinutes;
        long hours = (long)duration.TotalHours;
        return seconds switch
        {
            < -1 => "<invalid>",
            < 0 => "0s",
            < 120 => Text($"{seconds}s"),
            _ when minutes < 10 => Two(minutes, "m", seconds % 60, "s"),
            _ when minutes < 180 => Text($"{minutes}m"),
            _ when hours < 8 => Two(hours, "h", minutes % 60, "m"),
            _ when hours < 48 => Text($"{hours}h"),
            _ when hours < 24 * 8 => Two(hours / 24, "d", hours % 24, "h"),
            _ when hours < HoursOfYear * 2 => Text($"{hours / 24}d"),
            _ when hours < HoursOfYear * 8 => Two(hours / HoursOfYear, "y", hours / 24 % 365, "d"),
            _ => Text($"{hours / HoursOfYear}y"),
        };
    }

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? Text($"{large}{largeUnit}") : Text($"{large}{largeUnit}{small}{smallUnit}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
