namespace Orrery.Hub;

/// <summary>
/// When each satellite is to beat. A beat that comes by itself wakes four threads one after the other, which costs several times what hearing it does; those of a hundred that come
/// together wake them once. So the satellites of a server beat at the same moments of its clock, a bunch at each, and none so large that others would wait for it.
/// </summary>
/// <param name="interval">Between two beats of a satellite.</param>
internal sealed class BeatSlots(TimeSpan interval, TimeProvider time)
{
    /// <summary>At most so many satellites share a moment: some two milliseconds of work, as most of what they say is not read one by one.</summary>
    private const int Bunch = 128;

    /// <summary>A satellite's timer is not better than that, and a clock takes minutes to go wrong by as much.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(5);

    private readonly long start = time.GetTimestamp();
    private int last;
    private int count;

    /// <summary>A satellite comes.</summary>
    /// <returns>By which it is told apart from the others.</returns>
    public int Enter()
    {
        Interlocked.Increment(ref count);
        return Interlocked.Increment(ref last);
    }

    public void Leave() => Interlocked.Decrement(ref count);

    /// <summary>A satellite beats now.</summary>
    /// <returns>In how long it is to beat next, between half an interval and one and a half; null when that is the interval, or near enough.</returns>
    public TimeSpan? UntilNext(int satellite)
    {
        // 1. A power of two, so that a fleet that grows a little moves none of those that are there.
        int moments = 1;
        while (moments * Bunch < Volatile.Read(ref count))
        {
            moments *= 2;
        }

        // 2. How far its moment is from now, at most half an interval either way.
        long due = interval.Ticks / moments * (satellite & (moments - 1));
        long off = (due - time.GetElapsedTime(start).Ticks) % interval.Ticks;
        off += off < -interval.Ticks / 2 ? interval.Ticks : off > interval.Ticks / 2 ? -interval.Ticks : 0;
        return Math.Abs(off) <= Tolerance.Ticks ? null : interval + TimeSpan.FromTicks(off);
    }
}
