namespace Orrery.Bench;

/// <summary>Waits until a server has digested what it was given: its memory then says what things cost to keep.</summary>
internal static class Settling
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>So many looks in a row must agree to half a percent.</summary>
    private const int Agreeing = 6;

    /// <summary>All that is resident.</summary>
    /// <param name="atMost">Then whatever it is counts.</param>
    /// <returns>Resident bytes.</returns>
    public static Task<long> MemoryAsync(BenchTarget target, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken) =>
        MemoryAsync(target, usage => usage.Resident, atMost, time, cancellationToken);

    /// <param name="atMost">Then whatever it is counts.</param>
    public static async Task<long> MemoryAsync(BenchTarget target, Func<ProcessUsage, long> memory, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        long last = memory(target.Usage());
        int agreed = 0;
        while (agreed < Agreeing && time.GetElapsedTime(started) < atMost)
        {
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
            long now = memory(target.Usage());
            agreed = Math.Abs(now - last) <= last / 200 ? agreed + 1 : 0;
            last = now;
        }

        return last;
    }
}
