namespace Orrery.Helm.Time;

/// <summary>The elements of Go's layouts, each named by how the reference time writes it.</summary>
internal enum LayoutElement
{
    None, LongMonth, Month, NumMonth, ZeroMonth, LongWeekday, Weekday, Day, UnderDay, ZeroDay, UnderYearDay, ZeroYearDay, Hour, Hour12, ZeroHour12,
    Minute, ZeroMinute, Second, ZeroSecond, LongYear, Year, UpperPm, LowerPm, ZoneName, Iso, IsoSeconds, IsoShort, IsoColon, IsoColonSeconds,
    Num, NumSeconds, NumShort, NumColon, NumColonSeconds, FractionZeros, FractionNines,
}

/// <summary>Cuts a layout such as 2006-01-02 into elements and the text between them.</summary>
internal static class GoTimeLayout
{
    // Longer spellings stand before those that they start with.
    private static readonly (string Text, LayoutElement Element)[] Spellings =
    [
        ("January", LayoutElement.LongMonth), ("Jan", LayoutElement.Month), ("Monday", LayoutElement.LongWeekday), ("Mon", LayoutElement.Weekday), ("MST", LayoutElement.ZoneName),
        ("002", LayoutElement.ZeroYearDay), ("01", LayoutElement.ZeroMonth), ("02", LayoutElement.ZeroDay), ("03", LayoutElement.ZeroHour12), ("04", LayoutElement.ZeroMinute),
        ("05", LayoutElement.ZeroSecond), ("06", LayoutElement.Year), ("15", LayoutElement.Hour), ("1", LayoutElement.NumMonth), ("2006", LayoutElement.LongYear),
        ("2", LayoutElement.Day), ("__2", LayoutElement.UnderYearDay), ("_2", LayoutElement.UnderDay), ("3", LayoutElement.Hour12), ("4", LayoutElement.Minute),
        ("5", LayoutElement.Second), ("PM", LayoutElement.UpperPm), ("pm", LayoutElement.LowerPm), ("-070000", LayoutElement.NumSeconds),
        ("-07:00:00", LayoutElement.NumColonSeconds), ("-0700", LayoutElement.Num), ("-07:00", LayoutElement.NumColon), ("-07", LayoutElement.NumShort),
        ("Z070000", LayoutElement.IsoSeconds), ("Z07:00:00", LayoutElement.IsoColonSeconds), ("Z0700", LayoutElement.Iso), ("Z07:00", LayoutElement.IsoColon), ("Z07", LayoutElement.IsoShort),
    ];

    /// <summary>The text before the next element, the element as it is spelled, and the rest of the layout.</summary>
    public static (string Prefix, LayoutElement Element, string Spelling, string Remaining) Next(string layout)
    {
        for (int i = 0; i < layout.Length; i++)
        {
            // "_2006" is an underscore and a year.
            if (layout[i] == '_' && string.CompareOrdinal(layout, i, "_2006", 0, 5) == 0)
            {
                return (layout[..(i + 1)], LayoutElement.LongYear, "2006", layout[(i + 5)..]);
            }

            foreach ((string text, LayoutElement element) in Spellings)
            {
                if (layout[i] == text[0] && string.CompareOrdinal(layout, i, text, 0, text.Length) == 0 && !LowerFollows(text, layout, i + text.Length))
                {
                    return (layout[..i], element, text, layout[(i + text.Length)..]);
                }
            }

            if (layout[i] is '.' or ',' && i + 1 < layout.Length && layout[i + 1] is '0' or '9')
            {
                char digit = layout[i + 1];
                int end = i + 1;
                while (end < layout.Length && layout[end] == digit)
                {
                    end++;
                }

                if (end == layout.Length || !char.IsAsciiDigit(layout[end]))
                {
                    return (layout[..i], digit == '0' ? LayoutElement.FractionZeros : LayoutElement.FractionNines, layout[i..end], layout[end..]);
                }
            }
        }

        return (layout, LayoutElement.None, "", "");
    }

    /// <summary>"Jan" and "Mon" before a small letter are the start of another word.</summary>
    private static bool LowerFollows(string text, string layout, int at) => text is "Jan" or "Mon" && at < layout.Length && char.IsAsciiLetterLower(layout[at]);
}
