namespace Orrery.Testing;

/// <summary>The system's clock, shifted by as much as a test says. Timers run as ever: only what time it is changes.</summary>
public sealed class ShiftedTime : TimeProvider
{
    private long ticks;

    public TimeSpan Shift
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref ticks));
        set => Interlocked.Exchange(ref ticks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}
