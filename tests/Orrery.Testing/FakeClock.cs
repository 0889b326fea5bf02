using System.Diagnostics;
using System.Globalization;

namespace Orrery.Testing;

/// <summary>A clock for whole processes (libfaketime): what they take for the time of day is the machine's, shifted by as much as a test says, also while they run. How long things take stays as it is.</summary>
public sealed class FakeClock : IDisposable
{
    private const string Libraries = "/usr/lib";
    private const string Shared = "/dev/shm";

    private readonly TempDirectory folder = new();
    private readonly string file;
    private readonly List<int> processes = [];

    /// <summary>Right at first.</summary>
    public FakeClock() => file = folder.Write("clock", Offset(TimeSpan.Zero));

    /// <summary>Path of the library that is loaded before a program's own: the machine's, or one that stands beside the programs that tests drive; null where there is none.</summary>
    public static string? Library { get; } = (Directory.Exists(Libraries) ? Directory.GetDirectories(Libraries).Append(Libraries).Select(folder => Path.Combine(folder, "faketime")) : [])
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        .Select(folder => Path.Combine(folder, "libfaketimeMT.so.1")).FirstOrDefault(File.Exists);

    /// <summary>What a test says that cannot have it.</summary>
    public const string Missing = "there is no libfaketime (Debian package faketime)";

    /// <summary>Ahead of the machine's; negative: behind it. Followed within a second.</summary>
    public TimeSpan Shift
    {
        get => shift;
        set
        {
            shift = value;

            // At once: what reads half a line takes it for another time.
            string next = folder.Write("next", Offset(value));
            File.Move(next, file, overwrite: true);
        }
    }

    private TimeSpan shift;

    /// <summary>Of the processes that have this clock.</summary>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow() + shift;

    /// <summary>Gives it to a process before it starts.</summary>
    public void GiveTo(ProcessStartInfo start)
    {
        start.Environment["LD_PRELOAD"] = Library ?? throw new InvalidOperationException(Missing);
        start.Environment["FAKETIME_TIMESTAMP_FILE"] = file;
        start.Environment["FAKETIME_CACHE_DURATION"] = "1";
        start.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";

        // Otherwise waits by the monotonic clock end at once, and timers go round without a pause.
        start.Environment["FAKETIME_FORCE_MONOTONIC_FIX"] = "0";
        start.Environment["NO_FAKE_STAT"] = "1";
    }

    /// <summary>What is left of a process that is killed goes with this clock.</summary>
    public void Forget(Process started) => processes.Add(started.Id);

    public void Dispose()
    {
        foreach (int process in processes)
        {
            File.Delete(Path.Combine(Shared, $"faketime_shm_{process}"));
            File.Delete(Path.Combine(Shared, $"sem.faketime_sem_{process}"));
        }

        folder.Dispose();
    }

    private static string Offset(TimeSpan shift) => string.Create(CultureInfo.InvariantCulture, $"{shift.TotalSeconds:+0;-0;+0}\n");
}
