using System.Runtime.InteropServices;

namespace Orrery.Serving;

/// <summary>
/// Gives memory back to the machine once a burst of work is over. The runtime keeps what it has grown to until the next full
/// collection, and a server that has become idle never comes to one.
/// </summary>
internal sealed partial class MemoryReturn(TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(4);

    /// <summary>Share of one core below which nobody is kept waiting by a collection.</summary>
    private const double IdleShare = 0.15;

    /// <summary>Bytes allocated since the last time that make another one worth it, however small the heap.</summary>
    private const long Least = 16 * 1024 * 1024;

    private long allocatedBefore;
    private long live;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            TimeSpan now = Environment.CpuUsage.TotalTime;
            bool isIdle = now - cpu < Look * IdleShare;
            cpu = now;
            if (isIdle && GC.GetTotalAllocatedBytes() - allocatedBefore > Math.Max(Least, live / 2))
            {
                Return();
                cpu = Environment.CpuUsage.TotalTime;
            }
        }
    }

    private void Return()
    {
        // 1. Collect all, move what lives together, and give back what is free.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        live = GC.GetTotalMemory(forceFullCollection: false);
        allocatedBefore = GC.GetTotalAllocatedBytes();

        // 2. What native code (TLS, SQLite) has freed.
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = Trim(0);
            }
            catch (EntryPointNotFoundException)
            {
                // Another C library than GNU's, which keeps little.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);
}
