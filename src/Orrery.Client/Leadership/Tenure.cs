namespace Orrery.Client;

/// <summary>
/// Until when a leader may act, told without asking anybody. Both clocks must agree: the monotonic one goes on while a
/// process is stopped, the wall clock while a whole machine is.
/// </summary>
internal sealed class Tenure(TimeProvider time)
{
    private sealed record End(long Timestamp, DateTimeOffset At);

    private volatile End? end;

    public bool Lasts => end is { } until && time.GetTimestamp() < until.Timestamp && time.GetUtcNow() < until.At;

    /// <summary>What is left; zero when it is over.</summary>
    public TimeSpan Left
    {
        get
        {
            if (end is not { } until)
            {
                return TimeSpan.Zero;
            }

            TimeSpan byTimestamp = -time.GetElapsedTime(until.Timestamp);
            TimeSpan byClock = until.At - time.GetUtcNow();
            TimeSpan left = byTimestamp < byClock ? byTimestamp : byClock;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>A moment to count from: taken before a renewal is sent, since it may be carried out at once.</summary>
    public (long Timestamp, DateTimeOffset At) Now => (time.GetTimestamp(), time.GetUtcNow());

    public void Extend((long Timestamp, DateTimeOffset At) from, TimeSpan by) =>
        end = new End(from.Timestamp + (long)(by.TotalSeconds * time.TimestampFrequency), from.At + by);

    public void Stop() => end = null;
}
