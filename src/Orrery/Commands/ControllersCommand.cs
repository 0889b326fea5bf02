using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers;
using Orrery.Installation;
using Orrery.Serving;
using Orrery.Telemetry;

namespace Orrery.Commands;

/// <summary><c>orrery controllers</c>: the vendor's controllers alone, with root being any Kubernetes cluster.</summary>
internal static class ControllersCommand
{
    public static Command Create()
    {
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "Kubeconfig of the root cluster. Default: the cluster in whose pod it runs.", HelpName = "FILE" };
        var context = new Option<string>("--context") { Description = "Context of the kubeconfig. Default: its current one.", HelpName = "NAME" };
        Option<string> metrics = Options.MetricsAddress();
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command("controllers", "Run the controllers alone; root is any Kubernetes cluster, and holds Orrery's kinds as custom resources.") { kubeconfig, context, metrics, logLevel };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(kubeconfig), parse.GetValue(context), Options.EndPoint(metrics, parse), parse.GetValue(logLevel), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? kubeconfig, string? context, IPEndPoint? listen, LogLevel logLevel, CancellationToken cancellationToken)
    {
        OrreryProcess.LeaveSession();
        ClientConfig api = RootCluster.Load(kubeconfig, context);
        using ILoggerFactory loggers = Logging.Create(logLevel, "orrery-controllers");
        using OtlpExport? export = OtlpExport.Start("orrery-controllers");
        using var metrics = new PrometheusText();
        return await Serving.Host.RunAsync(
            async token =>
            {
                bool virtualClusters = await ServesVirtualClustersAsync(api, token).ConfigureAwait(false);
                var options = new ControllersOptions { Api = api, VirtualClusters = virtualClusters, Loggers = loggers };
                var lease = new ControllersLease(options);
                await Together.RunAsync(
                    listen is null ? [lease.RunAsync] : [lease.RunAsync, t => TelemetryEndpoint.RunAsync(listen, () => lease.IsReady, metrics, t)], token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether root is a server of ours. It must answer by now: which controllers run is decided once.</summary>
    private static async Task<bool> ServesVirtualClustersAsync(ClientConfig api, CancellationToken cancellationToken)
    {
        using var client = new KubeClient(api);
        try
        {
            await client.SendJsonAsync(HttpMethod.Get, $"/apis/{OrreryResources.InternalGroup}/{OrreryResources.Version}", null, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }
}
