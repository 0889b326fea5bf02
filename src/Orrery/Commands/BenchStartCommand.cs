using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench start</c>: how long a control plane needs from its start until it is ready.</summary>
internal static class BenchStartCommand
{
    public static Command Create()
    {
        var objects = new Option<int>("--objects", "-n") { Description = "How many objects of 1 KiB to start with, 1 to 1000000.", DefaultValueFactory = _ => 100_000 };
        objects.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1_000_000)
            {
                result.AddError("--objects: want 1 to 1000000");
            }
        });
        var runs = new Option<int>("--runs") { Description = "Starts of each kind; the median counts. 1 to 99.", DefaultValueFactory = _ => 5, HelpName = "N" };
        runs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 99)
            {
                result.AddError("--runs: want 1 to 99");
            }
        });
        var folder = new Option<string>("--folder") { Description = "Where the installation is made, and removed afterwards. Default: a new folder for temporary files.", HelpName = "DIR" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var command = new Command("start", "From the start of a control plane to ready: empty, with objects, and after a kill. Makes an installation of its own.") { objects, runs, folder, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string path = parse.GetValue(folder) ?? Directory.CreateTempSubdirectory("orrery-bench-").FullName;
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new CommandFailedException($"--folder: {path} is not empty");
            }

            try
            {
                var bench = new StartBench(new DataDirectory(path), parse.GetValue(runs), new Progress(TimeProvider.System, quiet: false), TimeProvider.System);
                IReadOnlyList<Figure> figures = await bench.RunAsync(parse.GetValue(objects), cancellationToken).ConfigureAwait(false);
                new ApiBenchResult([("orrery", figures)]).Write(Console.Out, parse.GetValue(json));
                return 0;
            }
            finally
            {
                Directory.Delete(path, recursive: true);
            }
        });
        return command;
    }
}
