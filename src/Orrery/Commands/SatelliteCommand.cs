using System.CommandLine;
using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Satellite;
using Orrery.Satellite.Joining;
using Orrery.Serving;

namespace Orrery.Commands;

/// <summary><c>orrery satellite</c>: the agent of one data plane in this process.</summary>
internal static class SatelliteCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the data plane, as the control plane knows it." };
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "Kubeconfig of the cluster it works in. Default: the cluster in whose pod it runs.", HelpName = "FILE" };
        var joinFile = new Option<string>("--join-file") { Description = "Where to join and by which token, as the Secret orrery-system/orrery-join says it (its default); read again whenever a token is needed.", HelpName = "FILE" };
        var server = new Option<string>("--server") { Description = "Where to join: address of the control plane.", HelpName = "URL" };
        var pin = new Option<string>("--ca-pin") { Description = "Hash of the key of the control plane's authority.", HelpName = "sha256:HEX" };
        var token = new Option<string>("--token") { Description = "Token to join with, once. Without it the satellite has joined before.", HelpName = "TOKEN" };
        var controlPlane = new Option<string>("--control-plane") { Description = "Kubeconfig for the control plane, for a satellite that does not join: its certificate is somebody else's business.", HelpName = "FILE" };
        Option<string> via = Options.Via("the control plane");
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command("satellite", "Run the agent of one data plane: it dials out to the control plane, applies and reports.") { name, kubeconfig, joinFile, server, pin, token, controlPlane, via, logLevel };
        command.Validators.Add(result =>
        {
            int said = new[] { server, pin, token }.Count(o => result.GetValue(o) is not null);
            int ways = (said > 0 ? 1 : 0) + (result.GetValue(joinFile) is null ? 0 : 1) + (result.GetValue(controlPlane) is null ? 0 : 1);
            if (said is not (0 or 3) || ways > 1)
            {
                result.AddError("want --server, --ca-pin and --token together, or --join-file, or --control-plane, or none of them");
            }
        });
        command.SetAction((parse, cancellationToken) =>
        {
            InvitationSource source = parse.GetValue(server) is { } address
                ? InvitationSource.Said(address, parse.GetValue(pin)!, parse.GetValue(token)!)
                : parse.GetValue(joinFile) is { } file ? InvitationSource.File(file) : InvitationSource.Secret(JoinNames.InvitationSecret);
            return RunAsync(parse.GetValue(name)!, parse.GetValue(controlPlane), parse.GetValue(kubeconfig), source, Options.ProxySaid(via, parse) is not null, Options.Proxy(via, parse), parse.GetValue(logLevel), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(string name, string? controlPlane, string? kubeconfig, InvitationSource source, bool isProxySaid, ForwardProxy? proxy, LogLevel logLevel, CancellationToken cancellationToken)
    {
        RuntimeSettings.Ensure(RuntimeSettings.Small);
        OrreryProcess.LeaveSession();
        using ILoggerFactory loggers = Logging.Create(logLevel);
        var options = new SatelliteOptions
        {
            DataPlane = name,
            Cluster = kubeconfig is null ? InCluster() : Load(kubeconfig),
            Version = VersionCommand.Version,
            Loggers = loggers,
        };
        if (controlPlane is not null)
        {
            ClientConfig config = Load(controlPlane);
            return await Serving.Host.RunAsync(new SatelliteAgent(options with { ControlPlane = !isProxySaid ? config : config with { Proxy = proxy } }).RunAsync, cancellationToken).ConfigureAwait(false);
        }

        using var cluster = new KubeClient(options.Cluster);
        var satellite = new JoiningSatellite(options, new JoinOptions { Invitation = source.For(cluster), Proxy = proxy });
        return await Serving.Host.RunAsync(satellite.RunAsync, cancellationToken).ConfigureAwait(false);
    }

    private static ClientConfig InCluster()
    {
        try
        {
            return InClusterConfig.Load(TimeProvider.System);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            throw new CommandFailedException($"--kubeconfig is not given, and: {error.Message}", error);
        }
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
