using System.CommandLine;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery down</c>: stops every process of the installation; its data stays.</summary>
internal static class DownCommand
{
    /// <summary>Long enough for a server to finish the requests in hand.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var command = new Command("down", "Stop everything that './orrery up' started; the data stays.") { dataDir };
        command.SetAction((parse, cancellationToken) => RunAsync(parse.GetValue(dataDir)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string dataDir, CancellationToken cancellationToken)
    {
        (DataDirectory directory, Settings settings) = Options.Existing(dataDir);
        int stopped = await StopAllAsync(Processes.Of(directory, settings), cancellationToken).ConfigureAwait(false);
        Console.WriteLine(stopped == 0 ? "Nothing was running." : $"Stopped {stopped} processes; the data stays in {directory.Path}.");
        return 0;
    }

    /// <summary>Stops them all at once. Returns how many were running.</summary>
    public static async Task<int> StopAllAsync(IReadOnlyList<OrreryProcess> processes, CancellationToken cancellationToken)
    {
        bool[] ran = await Task.WhenAll(processes.Select(p => p.StopAsync(Grace, cancellationToken))).ConfigureAwait(false);
        return ran.Count(r => r);
    }
}
