namespace Orrery.Server.Metrics;

/// <summary>Durations by size. Recording takes no lock and allocates nothing.</summary>
/// <param name="bounds">Upper bounds in seconds; null takes <see cref="RequestBounds"/>.</param>
internal sealed class Histogram(double[]? bounds = null)
{
    /// <summary>Upstream's of request durations, and three smaller ones, because most of ours lie below its first.</summary>
    public static readonly double[] RequestBounds =
        [0.0002, 0.0005, 0.001, 0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly long[] counts = new long[(bounds ?? RequestBounds).Length + 1];
    private long ticks;

    public double[] Bounds { get; } = bounds ?? RequestBounds;

    public double SumSeconds => TimeSpan.FromTicks(Interlocked.Read(ref ticks)).TotalSeconds;

    /// <summary>All that were recorded.</summary>
    public long Count => counts.Sum();

    /// <param name="parts">At least one; all with the same bounds.</param>
    public static Histogram Sum(IReadOnlyList<Histogram> parts)
    {
        var sum = new Histogram(parts[0].Bounds);
        foreach (Histogram part in parts)
        {
            sum.ticks += Interlocked.Read(ref part.ticks);
            for (int i = 0; i < sum.counts.Length; i++)
            {
                sum.counts[i] += part.CountOf(i);
            }
        }

        return sum;
    }

    public void Record(TimeSpan took)
    {
        double seconds = took.TotalSeconds;
        int at = 0;
        while (at < Bounds.Length && seconds > Bounds[at])
        {
            at++;
        }

        Interlocked.Increment(ref counts[at]);
        Interlocked.Add(ref ticks, took.Ticks);
    }

    /// <summary>How many fell between the bound before and that at an index; the last index has no bound.</summary>
    public long CountOf(int index) => Interlocked.Read(ref counts[index]);
}
