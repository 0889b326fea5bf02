namespace Orrery.Testing;

/// <summary>Waits for a condition with a deadline, asking again at short intervals: the only way in which tests wait.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <param name="what">Named in the failure.</param>
    /// <param name="within">A minute when null: what does come true costs nothing, and machines are slow.</param>
    /// <exception cref="TimeoutException">The condition did not come true in time.</exception>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? within = null, CancellationToken cancellationToken = default) =>
        TrueAsync(() => Task.FromResult(condition()), what, within, cancellationToken);

    /// <exception cref="TimeoutException">The condition did not come true in time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null, CancellationToken cancellationToken = default)
    {
        TimeSpan limit = within ?? Deadline;
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"not within {limit.TotalSeconds} s: {what}");
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Waits until <paramref name="read"/> gives something, and returns it.</summary>
    /// <exception cref="TimeoutException">Nothing came in time.</exception>
    public static async Task<T> SomeAsync<T>(Func<Task<T?>> read, string what, TimeSpan? within = null, CancellationToken cancellationToken = default)
        where T : class
    {
        T? found = null;
        await TrueAsync(async () => (found = await read()) is not null, what, within, cancellationToken);
        return found!;
    }
}
