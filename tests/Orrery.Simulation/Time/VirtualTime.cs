namespace Orrery.Simulation.Time;

/// <summary>A clock that stands still until somebody lets the next timer ring. Timers due at one instant ring in an order that the seed chooses.</summary>
internal sealed class VirtualTime(Random chance) : TimeProvider
{
    /// <summary>Where every run begins.</summary>
    public static readonly DateTimeOffset Epoch = new(2031, 5, 5, 12, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(VirtualTimer Timer, int Version), (long At, int Tie)> agenda = new();
    private long now;

    public TimeSpan Elapsed => new(now);

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Epoch + Elapsed;

    public override long GetTimestamp() => now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Goes on to the next timer and rings it.</summary>
    /// <returns>False when there is none.</returns>
    public bool RingNext()
    {
        while (agenda.TryDequeue(out (VirtualTimer Timer, int Version) next, out (long At, int Tie) when))
        {
            if (next.Timer.Version == next.Version)
            {
                now = Math.Max(now, when.At);
                next.Timer.Ring();
                return true;
            }
        }

        return false;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan period;

        /// <summary>Entries of the agenda with another number are out of date.</summary>
        public int Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Version++;
            this.period = period;
            Set(dueTime);
            return true;
        }

        public void Ring()
        {
            Version++;
            if (period > TimeSpan.Zero)
            {
                Set(period);
            }

            callback(state);
        }

        public void Dispose() => Version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan wait)
        {
            if (wait != Timeout.InfiniteTimeSpan)
            {
                time.agenda.Enqueue((this, Version), (time.now + wait.Ticks, time.Tie()));
            }
        }
    }

    private int Tie() => chance.Next();
}
