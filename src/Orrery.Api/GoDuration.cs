using System.Globalization;

namespace Orrery.Api;

/// <summary>Durations as Go writes them (time.ParseDuration): <c>300ms</c>, <c>1h30m</c>, <c>0</c>.</summary>
public static class GoDuration
{
    private static readonly (string Unit, double Seconds)[] Units = [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Null for anything else, and for negative ones.</summary>
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
            while (end < text.Length && char.IsAsciiLetter(text[end]))
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

        return text.Length > 0 && total < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(total) : null;
    }
}
