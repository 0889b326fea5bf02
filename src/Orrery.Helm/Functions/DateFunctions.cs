using System.Globalization;
using Orrery.Helm.Go;
using Orrery.Helm.Time;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's functions on dates and durations; what "now" is comes in.</summary>
internal sealed class DateFunctions(TimeProvider clock)
{
    private const string HtmlLayout = "2006-01-02";

    private static string S(object? value) => (string)value!;

    private GoTime Now => GoTime.Of(clock.GetUtcNow());

    public IEnumerable<Function> All =>
    [
        Function.Of("now", [], _ => Now),
        Function.Of("ago", [P.Any], a => GoDuration.Text(GoDuration.Round(Now.Since(Moment(a[0])), GoDuration.Second))),
        Function.Of("date", [P.String, P.Any], a => GoTimeFormat.Format(Moment(a[1]).In(GoZone.Utc), S(a[0]))),
        Function.Of("dateInZone", [P.String, P.Any, P.String], a => InZone(S(a[0]), a[1], S(a[2]))),
        Function.Of("date_in_zone", [P.String, P.Any, P.String], a => InZone(S(a[0]), a[1], S(a[2]))),
        Function.Of("htmlDate", [P.Any], a => InZone(HtmlLayout, a[0], "Local")),
        Function.Of("htmlDateInZone", [P.Any, P.String], a => InZone(HtmlLayout, a[0], S(a[1]))),
        .. new[] { "dateModify", "date_modify" }.Select(n => Function.Of(n, [P.String, P.Time], a => Modify(S(a[0]), (GoTime)a[1]!, must: false))),
        .. new[] { "mustDateModify", "must_date_modify" }.Select(n => Function.Of(n, [P.String, P.Time], a => Modify(S(a[0]), (GoTime)a[1]!, must: true))),
        Function.Of("toDate", [P.String, P.String], a => Read(S(a[0]), S(a[1]))),
        Function.Of("mustToDate", [P.String, P.String], a => GoTimeParse.Parse(S(a[0]), S(a[1]))),
        Function.Of("unixEpoch", [P.Time], a => ((GoTime)a[0]!).Seconds.ToString(CultureInfo.InvariantCulture)),
        Function.Of("duration", [P.Any], a => GoDuration.Text(unchecked(Seconds(a[0]) * GoDuration.Second))),
        Function.Of("durationRound", [P.Any], a => Rounded(a[0])),
    ];

    /// <summary>A time, or seconds since 1970; anything else is now.</summary>
    private GoTime Moment(object? value) => value switch
    {
        GoTime t => t,
        long s => new GoTime(s, 0, GoZone.Utc),
        GoInt s => new GoTime(s.Value, 0, GoZone.Utc),
        int s => new GoTime(s, 0, GoZone.Utc),
        _ => Now,
    };

    private string InZone(string layout, object? date, string zone) => GoTimeFormat.Format(Moment(date).In(GoZone.Find(zone) ?? GoZone.Utc), layout);

    private static GoTime Modify(string duration, GoTime date, bool must)
    {
        try
        {
            return date.Add(GoDuration.Parse(duration));
        }
        catch (GoException) when (!must)
        {
            return date;
        }
    }

    private static GoTime Read(string layout, string text)
    {
        try
        {
            return GoTimeParse.Parse(layout, text);
        }
        catch (GoException)
        {
            return GoTime.Zero;
        }
    }

    private static long Seconds(object? value) => value switch
    {
        long l => l,
        string s => GoParse.Integer(s, 10) is { } n && n >= long.MinValue && n <= long.MaxValue ? (long)n : 0,
        _ => 0,
    };

    private string Rounded(object? value)
    {
        long nanos = 0;
        switch (value)
        {
            case long l:
                nanos = l;
                break;
            case GoTime t:
                nanos = Now.Since(t);
                break;
            case string s:
                try
                {
                    nanos = GoDuration.Parse(s);
                }
                catch (GoException)
                {
                    // Sprig drops the fault: what is no duration is none.
                }

                break;
        }

        ulong u = nanos < 0 ? unchecked(0UL - (ulong)nanos) : (ulong)nanos;
        const ulong Hour = 3600 * (ulong)GoDuration.Second;
        (ulong Size, string Name)[] units = [(Hour * 24 * 365, "y"), (Hour * 24 * 30, "mo"), (Hour * 24, "d"), (Hour, "h"), (Hour / 60, "m"), ((ulong)GoDuration.Second, "s")];
        (ulong size, string name) = units.FirstOrDefault(x => u > x.Size);
        return size == 0 ? "0s" : (u / size).ToString(CultureInfo.InvariantCulture) + name;
    }
}
