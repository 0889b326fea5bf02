using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>Wakes what decides about satellites' certificates, ends invitations, and says to everybody how root is reached.</summary>
internal sealed class JoinController : IController
{
    private readonly Informer requests;
    private readonly Informer accounts;
    private readonly ReconcilerHost<string> joining;
    private readonly ReconcilerHost<(string Namespace, string Name)> invitations;
    private readonly ReconcilerHost<string> info;
    private readonly ReconcilerHost<string> revocations;

    public JoinController(ControllerContext context)
    {
        ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Controllers.Joining");
        Informer dataPlanes = context.RootInformers.For(OrreryResources.DataPlanes);
        InformerOptions options = context.Options.Informers;
        requests = new Informer(context.Root, CoreResources.SigningRequests, options with { FieldSelector = "spec.signerName=" + JoinNames.Signer });
        accounts = new Informer(context.Root, CoreResources.ServiceAccounts, options with { LabelSelector = JoinNames.InvitationLabel });
        var report = new IdentityReport(context.Root, dataPlanes, context.Time);

        // One at a time: who comes second with a token is to find that it is used.
        joining = context.Host(
            "joining",
            new JoinReconciler(context.Root, requests, dataPlanes, report, context.Events, context.Options.SatelliteCertificateLifetime, context.Time, logger),
            [requests, dataPlanes],
            () => requests.All().Select(r => r.Name),
            workers: 1);
        invitations = context.Host(
            "invitations", new InvitationReconciler(context.Root, accounts, dataPlanes, report, context.Events, context.Time, logger), [accounts, dataPlanes], () => accounts.All().Select(a => (a.Namespace, a.Name)), workers: 1);
        revocations = context.Host(
            "revocations", new RevocationReconciler(dataPlanes, report, context.Events, logger), [dataPlanes], () => dataPlanes.All().Select(d => d.Name), workers: 1);
        info = context.Host("cluster-info", new ClusterInfoReconciler(context.Root, context.Options), [], () => [JoinNames.ClusterInfo], workers: 1);

        requests.Subscribe(change => joining.Queue.Add(change.Key.Name));
        dataPlanes.Subscribe(change => revocations.Queue.Add(change.Key.Name));
        accounts.Subscribe(change => invitations.Queue.Add((change.Key.Namespace, change.Key.Name)));
        info.Queue.Add(JoinNames.ClusterInfo);
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        requests.RunAsync(cancellationToken), accounts.RunAsync(cancellationToken),
        joining.RunAsync(cancellationToken), invitations.RunAsync(cancellationToken), revocations.RunAsync(cancellationToken), info.RunAsync(cancellationToken));
}
