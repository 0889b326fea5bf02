using System.Runtime.ExceptionServices;

namespace Orrery.Simulation.Time;

/// <summary>
/// Runs a world on the thread pool's only thread. Whatever can run, runs, in the order in which the pool has it; when nothing can, the
/// clock goes on to the next timer. With one thread, no sockets and no clock but <see cref="VirtualTime"/>, one seed is one order of events.
/// </summary>
internal sealed class Turns(VirtualTime time, Func<Task> world) : IThreadPoolWorkItem
{
    private readonly ManualResetEventSlim over = new();
    private Task? running;
    private Exception? fault;

    /// <summary>Blocks the caller, which must not be a thread of the pool, until the world ends.</summary>
    /// <param name="patience">Of real time, for a run that does not come to an end.</param>
    /// <exception cref="TimeoutException">It did not end.</exception>
    public static void Run(VirtualTime time, Func<Task> world, TimeSpan patience)
    {
        ThreadPool.GetMaxThreads(out int threads, out _);
        if (threads != 1)
        {
            throw new InvalidOperationException($"a simulation needs a thread pool of one thread, this process has {threads}");
        }

        var turns = new Turns(time, world);
        ThreadPool.UnsafeQueueUserWorkItem(turns, preferLocal: false);
        if (!turns.over.Wait(patience))
        {
            throw new TimeoutException($"the run did not end within {patience.TotalSeconds} s of real time; the virtual clock stands at {time.Elapsed}");
        }

        if (turns.fault is { } found)
        {
            ExceptionDispatchInfo.Throw(found);
        }

        turns.running!.GetAwaiter().GetResult();
    }

    public void Execute()
    {
        try
        {
            running ??= world();
            if (running.IsCompleted)
            {
                over.Set();
                return;
            }

            // What is counted excludes this item: zero means that nothing can run.
            if (ThreadPool.PendingWorkItemCount == 0 && !time.RingNext())
            {
                throw new InvalidOperationException("nothing can run and no timer is set: somebody waits for ever");
            }
        }
#pragma warning disable CA1031 // Thrown again where the run was asked for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = e;
            over.Set();
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
