using System.Collections.Concurrent;

namespace Orrery.Satellite.Observing;

/// <summary>
/// Lets each tenant's events through at a pace that its virtual cluster can take. What comes faster waits for its turn, first come first served, and is then told
/// as it is by then: nothing is left out but what would be out of date.
/// </summary>
internal sealed class EventPace(TimeProvider time)
{
    /// <summary>A rollout of some hundred pods at once passes as it comes.</summary>
    public const int Burst = 500;

    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Turns are counted from here by the clock that never jumps: one that is set back would hold all events for as long.</summary>
    private readonly long began = time.GetTimestamp();

    private readonly ConcurrentDictionary<string, TimeSpan> next = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ObservedKey, TimeSpan> turns = new();

    /// <returns>How long to wait for the turn; null when it is there, which takes it.</returns>
    public TimeSpan? Wait(string tenant, ObservedKey key)
    {
        TimeSpan now = time.GetElapsedTime(began);
        if (!turns.TryGetValue(key, out TimeSpan turn))
        {
            TimeSpan after = next.AddOrUpdate(tenant, _ => now + Interval, (_, known) => (known > now ? known : now) + Interval);
            turn = after - (Interval * Burst);
            if (turn > now)
            {
                turns[key] = turn;
            }
        }

        if (turn > now)
        {
            return turn - now;
        }

        turns.TryRemove(key, out _);
        return null;
    }

    /// <summary>It is not to be told any more.</summary>
    public void Forget(ObservedKey key) => turns.TryRemove(key, out _);
}
