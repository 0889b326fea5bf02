using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// A <see cref="Flood"/> in a process of its own. It stands for machines elsewhere: what it takes is the server's time, by what it asks for, and neither the turns nor the processor of the server or
/// of the one who measures. So it yields to both, and gets as many answers as if it did not. It ends when its input does.
/// </summary>
internal sealed partial class FloodProcess : IDisposable
{
    private const string On = "on";
    private const string Off = "off";
    private const string SessionPriority = "/proc/self/autogroup";
    private const string LeastPriority = "19";

    /// <summary>Linux' SCHED_IDLE.</summary>
    private const int WhenIdle = 5;

    private readonly Process process;

    private FloodProcess(Process process) => this.process = process;

    public static FloodProcess Start(string kubeconfig, FloodKind kind, int width)
    {
        string self = Environment.ProcessPath ?? throw new CommandFailedException("the path of this program is unknown");
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Path.ChangeExtension(Environment.GetCommandLineArgs()[0], ".dll")] : [];
        string[] arguments =
        [
            .. program, "bench", "fairness", "--flood", kubeconfig, "--kind", kind.ToString(), "--flooders", width.ToString(CultureInfo.InvariantCulture),
        ];
        Process started = Process.Start(new ProcessStartInfo(self, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new CommandFailedException("the process that floods could not be started");
        return new FloodProcess(started);
    }

    /// <summary>What such a process does, until the input ends: it floods from one word to the other, and says how it fared.</summary>
    public static async Task RunAsync(string kubeconfig, FloodKind kind, int width, CancellationToken cancellationToken)
    {
        OrreryProcess.LeaveSession();
        await YieldAsync(cancellationToken).ConfigureAwait(false);
        using var client = new RawClient(KubeConfig.Load(kubeconfig));
        while (await Console.In.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } word)
        {
            if (word != On)
            {
                throw new CommandFailedException($"'{word}' is nothing that a flood is told");
            }

            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var flood = new Flood(client, kind, TimeProvider.System);
            Task running = flood.RunAsync(width, over.Token);
            _ = await Console.In.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(false);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{flood.Answered} {flood.Refused}"));
        }
    }

    /// <summary>
    /// Where Linux shares the processors among sessions, what counts is the priority of this one's session, else that of the process. A thread that has begun goes on for some milliseconds all the same,
    /// whoever wakes, unless it is one for idle times: those are left at once.
    /// </summary>
    private static async Task YieldAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsLinux())
        {
            // Threads that come later have it from those that make them.
            foreach (string thread in Directory.GetDirectories("/proc/self/task"))
            {
                _ = SetScheduler(int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), WhenIdle, 0);
            }
        }

        if (File.Exists(SessionPriority))
        {
            await File.WriteAllTextAsync(SessionPriority, LeastPriority, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var self = Process.GetCurrentProcess();
        self.PriorityClass = ProcessPriorityClass.Idle;
    }

    /// <returns>Other than zero where it cannot be done: then it yields by its priority alone.</returns>
    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, in int priority);

    public void Begin() => process.StandardInput.WriteLine(On);

    /// <summary>Once this ends, nothing of it is under way.</summary>
    /// <returns>Requests that were answered, and those that were sent away.</returns>
    public async Task<(long Answered, long Refused)> EndAsync(CancellationToken cancellationToken)
    {
        process.StandardInput.WriteLine(Off);
        string? said = await process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        long[] counts = [.. (said ?? "").Split(' ').Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out long count) ? count : -1)];
        return counts is [>= 0, >= 0] ? (counts[0], counts[1]) : throw new CommandFailedException($"the process that floods has ended: {said}");
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }
}
