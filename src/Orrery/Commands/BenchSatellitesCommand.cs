using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench satellites</c>: what many satellites cost a control plane.</summary>
internal static class BenchSatellitesCommand
{
    public static Command Create()
    {
        Option<int> count = Number("--count", "Satellites that watch their Works, 1 to 20000.", 1000, 20_000);
        Option<int> heartbeats = Number("--heartbeats", "In their place as many that keep their tunnels only, 1 to 20000.", 0, 20_000);
        Option<int> changes = Number("--changes", "Changes to measure, 1 to 10000.", 50, 10_000);
        var folder = new Option<string>("--folder") { Description = "Where the installation is made, and removed afterwards. Default: a new folder for temporary files.", HelpName = "DIR" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var crowd = new Option<int?>("--crowd-from") { Hidden = true };
        var dataDir = new Option<string>("--data-dir") { Hidden = true };
        var command = new Command("satellites", "Many satellites, in processes of their own, on a control plane of its own: idle, a change, and all of them back at once.") { count, heartbeats, changes, folder, json, crowd, dataDir };
        command.SetAction(async (parse, cancellationToken) =>
        {
            bool takesWorks = parse.GetValue(heartbeats) == 0;
            int many = takesWorks ? parse.GetValue(count) : parse.GetValue(heartbeats);
            if (parse.GetValue(crowd) is { } from)
            {
                await CrowdProcess.RunAsync(new DataDirectory(parse.GetValue(dataDir)!), from, many, takesWorks, cancellationToken).ConfigureAwait(false);
                return 0;
            }

            string path = parse.GetValue(folder) ?? Directory.CreateTempSubdirectory("orrery-bench-").FullName;
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new CommandFailedException($"--folder: {path} is not empty");
            }

            try
            {
                var bench = new SatellitesBench(new DataDirectory(path), many, takesWorks, parse.GetValue(changes), new Progress(TimeProvider.System, quiet: false), TimeProvider.System);
                new ApiBenchResult([("orrery", await bench.RunAsync(cancellationToken).ConfigureAwait(false))]).Write(Console.Out, parse.GetValue(json));
                return 0;
            }
            finally
            {
                Directory.Delete(path, recursive: true);
            }
        });
        return command;
    }

    private static Option<int> Number(string name, string description, int value, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is var said && (said < 1 || said > most))
            {
                result.AddError($"{name}: want 1 to {most}");
            }
        });
        return option;
    }
}
