using System.Collections.Concurrent;

namespace Orrery.Satellite.Applying;

/// <summary>
/// How often drift is put back. Another controller of the cluster may mean the same field otherwise, and would change it back each time: at the speed of the network, for as long as both run. What was put back
/// again and again is put back at long intervals, until it has been let be for a while.
/// </summary>
internal sealed class DriftPace(TimeProvider time)
{
    /// <summary>Put back at once so often: somebody who tries it by hand.</summary>
    private const int AtOnce = 10;

    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Fight> fights = new(StringComparer.Ordinal);

    /// <summary>From one time to the next where it does not rest.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(30);

    /// <returns>Whether it is to be left for now.</returns>
    public bool MustWait(string work) => fights.TryGetValue(work, out Fight? fight) && fight.Times >= AtOnce && time.GetElapsedTime(fight.Last) < Interval;

    /// <summary>It is put back once more.</summary>
    public void PutBack(string work) => fights.AddOrUpdate(
        work,
        _ => new Fight(1, time.GetTimestamp()),
        (_, fight) => new Fight(time.GetElapsedTime(fight.Last) > Calm ? 1 : fight.Times + 1, time.GetTimestamp()));

    public void Forget(string work) => fights.TryRemove(work, out _);

    private sealed record Fight(int Times, long Last);
}
