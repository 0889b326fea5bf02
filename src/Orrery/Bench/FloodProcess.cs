using System.Diagnostics;
using System.Globalization;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Bench;

/// <summary>
/// A <see cref="Flood"/> in a process of its own, with the lowest priority. It stands for machines elsewhere: what it takes is the server's time, and
/// neither the processor from the one who measures nor its turns in the same process. It ends when its input does.
/// </summary>
internal sealed class FloodProcess : IDisposable
{
    private readonly Process process;

    private FloodProcess(Process process) => this.process = process;

    public static FloodProcess Start(string kubeconfig, int width)
    {
        string self = Environment.ProcessPath ?? throw new CommandFailedException("the path of this program is unknown");
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Path.ChangeExtension(Environment.GetCommandLineArgs()[0], ".dll")] : [];
        string[] arguments = [.. program, "bench", "fairness", "--flood", kubeconfig, "--flooders", width.ToString(CultureInfo.InvariantCulture)];
        Process started = Process.Start(new ProcessStartInfo(self, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new CommandFailedException("the process that floods could not be started");
        started.PriorityClass = ProcessPriorityClass.Idle;
        return new FloodProcess(started);
    }

    /// <summary>What such a process does, until the input ends; then it says how it fared.</summary>
    public static async Task RunAsync(string kubeconfig, int width, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var client = new RawClient(KubeConfig.Load(kubeconfig));
        var flood = new Flood(client, TimeProvider.System);
        Task running = flood.RunAsync(width, over.Token);
        await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{flood.Answered} {flood.Refused}"));
    }

    /// <returns>Requests that were answered, and those that were sent away.</returns>
    public async Task<(long Answered, long Refused)> EndAsync(CancellationToken cancellationToken)
    {
        process.StandardInput.Close();
        string said = await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        long[] counts = [.. said.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out long count) ? count : -1)];
        return counts is [>= 0, >= 0] ? (counts[0], counts[1]) : throw new CommandFailedException($"the process that floods ended with {process.ExitCode}: {said}");
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
