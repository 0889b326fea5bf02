using System.Text;

namespace Orrery.Helm.Time;

/// <summary>time.Time's Format.</summary>
internal static class GoTimeFormat
{
    public static string Format(GoTime t, string layout)
    {
        var b = new StringBuilder();
        while (layout.Length > 0)
        {
            (string prefix, LayoutElement element, string spelling, layout) = GoTimeLayout.Next(layout);
            b.Append(prefix);
            if (element == LayoutElement.None)
            {
                break;
            }

            b.Append(Element(t, element, spelling));
        }

        return b.ToString();
    }

    private static string Element(GoTime t, LayoutElement element, string spelling)
    {
        (long year, int month, int day) = t.Date;
        int hour = t.SecondOfDay / 3600;
        int hour12 = hour % 12 == 0 ? 12 : hour % 12;
        int minute = t.SecondOfDay / 60 % 60;
        return element switch
        {
            LayoutElement.Year => GoTime.Digits(Math.Max(year, 0) % 100, 2),
            LayoutElement.LongYear => GoTime.Digits(year, 4),
            LayoutElement.Month => GoCalendar.Months[month - 1][..3],
            LayoutElement.LongMonth => GoCalendar.Months[month - 1],
            LayoutElement.NumMonth => GoTime.Digits(month, 0),
            LayoutElement.ZeroMonth => GoTime.Digits(month, 2),
            LayoutElement.Weekday => GoCalendar.Weekdays[t.Weekday][..3],
            LayoutElement.LongWeekday => GoCalendar.Weekdays[t.Weekday],
            LayoutElement.Day => GoTime.Digits(day, 0),
            LayoutElement.UnderDay => GoTime.Digits(day, 0).PadLeft(2),
            LayoutElement.ZeroDay => GoTime.Digits(day, 2),
            LayoutElement.UnderYearDay => GoTime.Digits(t.YearDay, 0).PadLeft(3),
            LayoutElement.ZeroYearDay => GoTime.Digits(t.YearDay, 3),
            LayoutElement.Hour => GoTime.Digits(hour, 2),
            LayoutElement.Hour12 => GoTime.Digits(hour12, 0),
            LayoutElement.ZeroHour12 => GoTime.Digits(hour12, 2),
            LayoutElement.Minute => GoTime.Digits(minute, 0),
            LayoutElement.ZeroMinute => GoTime.Digits(minute, 2),
            LayoutElement.Second => GoTime.Digits(t.SecondOfDay % 60, 0),
            LayoutElement.ZeroSecond => GoTime.Digits(t.SecondOfDay % 60, 2),
            LayoutElement.UpperPm => hour >= 12 ? "PM" : "AM",
            LayoutElement.LowerPm => hour >= 12 ? "pm" : "am",
            LayoutElement.ZoneName => t.ZoneName.Length > 0 ? t.ZoneName : Offset(t.Offset, colon: false, seconds: false, minutes: true),
            LayoutElement.FractionZeros => spelling[0] + GoTime.Digits(t.Nanos, 9)[..Math.Min(9, spelling.Length - 1)].PadRight(spelling.Length - 1, '0'),
            LayoutElement.FractionNines => GoTime.Digits(t.Nanos, 9)[..Math.Min(9, spelling.Length - 1)].TrimEnd('0') is { Length: > 0 } digits ? spelling[0] + digits : "",
            _ => spelling[0] == 'Z' && t.Offset == 0 ? "Z" : Offset(t.Offset, spelling.Contains(':', StringComparison.Ordinal), spelling.Length >= 7, spelling.Length > 3),
        };
    }

    private static string Offset(int offset, bool colon, bool seconds, bool minutes)
    {
        string separator = colon ? ":" : "";
        int zone = Math.Abs(offset / 60);
        // "-07:00" is six characters long, "-070000" seven.
        return (offset / 60 < 0 ? "-" : "+") + GoTime.Digits(zone / 60, 2)
            + (minutes ? separator + GoTime.Digits(zone % 60, 2) : "")
            + (seconds ? separator + GoTime.Digits(Math.Abs(offset) % 60, 2) : "");
    }
}
