using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Time;

/// <summary>time.Parse: reads a text by a layout. The local zone is UTC.</summary>
internal sealed class GoTimeParse
{
    private readonly string layout;
    private readonly string text;
    private string value;
    private long year;
    private int month = -1;
    private int day = -1;
    private int yearDay = -1;
    private int hour;
    private int minute;
    private int second;
    private int nanos;
    private bool afternoon;
    private bool beforeNoon;
    private int? offset;
    private string zone = "";

    private GoTimeParse(string layout, string text) => (this.layout, this.text, value) = (layout, text, text);

    /// <exception cref="GoException">The text does not follow the layout, or names no time.</exception>
    public static GoTime Parse(string layout, string text) => new GoTimeParse(layout, text).Run();

    private static string Quote(string s)
    {
        var b = new StringBuilder("\"");
        foreach (char c in s)
        {
            b.Append(c is '"' or '\\' ? "\\" + c : c is < ' ' or >= '\x80' ? "\\x" + ((int)c).ToString("x2", CultureInfo.InvariantCulture) : c.ToString());
        }

        return b.Append('"').ToString();
    }

    private GoException Bad(string at, string element) =>
        new($"parsing time {Quote(text)} as {Quote(layout)}: cannot parse {Quote(at)} as {Quote(element)}");

    private GoException Bad(string message) => new($"parsing time {Quote(text)}{message}");

    private GoTime Run()
    {
        string rest = layout;
        while (true)
        {
            (string prefix, LayoutElement element, string spelling, string after) = GoTimeLayout.Next(rest);
            SkipPrefix(prefix);
            if (element == LayoutElement.None)
            {
                if (value.Length > 0)
                {
                    throw Bad(": extra text: " + Quote(value));
                }

                return Build();
            }

            string before = value;
            string? range = null;
            try
            {
                range = Element(element, spelling, after);
            }
            catch (FormatException)
            {
                throw Bad(before, spelling);
            }

            if (range is not null)
            {
                throw Bad($": {range} out of range");
            }

            rest = after;
        }
    }

    private void SkipPrefix(string prefix)
    {
        string whole = prefix;
        while (prefix.Length > 0)
        {
            if (prefix[0] == ' ')
            {
                if (value.Length > 0 && value[0] != ' ')
                {
                    throw Bad(value, whole);
                }

                (prefix, value) = (prefix.TrimStart(' '), value.TrimStart(' '));
                continue;
            }

            if (value.Length == 0 || value[0] != prefix[0])
            {
                throw Bad(value, whole);
            }

            (prefix, value) = (prefix[1..], value[1..]);
        }
    }

    private string Take(int count)
    {
        if (value.Length < count)
        {
            throw new FormatException();
        }

        string taken = value[..count];
        value = value[count..];
        return taken;
    }

    private static int Number(string s) => int.TryParse(s, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) ? n : throw new FormatException();

    /// <summary>One or two digits, two where the element has a leading zero.</summary>
    private int TwoDigits(bool exact)
    {
        if (value.Length == 0 || !char.IsAsciiDigit(value[0]))
        {
            throw new FormatException();
        }

        bool two = value.Length > 1 && char.IsAsciiDigit(value[1]);
        return !two && exact ? throw new FormatException() : Number(Take(two ? 2 : 1));
    }

    private int Name(string[] names, int length)
    {
        int found = Array.FindIndex(names, n => value.StartsWith(length > 0 ? n[..length] : n, StringComparison.OrdinalIgnoreCase));
        if (found < 0)
        {
            throw new FormatException();
        }

        value = value[(length > 0 ? length : names[found].Length)..];
        return found;
    }

    /// <returns>What is out of range; null when all is well.</returns>
    private string? Element(LayoutElement element, string spelling, string after)
    {
        switch (element)
        {
            case LayoutElement.Year:
                year = Number(Take(2));
                year += year >= 69 ? 1900 : 2000;
                return null;
            case LayoutElement.LongYear:
                if (value.Length < 4 || !char.IsAsciiDigit(value[0]))
                {
                    throw new FormatException();
                }

                year = Number(Take(4));
                return null;
            case LayoutElement.Month:
                month = Name(GoCalendar.Months, 3) + 1;
                return null;
            case LayoutElement.LongMonth:
                month = Name(GoCalendar.Months, 0) + 1;
                return null;
            case LayoutElement.NumMonth or LayoutElement.ZeroMonth:
                month = TwoDigits(element == LayoutElement.ZeroMonth);
                return month is < 1 or > 12 ? "month" : null;
            case LayoutElement.Weekday:
                Name(GoCalendar.Weekdays, 3);
                return null;
            case LayoutElement.LongWeekday:
                Name(GoCalendar.Weekdays, 0);
                return null;
            case LayoutElement.Day or LayoutElement.UnderDay or LayoutElement.ZeroDay:
                if (element == LayoutElement.UnderDay && value.StartsWith(' '))
                {
                    value = value[1..];
                }

                day = TwoDigits(element == LayoutElement.ZeroDay);
                return null;
            case LayoutElement.UnderYearDay or LayoutElement.ZeroYearDay:
                for (int i = 0; i < 2 && element == LayoutElement.UnderYearDay && value.StartsWith(' '); i++)
                {
                    value = value[1..];
                }

                int digits = value.TakeWhile(char.IsAsciiDigit).Take(3).Count();
                yearDay = digits == 0 || (element == LayoutElement.ZeroYearDay && digits < 3) ? throw new FormatException() : Number(Take(digits));
                return null;
            case LayoutElement.Hour:
                hour = TwoDigits(false);
                return hour is < 0 or >= 24 ? "hour" : null;
            case LayoutElement.Hour12 or LayoutElement.ZeroHour12:
                hour = TwoDigits(element == LayoutElement.ZeroHour12);
                return hour is < 0 or > 12 ? "hour" : null;
            case LayoutElement.Minute or LayoutElement.ZeroMinute:
                minute = TwoDigits(element == LayoutElement.ZeroMinute);
                return minute is < 0 or >= 60 ? "minute" : null;
            case LayoutElement.Second or LayoutElement.ZeroSecond:
                return Seconds(element == LayoutElement.ZeroSecond, after);
            case LayoutElement.UpperPm or LayoutElement.LowerPm:
                string half = Take(2);
                bool upper = element == LayoutElement.UpperPm;
                afternoon = half == (upper ? "PM" : "pm");
                beforeNoon = half == (upper ? "AM" : "am");
                return afternoon || beforeNoon ? null : throw new FormatException();
            case LayoutElement.ZoneName:
                ZoneAbbreviation();
                return null;
            case LayoutElement.FractionZeros:
                return Nanoseconds(Take(spelling.Length));
            case LayoutElement.FractionNines:
                int count = value.Length < 2 || value[0] is not ('.' or ',') ? 0 : value.Skip(1).TakeWhile(char.IsAsciiDigit).Count();
                return count == 0 ? null : Nanoseconds(Take(count + 1));
            default:
                return Zone(spelling);
        }
    }

    private string? Seconds(bool exact, string after)
    {
        second = TwoDigits(exact);
        if (second is < 0 or >= 60)
        {
            return "second";
        }

        // A fraction may follow the seconds although the layout has none.
        bool fraction = value.Length >= 2 && value[0] is '.' or ',' && value.Length >= 2 && char.IsAsciiDigit(value[1]);
        if (fraction && GoTimeLayout.Next(after).Element is not (LayoutElement.FractionZeros or LayoutElement.FractionNines))
        {
            return Nanoseconds(Take(1 + value.Skip(1).TakeWhile(char.IsAsciiDigit).Count()));
        }

        return null;
    }

    private string? Nanoseconds(string part)
    {
        if (part[0] is not ('.' or ',') || !part.Skip(1).All(char.IsAsciiDigit))
        {
            throw new FormatException();
        }

        string digits = part[1..];
        nanos = Number((digits.Length > 9 ? digits[..9] : digits).PadRight(9, '0'));
        return null;
    }

    private void ZoneAbbreviation()
    {
        if (value.StartsWith("UTC", StringComparison.Ordinal))
        {
            value = value[3..];
            offset = 0;
            return;
        }

        int letters = value.TakeWhile(char.IsAsciiLetterUpper).Count();
        if (letters is < 3 or > 5)
        {
            throw new FormatException();
        }

        zone = Take(letters);
        if (zone == "GMT" && value.Length > 0 && value[0] is '+' or '-' && value.Skip(1).TakeWhile(char.IsAsciiDigit).Count() is > 0 and var n && Math.Abs(Number(value[..(n + 1)])) <= 23)
        {
            zone += Take(n + 1);
        }
    }

    private string? Zone(string spelling)
    {
        if (spelling[0] == 'Z' && value.StartsWith('Z'))
        {
            value = value[1..];
            offset = 0;
            return null;
        }

        bool colon = spelling.Contains(':', StringComparison.Ordinal);
        string taken = Take(spelling.Length);
        string[] parts = colon ? taken[1..].Split(':') : [.. taken[1..].Chunk(2).Select(c => new string(c))];
        if (taken[0] is not ('+' or '-') || parts.Any(p => p.Length != 2))
        {
            throw new FormatException();
        }

        int[] numbers = [.. parts.Select(p => p.All(char.IsAsciiDigit) ? Number(p) : throw new FormatException())];
        if (numbers[0] > 24)
        {
            return "time zone offset hour";
        }

        if (numbers.Length > 1 && numbers[1] > 60)
        {
            return "time zone offset minute";
        }

        int total = (numbers[0] * 3600) + (numbers.Length > 1 ? numbers[1] * 60 : 0) + (numbers.Length > 2 ? numbers[2] : 0);
        offset = taken[0] == '-' ? -total : total;
        return null;
    }

    private GoTime Build()
    {
        hour = afternoon && hour < 12 ? hour + 12 : beforeNoon && hour == 12 ? 0 : hour;
        if (yearDay >= 0)
        {
            if (yearDay < 1 || yearDay > (GoCalendar.IsLeap(year) ? 366 : 365))
            {
                throw Bad(": day-of-year out of range");
            }

            (_, int m, int d) = GoCalendar.Date(GoCalendar.Days(year, 1, yearDay));
            if ((month >= 0 && month != m) || (day >= 0 && day != d))
            {
                throw Bad(month >= 0 && month != m ? ": day-of-year does not match month" : ": day-of-year does not match day");
            }

            (month, day) = (m, d);
        }

        (month, day) = (month < 0 ? 1 : month, day < 0 ? 1 : day);
        if (day < 1 || day > GoCalendar.DaysIn(month, year))
        {
            throw Bad(": day out of range");
        }

        int ofDay = (hour * 3600) + (minute * 60) + second;
        if (offset is { } o)
        {
            return GoTime.From(year, month, day, ofDay, nanos, o == 0 && zone is "" or "UTC" ? GoZone.Utc : GoZone.Fixed(zone, o));
        }

        if (zone.Length == 0)
        {
            return GoTime.From(year, month, day, ofDay, nanos, GoZone.Utc);
        }

        int hours = zone.Length > 3 && zone.StartsWith("GMT", StringComparison.Ordinal) ? Number(zone[3..]) : 0;
        return GoTime.From(year, month, day, ofDay, nanos, GoZone.Fixed(zone, hours * 3600));
    }
}
