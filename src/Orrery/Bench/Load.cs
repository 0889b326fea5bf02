namespace Orrery.Bench;

/// <summary>What a stretch of load cost.</summary>
/// <param name="Cpu">Of the server, all its processes together.</param>
/// <param name="Milliseconds">Latency of each request, sorted.</param>
internal sealed record LoadResult(int Count, TimeSpan Wall, TimeSpan Cpu, double[] Milliseconds)
{
    public double CpuMicroseconds => Cpu.TotalMicroseconds / Count;

    public double PerSecond => Count / Wall.TotalSeconds;

    public double Percentile(double share) => Milliseconds.Length == 0 ? 0 : Milliseconds[Math.Max(0, (int)Math.Ceiling(share * Milliseconds.Length) - 1)];
}

/// <summary>Many requests, some at a time.</summary>
internal static class Load
{
    /// <param name="workers">Requests under way at any time.</param>
    /// <param name="send">Called with each number below <paramref name="count"/> once.</param>
    public static async Task<LoadResult> RunAsync(
        BenchTarget target, int count, int workers, TimeProvider time, Func<int, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        var latencies = new double[count];
        int next = -1;
        ProcessUsage before = target.Usage();
        long started = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync())).ConfigureAwait(false);
        TimeSpan wall = time.GetElapsedTime(started);
        TimeSpan cpu = target.Usage().Cpu - before.Cpu;
        Array.Sort(latencies);
        return new LoadResult(count, wall, cpu, latencies);

        async Task WorkAsync()
        {
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                long at = time.GetTimestamp();
                await send(i, cancellationToken).ConfigureAwait(false);
                latencies[i] = time.GetElapsedTime(at).TotalMilliseconds;
            }
        }
    }
}
