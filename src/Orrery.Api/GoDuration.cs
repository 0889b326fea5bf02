using System.Globalization;

namespace Orrery.Api;

/// <summary>Durations as Go writes them (time.ParseDuration): <c>300ms</c>, <c>1h30m</c>, <c>0</c>.</summary>
public static class GoDuration
{
    private static readonly (string Unit, double Seconds)[] Units = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Go counts nanoseconds in 63 bits.</summary>
    private const double Most = long.MaxValue * 1e-9;

    /// <summary>Null for anything else, for negative ones, and for those beyond Go's 292 years.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        double total = 0;
        int at = 0;
        while (at < text.Length)
        {
            int digits = at;
            while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            {
                digits++;
            }

            int end = digits;
            while (end < text.Length && !char.IsAsciiDigit(text[end]) && text[end] != '.')
            {
                end++;
            }

            string unit = text[digits..end];
            int known = Array.FindIndex(Units, u => u.Unit == unit);
            if (known < 0 || !double.TryParse(text.AsSpan(at, digits - at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return null;
            }

            total += number * Units[known].Seconds;
            at = end;
        }

        return text.Length > 0 && total < Most ? TimeSpan.FromTicks((long)Math.Round(total * TimeSpan.TicksPerSecond)) : null;
    }
}
