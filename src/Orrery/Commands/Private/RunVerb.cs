using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Satellite.Joining;
using Orrery.Satellite.Private;
using Orrery.Serving;

namespace Orrery.Commands.Private;

/// <summary><c>orrery private run</c>: a tenant's own control plane, in its own cluster.</summary>
internal static class RunVerb
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the DataPlane that the cluster is to the vendor." };
        var tenant = new Option<string>("--tenant") { Description = "The tenant; nobody else's objects are taken.", Required = true, HelpName = "NAME" };
        Option<string> kubeconfig = new("--kubeconfig") { Description = "Kubeconfig of the tenant's cluster. Default: the cluster in whose pod it runs.", HelpName = "FILE" };
        Option<string> context = new("--context") { Description = "Context of the kubeconfig. Default: its current one.", HelpName = "NAME" };
        Option<string> via = Options.Via("the vendor's control plane");
        Option<string> metrics = Options.MetricsAddress();
        var charts = new Option<string>("--chart-dir") { Description = "Folder in which charts are kept once fetched. Default: memory alone.", HelpName = "DIR" };
        Option<LogLevel> logLevel = Options.LogLevel();
        var command = new Command(
            "run", "Run a tenant's own controllers in its cluster: fetch what is the tenant's from the vendor, act on it here, report its status. 'orrery private install' prints the manifest that does it.")
        {
            name, tenant, kubeconfig, context, via, metrics, charts, logLevel,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            OrreryProcess.LeaveSession();
            IPEndPoint? listen = Options.EndPoint(metrics, parsed);
            ClientConfig api = RootCluster.Load(parsed.GetValue(kubeconfig), parsed.GetValue(context));
            using ILoggerFactory loggers = Logging.Create(parsed.GetValue(logLevel), "orrery-private");
            using var cluster = new KubeClient(api);
            var options = new PrivateOptions
            {
                DataPlane = parsed.GetValue(name)!,
                Tenant = parsed.GetValue(tenant)!,
                Cluster = api,
                Join = new JoinOptions { Invitation = InvitationSource.Secret(JoinNames.PrivateInvitationSecret).For(cluster), Proxy = Options.Proxy(via, parsed) },
                Loggers = loggers,
            };
            return await Serving.Host.RunAsync(token => PrivateControlPlane.RunAsync(options, parsed.GetValue(charts), listen, token), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }
}
