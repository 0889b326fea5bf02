namespace Orrery.Testing;

/// <summary>How long this process had something to do with its time: while it, or its machine, stands still nothing passes. For bounds on what happens within it by timers.</summary>
public sealed class SeenTime : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly ITimer timer;
    private long ticks;

    /// <summary>From now on.</summary>
    public SeenTime(TimeProvider time) => timer = time.CreateTimer(static self => Interlocked.Increment(ref ((SeenTime)self!).ticks), this, Tick, Tick);

    public TimeSpan Elapsed => Interlocked.Read(ref ticks) * Tick;

    public void Dispose() => timer.Dispose();
}
