namespace Orrery.Controllers.Usage;

/// <summary>Time within one hour of one day (UTC) that a sample stands for.</summary>
internal sealed record SampledHour(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Controllers that were away for longer know nothing of what was used meanwhile.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(5);

    /// <summary>What a sample taken <paramref name="now"/> stands for, hour by hour: the time since the one before it or, where that is unknown or too long ago, <paramref name="pace"/>.</summary>
    /// <param name="last">Until when samples were counted; null for the first. One that is to come, by a clock that was set back, is unknown.</param>
    /// <returns>At least one part; times are whole seconds.</returns>
    public static IReadOnlyList<SampledHour> Between(DateTimeOffset? last, DateTimeOffset now, TimeSpan pace)
    {
        DateTimeOffset to = new(now.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        DateTimeOffset from = last is { } known && known < to && to - known <= LongestGap ? known : to - pace;
        return Of(from, to);
    }

    /// <summary>A time hour by hour; empty where it ends before it begins.</summary>
    public static IReadOnlyList<SampledHour> Of(DateTimeOffset from, DateTimeOffset to)
    {
        var parts = new List<SampledHour>();
        while (from < to)
        {
            DateTimeOffset end = new DateTimeOffset(from.Year, from.Month, from.Day, from.Hour, 0, 0, TimeSpan.Zero).AddHours(1);
            parts.Add(new SampledHour(from, end < to ? end : to));
            from = parts[^1].To;
        }

        return parts;
    }
}
