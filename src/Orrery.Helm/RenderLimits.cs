namespace Orrery.Helm;

/// <summary>What one render may use, over all its templates.</summary>
/// <param name="Time">Wall clock time.</param>
/// <param name="Output">Bytes that templates write, included ones counted each time.</param>
public sealed record RenderLimits(TimeSpan Time, long Output)
{
    /// <summary>30 seconds and 64 MiB: far beyond what charts need, and a bound on hostile ones.</summary>
    public static RenderLimits Default { get; } = new(TimeSpan.FromSeconds(30), 64 << 20);
}
