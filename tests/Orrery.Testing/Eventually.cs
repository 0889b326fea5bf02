namespace Orrery.Testing;

/// <summary>Waits for a condition with a deadline, asking again at short intervals: the only way in which tests wait.</summary>
public static class Eventually
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Of what asks somebody, which takes from what is waited for; a look at what is at hand is taken at the first interval throughout.</summary>
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <param name="what">Named in the failure.</param>
    /// <param name="within">A minute when null: what does come true costs nothing, and machines are slow.</param>
    /// <exception cref="TimeoutException">The condition did not come true in time.</exception>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? within = null, CancellationToken cancellationToken = default) =>
        UntilAsync(() => Task.FromResult(condition()), what, within, FirstInterval, cancellationToken);

    /// <exception cref="TimeoutException">The condition did not come true in time.</exception>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null, CancellationToken cancellationToken = default) =>
        UntilAsync(condition, what, within, LongestInterval, cancellationToken);

    /// <summary>Waits until <paramref name="read"/> gives something, and returns it.</summary>
    /// <exception cref="TimeoutException">Nothing came in time.</exception>
    public static async Task<T> SomeAsync<T>(Func<Task<T?>> read, string what, TimeSpan? within = null, CancellationToken cancellationToken = default)
        where T : class
    {
        T? found = null;
        await TrueAsync(async () => (found = await read()) is not null, what, within, cancellationToken);
        return found!;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within, TimeSpan longest, CancellationToken cancellationToken)
    {
        TimeSpan limit = within ?? Deadline;
        long start = TimeProvider.System.GetTimestamp();
        for (TimeSpan interval = FirstInterval; !await condition(); interval = TimeSpan.FromTicks(Math.Min(interval.Ticks * 5 / 4, longest.Ticks)))
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"not within {limit.TotalSeconds} s: {what}");
            }

            await Task.Delay(interval, TimeProvider.System, cancellationToken);
        }
    }
}
