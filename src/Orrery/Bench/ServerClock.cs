using System.Runtime.InteropServices;

namespace Orrery.Bench;

/// <summary>The processor time that a process has used, to the microsecond, where <c>/proc</c> counts hundredths of a second.</summary>
internal static partial class ServerClock
{
    /// <summary>CPUCLOCK_SCHED of the whole process (Linux <c>posix-timers_types.h</c>).</summary>
    private const int Scheduled = 2;

    /// <returns>Zero where that cannot be asked.</returns>
    public static TimeSpan Of(int pid) =>
        OperatingSystem.IsLinux() && Read((~pid << 3) | Scheduled, out TimeSpec used) == 0 ? TimeSpan.FromMicroseconds((used.Seconds * 1_000_000) + (used.Nanoseconds / 1_000)) : TimeSpan.Zero;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Read(int clock, out TimeSpec used);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
