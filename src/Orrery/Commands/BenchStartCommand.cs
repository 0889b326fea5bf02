using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench start</c>: how long a control plane needs from its start until it is ready.</summary>
internal static class BenchStartCommand
{
    public static Command Create()
    {
        Option<int> objects = BenchInstallation.Number("--objects", "How many objects of 1 KiB to start with, 1 to 1000000.", 100_000, 1_000_000);
        objects.Aliases.Add("-n");
        Option<int> runs = BenchInstallation.Number("--runs", "Starts of each kind; the median counts. 1 to 99.", 5, 99);
        var installation = new BenchInstallation();
        var command = new Command("start", "From the start of a control plane to ready: empty, with objects, and after a kill. Makes an installation of its own.") { objects, runs };
        installation.AddTo(command);
        command.SetAction((parse, cancellationToken) => installation.RunAsync(
            parse,
            directory => new StartBench(directory, parse.GetValue(runs), new Progress(TimeProvider.System, quiet: false), TimeProvider.System).RunAsync(parse.GetValue(objects), cancellationToken)));
        return command;
    }
}
