using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Orrery.Serving;

/// <summary>
/// Gives memory back to the machine once a burst of work is over. The runtime keeps what it has grown to until the next full
/// collection, and a server that has become idle never comes to one.
/// </summary>
internal sealed partial class MemoryReturn(TimeProvider time)
{
    /// <summary>SIGUSR1 of Linux: whoever measures asks for it, since what is not collected yet is not what things cost to keep.</summary>
    public const int Signal = 10;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(4);

    /// <summary>Share of one core below which nobody is kept waiting by a collection.</summary>
    private const double IdleShare = 0.15;

    /// <summary>Bytes allocated since the last time that make another one worth it, however small the heap.</summary>
    private const long Least = 16 * 1024 * 1024;

    /// <summary>The same once <see cref="Rest"/> has passed: a server that idles for long grows by what it looks at now and then.</summary>
    private const long LeastAfterRest = 4 * 1024 * 1024;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes that may be moved together while everybody waits, a tenth of a second. Of 6,000 satellites a control plane has 300 MB, which takes 0.4 s: too long for tenants who happen to ask for something then.
    /// </summary>
    private const long MostMoved = 64 * 1024 * 1024;

    /// <summary>
    /// Pages are looked for no sooner than after so many times the processor's time that it took the last time: some four milliseconds, hardly more in a large process. Each time that a method is compiled,
    /// every few seconds of a quiet server, maps a dozen megabytes of them.
    /// </summary>
    private const int PagesPause = 500;

    /// <summary>Heaps of the C library. It makes eight a processor, each of which keeps what its threads once needed.</summary>
    private const int MostArenas = 2;

    private const int ArenaMax = -8;

    private static readonly ConcurrentDictionary<object, Func<long>> Forgetters = new();

    private readonly FilePages files = new();
    private readonly Lock gate = new();

    /// <summary>What a start leaves behind is returned whatever it was.</summary>
    private long allocatedBefore = -Least;
    private long forgotten;
    private long live;

    /// <summary>What nobody uses any more was looked for beside what runs since a large heap was found.</summary>
    private bool isSwept;

    /// <summary>Asks now and then for memory that its owner holds and can do without.</summary>
    /// <param name="forget">Lets go of it, and says about how many bytes that were.</param>
    /// <returns>Ends the asking.</returns>
    public static IDisposable Ask(Func<long> forget)
    {
        var asking = new Asking();
        Forgetters[asking] = forget;
        return asking;
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Native(() => SetMalloc(ArenaMax, MostArenas));
        using PosixSignalRegistration? asked = OperatingSystem.IsLinux() ? PosixSignalRegistration.Create((PosixSignal)Signal, Asked) : null;
        using var timer = new PeriodicTimer(Look, time);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long returned = time.GetTimestamp();
        long looked = returned;
        TimeSpan pause = TimeSpan.Zero;
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            TimeSpan now = Environment.CpuUsage.TotalTime;
            bool isIdle = now - cpu < Look * IdleShare;
            cpu = now;
            forgotten += Forgetters.Values.Sum(forget => forget());
            if (isIdle && time.GetElapsedTime(looked) >= pause)
            {
                // Not by the clock: on a busy machine most of that is waiting for a processor.
                TimeSpan before = Environment.CpuUsage.TotalTime;
                ReturnPages();
                looked = time.GetTimestamp();
                pause = PagesPause * (Environment.CpuUsage.TotalTime - before);
            }

            long least = time.GetElapsedTime(returned) >= Rest ? LeastAfterRest : Least;
            if (isIdle && GC.GetTotalAllocatedBytes() - allocatedBefore + forgotten > Math.Max(least, live / 2))
            {
                ReturnWithoutHaste();
                returned = time.GetTimestamp();
                cpu = Environment.CpuUsage.TotalTime;
            }
        }
    }

    private void Asked(PosixSignalContext context)
    {
        // By default the signal ends a process.
        context.Cancel = true;
        Return();
    }

    /// <summary>Stops nobody for long: a large heap is swept first, beside what runs, and moved together only where that shows that most of it was garbage.</summary>
    private void ReturnWithoutHaste()
    {
        lock (gate)
        {
            bool isLarge = GC.GetTotalMemory(forceFullCollection: false) > MostMoved;
            if (isLarge && !isSwept)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
                isSwept = true;
                return;
            }

            isSwept = false;
            if (!isLarge)
            {
                Return();
                return;
            }

            Note();
        }
    }

    private void Return()
    {
        lock (gate)
        {
            // 1. Collect all, move what lives together, and give back what is free.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            Note();

            // 2. What native code (TLS, SQLite) has freed.
            Native(() => Trim(0));
        }
    }

    private void Note()
    {
        live = GC.GetTotalMemory(forceFullCollection: false);
        allocatedBefore = GC.GetTotalAllocatedBytes();
        forgotten = 0;
    }

    /// <summary>What no collection sees: pages of program files, and what native code has freed, most of it the compiler.</summary>
    private void ReturnPages()
    {
        files.GiveBack();
        Native(() => Trim(0));
    }

    private static void Native(Func<int> call)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = call();
            }
            catch (EntryPointNotFoundException)
            {
                // Another C library than GNU's, which keeps little.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMalloc(int what, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);

    private sealed class Asking : IDisposable
    {
        public void Dispose() => Forgetters.TryRemove(this, out _);
    }
}
