using System.CommandLine;
using Orrery.Bench;

namespace Orrery.Commands;

/// <summary><c>orrery bench helm</c>: how long rendering a large chart takes.</summary>
internal static class BenchHelmCommand
{
    public static Command Create()
    {
        var renders = new Option<int>("--renders", "-n") { Description = "How many renders to measure, 10 to 10000.", DefaultValueFactory = _ => 1000, HelpName = "N" }.Within(10, 10_000);
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var command = new Command("helm", "How long rendering a Helm chart of 60 templates and 2,000 values takes; needs no installation.") { renders, json };
        command.SetAction((parse, cancellationToken) =>
        {
            new HelmBench(TimeProvider.System).Run(parse.GetValue(renders), cancellationToken).Write(Console.Out, parse.GetValue(json));
            return Task.FromResult(0);
        });
        return command;
    }
}
