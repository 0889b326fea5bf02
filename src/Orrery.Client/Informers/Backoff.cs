namespace Orrery.Client;

/// <summary>Waits that double from <paramref name="min"/> to <paramref name="max"/>, each cut by chance to between half and all of itself.</summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max, Random random)
{
    private int failures;

    public void Reset() => failures = 0;

    public TimeSpan Next()
    {
        double full = Math.Min(max.TotalMilliseconds, min.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30)));
        failures++;
        return TimeSpan.FromMilliseconds(full * (0.5 + (random.NextDouble() / 2)));
    }
}
