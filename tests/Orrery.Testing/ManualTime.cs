namespace Orrery.Testing;

/// <summary>A clock that moves only when told to; timers fire, in order, within <see cref="Advance"/>.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How wrong the time of day is; waits are not affected.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>Timers that are set.</summary>
    public int Waiting
    {
        get
        {
            lock (timers)
            {
                return timers.Count(t => t.Due < DateTimeOffset.MaxValue);
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => now + Skew;

    public override long GetTimestamp() => now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (timers)
        {
            timers.Add(timer);
        }

        return timer;
    }

    public void Advance(TimeSpan by)
    {
        DateTimeOffset end = now + by;
        while (true)
        {
            Timer? next;

            // What another thread sets meanwhile counts from before or from after, and is never undone by a timer that fires just then.
            lock (timers)
            {
                next = timers.Where(t => t.Due <= end).MinBy(t => t.Due);
                if (next is null)
                {
                    now = end;
                    return;
                }

                now = next.Due > now ? next.Due : now;
                next.Pass();
            }

            next.Fire();
        }
    }

    private sealed class Timer(ManualTime clock, Action fire) : ITimer
    {
        private TimeSpan period;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.timers)
            {
                this.period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : clock.now + dueTime;
                return true;
            }
        }

        /// <summary>Its time has come: from here on it waits for the next one, or for none.</summary>
        public void Pass() => Due = period > TimeSpan.Zero ? Due + period : DateTimeOffset.MaxValue;

        public void Fire() => fire();

        public void Dispose()
        {
            lock (clock.timers)
            {
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
