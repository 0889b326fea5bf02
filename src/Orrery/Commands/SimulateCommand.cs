using System.CommandLine;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Installation;
using Orrery.Serving;

namespace Orrery.Commands;

/// <summary><c>orrery simulate</c>: one simulated data plane in this process.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the data plane; its nodes are named after it." };
        var folder = new Option<string>("--folder") { Description = "Where its keys, its store and its kubeconfig are.", Required = true, HelpName = "DIR" };
        var port = new Option<int>("--port", "-p") { Description = "Port on the loopback interface.", Required = true, HelpName = "N" }.Within(1, ushort.MaxValue);
        var nodes = new Option<int>("--nodes") { Description = "Simulated nodes, 1 to 1000.", DefaultValueFactory = _ => 3, HelpName = "N" }.Within(1, 1000);
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command("simulate", "Run a simulated data plane: a Kubernetes API with simulated nodes and workloads.") { name, folder, port, nodes, logLevel };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(name)!, parse.GetValue(folder)!, parse.GetValue(port), parse.GetValue(nodes), parse.GetValue(logLevel), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string name, string folder, int port, int nodes, LogLevel logLevel, CancellationToken cancellationToken)
    {
        if (Names.CheckDns1123Label(name) is [var fault, ..])
        {
            throw new CommandFailedException($"NAME: '{name}': {fault}");
        }

        OrreryProcess.LeaveSession();
        using ILoggerFactory loggers = Logging.Create(logLevel);
        return await Serving.Host.RunAsync(
            token => Simulation.RunAsync(name, Path.GetFullPath(folder), port, nodes, loggers, TimeProvider.System, token), cancellationToken).ConfigureAwait(false);
    }
}
