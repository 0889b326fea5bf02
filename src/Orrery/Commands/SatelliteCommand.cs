using System.CommandLine;
using Microsoft.Extensions.Logging;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Satellite;
using Orrery.Serving;

namespace Orrery.Commands;

/// <summary><c>orrery satellite</c>: the agent of one data plane in this process.</summary>
internal static class SatelliteCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the data plane, as the control plane knows it." };
        var controlPlane = new Option<string>("--control-plane") { Description = "Kubeconfig for the control plane, with this satellite's own certificate.", Required = true, HelpName = "FILE" };
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "Kubeconfig of the cluster it works in.", Required = true, HelpName = "FILE" };
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command("satellite", "Run the agent of one data plane: it dials out to the control plane, applies and reports.") { name, controlPlane, kubeconfig, logLevel };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(name)!, parse.GetValue(controlPlane)!, parse.GetValue(kubeconfig)!, parse.GetValue(logLevel), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string name, string controlPlane, string kubeconfig, LogLevel logLevel, CancellationToken cancellationToken)
    {
        OrreryProcess.LeaveSession();
        using ILoggerFactory loggers = Logging.Create(logLevel);
        var agent = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = name,
            ControlPlane = Load(controlPlane),
            Cluster = Load(kubeconfig),
            Version = VersionCommand.Version,
            Loggers = loggers,
        });
        return await Serving.Host.RunAsync(agent.RunAsync, cancellationToken).ConfigureAwait(false);
    }

    private static ClientConfig Load(string path)
    {
        try
        {
            return KubeConfig.Load(path);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw new CommandFailedException($"{path}: {error.Message}", error);
        }
    }
}
