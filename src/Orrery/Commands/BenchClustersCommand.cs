using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench virtual-clusters</c>: what many virtual clusters cost one control plane.</summary>
internal static class BenchClustersCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var count = new Option<int>("--count", "-n") { Description = "How many to make, 1 to 50000.", DefaultValueFactory = _ => 10_000, HelpName = "N" }.Within(1, 50_000);
        var settle = new Option<int>("--settle") { Description = "Seconds that memory may take to come to rest.", DefaultValueFactory = _ => 40, HelpName = "N" }.Within(0, 3_600);
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var command = new Command("virtual-clusters", "Make many virtual clusters, let them idle, delete them.") { count, settle, json, dataDir };
        command.SetAction(async (parse, cancellationToken) =>
        {
            BenchTarget target = BenchTarget.Own(Options.Existing(parse.GetValue(dataDir)!));
            if (target.Pids.Count == 0)
            {
                throw new CommandFailedException("the control plane does not run; start it with './orrery up'");
            }

            using var bench = new ClustersBench(target, TimeSpan.FromSeconds(parse.GetValue(settle)), new Progress(TimeProvider.System, quiet: false), TimeProvider.System);
            IReadOnlyList<Figure> figures = await bench.RunAsync(parse.GetValue(count), cancellationToken).ConfigureAwait(false);
            new ApiBenchResult([(target.Name, figures)]).Write(Console.Out, parse.GetValue(json));
            return 0;
        });
        return command;
    }
}
