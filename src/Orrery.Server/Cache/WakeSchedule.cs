namespace Orrery.Server.Cache;

/// <summary>
/// Wakes waiting watchers when their time has come, all of them with one timer, which is off while nobody waits.
/// A watcher that an event wakes first stays listed until its old time and is then looked at once: cheaper than
/// taking it off and on again at each event.
/// </summary>
internal sealed class WakeSchedule : IDisposable
{
    /// <summary>Waits end on a common beat, so that many watchers share one timer tick.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Endless = TimeSpan.FromDays(365);

    private readonly Lock gate = new();
    private readonly PriorityQueue<CacheWatcher, long> due = new();
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly long start;
    private long armedFor = long.MaxValue;

    public WakeSchedule(TimeProvider time)
    {
        this.time = time;
        start = time.GetTimestamp();
        timer = time.CreateTimer(static self => ((WakeSchedule)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// The first beat at or after a wait of that length. A wait that is over already ends at once, as a deadline just
    /// missed must; only <see cref="Timeout.InfiniteTimeSpan"/>, and a year, have no end.
    /// </summary>
    public long TimeAfter(TimeSpan wait) =>
        wait == Timeout.InfiniteTimeSpan || wait > Endless
            ? long.MaxValue
            : (long)Math.Ceiling((time.GetElapsedTime(start) + TimeSpan.FromTicks(Math.Max(0, wait.Ticks))) / Beat);

    public void Dispose() => timer.Dispose();

    internal void Add(CacheWatcher watcher, long at)
    {
        lock (gate)
        {
            // An endless wait is long.MaxValue and so never listed.
            if (at < watcher.ScheduledFor)
            {
                watcher.ScheduledFor = at;
                due.Enqueue(watcher, at);
                Arm();
            }
        }
    }

    private long Now => (long)(time.GetElapsedTime(start) / Beat);

    private void Ring()
    {
        long now = Now;
        var ready = new List<CacheWatcher>();
        lock (gate)
        {
            armedFor = long.MaxValue;
            while (due.TryPeek(out _, out long at) && at <= now)
            {
                CacheWatcher watcher = due.Dequeue();
                if (watcher.ScheduledFor == at)
                {
                    watcher.ScheduledFor = long.MaxValue;
                    ready.Add(watcher);
                }
            }

            Arm();
        }

        // Outside the lock: a watcher takes its own lock, and adds itself to the schedule while it holds none.
        foreach (CacheWatcher watcher in ready)
        {
            if (watcher.OnTime(now) is { } later)
            {
                Add(watcher, later);
            }
        }
    }

    private void Arm()
    {
        if (due.TryPeek(out _, out long next) && next < armedFor)
        {
            armedFor = next;
            TimeSpan wait = (next * Beat) - time.GetElapsedTime(start);
            timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
