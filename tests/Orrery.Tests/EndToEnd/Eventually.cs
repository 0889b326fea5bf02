using System.Diagnostics;

namespace Orrery.Tests.EndToEnd;

/// <summary>Looks again until something holds.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Fails with what was seen last when <paramref name="expected"/> is not seen within <paramref name="limit"/>.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> EqualsAsync<T>(T expected, Func<Task<T>> look, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            T seen = await look();
            if (EqualityComparer<T>.Default.Equals(seen, expected))
            {
                return clock.Elapsed;
            }

            if (clock.Elapsed > limit)
            {
                Assert.Equal(expected, seen);
            }

            await Task.Delay(Interval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public static Task<TimeSpan> HoldsAsync(Func<Task<bool>> look, TimeSpan limit) => EqualsAsync(true, look, limit);
}
