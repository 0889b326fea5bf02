using Microsoft.Extensions.Logging;
using Orrery.Charts;
using Orrery.Client;
using Orrery.Controllers.Applications;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.Crds;
using Orrery.Controllers.DataPlanes;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Installations;
using Orrery.Controllers.Joining;
using Orrery.Controllers.Mirror;
using Orrery.Controllers.Placement;
using Orrery.Controllers.Purge;
using Orrery.Controllers.Releases;
using Orrery.Controllers.Revisions;
using Orrery.Controllers.Status;
using Orrery.Controllers.TenantClasses;
using Orrery.Controllers.Tenants;
using Orrery.Controllers.Usage;
using Orrery.Controllers.VirtualClusters;
using Orrery.Controllers.VirtualSites;

namespace Orrery.Controllers;

/// <summary>
/// All controllers of the control plane in one process. They keep no state but caches: any number of restarts, at any moment, leads to
/// the same world.
/// </summary>
public sealed class OrreryControllers(ControllersOptions options)
{
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends once the own kinds are installed and every informer has its first list: from then on changes are acted on at once.</summary>
    public Task Ready => ready.Task;

    /// <summary>Installs the own kinds, then runs until cancelled. The API server must answer by then or soon after.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ILogger logger = options.Loggers.CreateLogger("Orrery.Controllers");
        using var root = new KubeClient(options.Api, options.Time);
        try
        {
            // 1. The kinds that everything below watches.
            await InstallAsync(root, logger, cancellationToken).ConfigureAwait(false);

            // 2. Controllers subscribe before informers run, so that none misses an object.
            var context = new ControllerContext(root, options);
            SourceInformers? sources = options.VirtualClusters ? new SourceInformers(context.ClusterInformers) : null;
            using HttpClient http = ChartHttp.Create(options.ChartCarrier);
            var bundles = new BundleReader(root, new ChartSource(http, new ChartCache(options.ChartFolder)));
            IController[] controllers =
            [
                new DataPlaneController(context),
                new JoinController(context),
                new VirtualSiteController(context),
                new TenantController(context),
                new TenantClassController(context),
                new UsageController(context),
                new ApplicationController(context),
                new ReleaseController(context, bundles),
                new InstallationController(context, bundles),
                .. sources is null ? (ReadOnlySpan<IController>)[new UnservedController(context)] :
                [
                    new VirtualClusterController(context),
                    new ClusterRights(context),
                    new PlacementController(context, sources),
                    new StatusController(context, sources),
                    new MirrorController(context, sources),
                    new NamespaceLabelController(context, sources),
                    new PurgeController(context, sources),
                    new RevisionController(context, sources),
                ],
            ];
            using var metrics = new FleetMetrics(context);

            // 3. Everything runs; each controller waits for the informers that it needs.
            await Together.RunAsync(
                [
                    context.RootInformers.RunAsync,
                    context.ClusterInformers.RunAsync,
                    context.Events.RunAsync,
                    .. controllers.Select<IController, Func<CancellationToken, Task>>(c => c.RunAsync),
                    token => AnnounceAsync(context, logger, token),
                ],
                cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            ready.TrySetCanceled(cancellationToken);
        }
    }

    private async Task AnnounceAsync(ControllerContext context, ILogger logger, CancellationToken cancellationToken)
    {
        await Task.WhenAll(
            context.RootInformers.WaitForSyncAsync(cancellationToken), context.ClusterInformers.WaitForSyncAsync(cancellationToken)).ConfigureAwait(false);
        Log.Started(logger, options.Api.Server);
        ready.TrySetResult();
    }

    private async Task InstallAsync(KubeClient root, ILogger logger, CancellationToken cancellationToken)
    {
        for (string said = ""; ;)
        {
            try
            {
                Log.DefinitionsInstalled(logger, await CustomResourceInstaller.InstallAsync(root, options.Time, cancellationToken).ConfigureAwait(false));
                return;
            }
            catch (Exception e) when (e is Api.StatusException or HttpRequestException or IOException or TimeoutException)
            {
                if (said != e.Message)
                {
                    said = e.Message;
                    Log.InstallFailed(logger, said);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), options.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
