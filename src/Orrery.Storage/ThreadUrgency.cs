using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Orrery.Storage;

/// <summary>
/// What Linux is told of a thread that everybody waits for. A thread that has just woken gets a processor only once those that are on it have had their slice, some
/// milliseconds each, unless it is told to be more urgent; for a commit of half a millisecond, which wakes three times, that is most of how long it takes on a busy machine. Elsewhere, and where the
/// kernel does not let this process, threads stay as they are: this is speed and nothing else.
/// </summary>
public static partial class ThreadUrgency
{
    /// <summary>Nice value of an urgent thread, in place of the ordinary one, which is 0.</summary>
    private const int Urgent = -10;

    /// <summary>PRIO_PROCESS; with 0 for whom: of the thread that asks.</summary>
    private const int OfProcess = 0;

    /// <summary>
    /// SCHED_FLAG_RESET_ON_FORK: what this thread starts is not urgent. A pool starts its threads wherever work is handed to it, so most of them from within an urgent thread, and of as urgent ones as itself that has nothing.
    /// </summary>
    private const ulong ResetOnFork = 0x01;

    /// <summary>SCHED_RESET_ON_FORK, where a policy is asked for.</summary>
    private const int ResetOnForkPolicy = 0x40000000;

    /// <summary>Policies that know nice values and turns. What was started for idle times stays for idle times.</summary>
    private const int Other = 0, Batch = 3, Idle = 5;

    /// <summary>Short turns, in nanoseconds (0.1 ms is the least that kernels take, from 6.12 on; older ones do not look at it).</summary>
    private const ulong ShortSlice = 100_000;

    /// <summary>For the calling thread: it takes little time and is wanted soon. Without the right to be more urgent than others (CAP_SYS_NICE) it asks for short turns, which come sooner.</summary>
    public static void Raise()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // What is more urgent than usual already was made so as a whole, by whoever started it, and would lose that in the threads that this one starts.
        int nice = GetPriority(OfProcess, 0), policy = GetScheduler(0) & ~ResetOnForkPolicy;
        if (nice < 0 || policy is not (Other or Batch or Idle))
        {
            return;
        }

        if (nice > 0 || !TrySet(policy, Urgent))
        {
            _ = TrySet(policy, nice);
        }
    }

    private static bool TrySet(int policy, int nice)
    {
        nint number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 314,
            Architecture.Arm64 => 274,
            _ => -1,
        };
        var attributes = new SchedulingAttributes
        {
            Size = (uint)Unsafe.SizeOf<SchedulingAttributes>(), Policy = (uint)policy, Flags = ResetOnFork, Nice = nice, Runtime = ShortSlice,
        };
        return number > 0 && SetAttributes(number, 0, in attributes, 0) == 0;
    }

    [LibraryImport("libc", EntryPoint = "sched_getscheduler")]
    private static partial int GetScheduler(int thread);

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, uint who);

    /// <summary><c>sched_setattr</c>, of which older C libraries have no function.</summary>
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SetAttributes(nint number, int thread, in SchedulingAttributes attributes, uint flags);

    /// <summary><c>struct sched_attr</c>, its first version.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }
}
