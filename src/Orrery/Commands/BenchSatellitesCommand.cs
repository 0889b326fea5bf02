using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench satellites</c>: what many satellites cost a control plane.</summary>
internal static class BenchSatellitesCommand
{
    public static Command Create()
    {
        Option<int> count = BenchInstallation.Number("--count", "Satellites that watch their Works, 1 to 20000.", 1000, 20_000);
        Option<int> heartbeats = BenchInstallation.Number("--heartbeats", "In their place as many that keep their tunnels only, 1 to 20000.", 0, 20_000);
        Option<int> changes = BenchInstallation.Number("--changes", "Changes to measure, 1 to 10000.", 50, 10_000);
        var installation = new BenchInstallation();
        var crowd = new Option<int?>("--crowd-from") { Hidden = true };
        var dataDir = new Option<string>("--data-dir") { Hidden = true };
        var command = new Command("satellites", "Many satellites, in processes of their own, on a control plane of its own: idle, a change, and all of them back at once.") { count, heartbeats, changes, crowd, dataDir };
        installation.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            bool takesWorks = parse.GetValue(heartbeats) == 0;
            int many = takesWorks ? parse.GetValue(count) : parse.GetValue(heartbeats);
            if (parse.GetValue(crowd) is { } from)
            {
                await CrowdProcess.RunAsync(new DataDirectory(parse.GetValue(dataDir)!), from, many, takesWorks, cancellationToken).ConfigureAwait(false);
                return 0;
            }

            return await installation.RunAsync(
                parse,
                directory => new SatellitesBench(directory, many, takesWorks, parse.GetValue(changes), new Progress(TimeProvider.System, quiet: false), TimeProvider.System).RunAsync(cancellationToken)).ConfigureAwait(false);
        });
        return command;
    }
}
