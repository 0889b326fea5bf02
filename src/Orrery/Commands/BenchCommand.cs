using System.CommandLine;
using Orrery.Bench;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench</c>: measures a running installation.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command("bench", "Measure a running installation, or any Kubernetes API.") { BenchApiCommand.Create(), BenchStartCommand.Create(), BenchClustersCommand.Create(), BenchFairnessCommand.Create(), BenchHelmCommand.Create(), BenchSatellitesCommand.Create(), BenchControlPlaneCommand.Create(), Propagate() };
        return command;
    }

    private static Command Propagate()
    {
        Option<string> dataDir = Options.DataDir();
        var changes = new Option<int>("--changes", "-n") { Description = "How many changes to measure, 1 to 100000.", DefaultValueFactory = _ => 200, HelpName = "N" }.Within(1, 100_000);
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var command = new Command("propagate", "From a change in a virtual cluster acknowledged to the change present in every data plane.") { changes, json, dataDir };
        command.SetAction(async (parse, cancellationToken) =>
        {
            (DataDirectory directory, Settings settings) = Options.Existing(parse.GetValue(dataDir)!);
            using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
            var bench = new PropagateBench(directory, settings, root, TimeProvider.System);
            PropagateResult result = await bench.RunAsync(parse.GetValue(changes), cancellationToken).ConfigureAwait(false);
            result.Write(Console.Out, parse.GetValue(json));
            return 0;
        });
        return command;
    }
}
