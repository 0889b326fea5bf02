using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Orrery.Tests.EndToEnd;

/// <summary>Looks again until something holds.</summary>
internal static class Eventually
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Most looks start a process or two, which takes from what is waited for.</summary>
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(1);

    /// <summary>Fails with what was seen last when <paramref name="expected"/> is not seen within <paramref name="limit"/>.</summary>
    /// <returns>How long it took.</returns>
    public static Task<TimeSpan> EqualsAsync<T>(T expected, Func<Task<T>> look, TimeSpan limit) =>
        UntilAsync(look, seen => EqualityComparer<T>.Default.Equals(seen, expected), seen => Assert.Equal(expected, seen), limit);

    /// <summary>Fails with the text seen last when none with <paramref name="part"/> in it is seen in time.</summary>
    public static Task ContainsAsync(string part, Func<Task<string>> look, TimeSpan limit) =>
        UntilAsync(look, text => text.Contains(part, StringComparison.Ordinal), text => Assert.Contains(part, text, StringComparison.Ordinal), limit);

    /// <inheritdoc cref="ContainsAsync"/>
    public static Task MatchesAsync(string pattern, Func<Task<string>> look, TimeSpan limit) =>
        UntilAsync(look, text => Regex.IsMatch(text, pattern), text => Assert.Matches(pattern, text), limit);

    public static Task<TimeSpan> HoldsAsync(Func<Task<bool>> look, TimeSpan limit) => EqualsAsync(true, look, limit);

    private static async Task<TimeSpan> UntilAsync<T>(Func<Task<T>> look, Func<T, bool> holds, Action<T> fail, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        for (TimeSpan interval = FirstInterval; ; interval = TimeSpan.FromTicks(Math.Min(interval.Ticks * 3 / 2, LongestInterval.Ticks)))
        {
            T seen = await look();
            if (holds(seen))
            {
                return clock.Elapsed;
            }

            if (clock.Elapsed > limit)
            {
                fail(seen);
            }

            await Task.Delay(interval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
