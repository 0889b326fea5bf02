using Microsoft.Extensions.Logging;
using Orrery.Client;
using Orrery.Satellite.Applying;
using Orrery.Satellite.Observing;
using Orrery.Satellite.Offline;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;
using Orrery.Satellite.Reporting;
using Orrery.Satellite.Tenancies;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite;

/// <summary>
/// The agent in a data plane. It dials the control plane, applies what its Works say to its cluster, and reports what becomes of it. It
/// holds no state: what it applied is marked in the cluster, what is wanted stands in the control plane. While either side is away the
/// other keeps its state, and work goes on where it stopped.
/// </summary>
public sealed class SatelliteAgent(SatelliteOptions options)
{
    /// <summary>How long it waits for the control plane before it goes by what that wanted last.</summary>
    private static readonly TimeSpan OfflinePatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PolicyPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs until cancelled. Neither side need answer when it starts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var standing = new Standing(options.Loggers.CreateLogger("Orrery.Satellite.Tunnel"));
        using var controlPlane = new KubeClient(TunnelDial.For(options.ControlPlane) with { MayChange = () => !standing.IsShutOut }, options.Time);

        // Opens no connection where there are tunnels.
        using var beating = new KubeClient(TunnelDial.ForLease(options.ControlPlane), options.Time);
        using var cluster = new KubeClient(options.Cluster, options.Time);
        var history = new ServerHistory();
        var policy = new PolicyWatch(cluster, options, history);
        var record = new RecordKeeper(cluster, options.Time, options.Loggers.CreateLogger("Orrery.Satellite.Recording"));
        await Together.RunAsync(
            [policy.RunAsync, record.RunAsync, token => ServeAsync(policy, beating, () => new SatelliteContext(options, controlPlane, cluster, policy, record, history, standing), token)], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Works whenever the cluster's owner lets it, and does nothing at all while its policy says so.</summary>
    private async Task ServeAsync(PolicyWatch policy, KubeClient beating, Func<SatelliteContext> context, CancellationToken cancellationToken)
    {
        // A cluster that does not answer is told of too; as long as its owner's will is not known, that is all.
        await Task.WhenAny(policy.Known, Task.Delay(PolicyPatience, options.Time, cancellationToken)).ConfigureAwait(false);
        while (!cancellationToken.IsCancellationRequested)
        {
            await policy.UntilAsync(p => p.Mode != PolicyMode.Disabled, cancellationToken).ConfigureAwait(false);
            using var disabled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task work = WorkAsync(context(), beating, disabled.Token);
            await Task.WhenAny(work, policy.UntilAsync(p => p.Mode == PolicyMode.Disabled, disabled.Token)).ConfigureAwait(false);
            await disabled.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    private async Task WorkAsync(SatelliteContext context, KubeClient beating, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Everything subscribes before informers run, so that none misses an object.
        var guards = new NamespaceGuards(context);
        var apply = new ApplyLoop(context, guards);
        var observe = new ObserveLoop(context);
        var usage = new UsageReport(context, observe.Pods, observe.Claims);
        var tenancies = new TenancyLoop(context, guards, observe.Nodes, observe.Pods, apply.Budgets);
        var report = new ClusterReport(context, observe.Nodes, new KeptObjects(context, observe.Nodes, apply.Unwanted, apply.OfOthers));
        ITunnel tunnel = options.Tunnel ?? new Presence(
            context,
            new TunnelDialer(context, new TunnelRequests(context, new PodRequests(context, observe.Pods), new MetricsRequests(context))),
            new LeaseBeat(beating, options.DataPlane, context.Standing, context.Time, options.Loggers.CreateLogger("Orrery.Satellite.Tunnel")));
        Log.Started(options.Loggers.CreateLogger("Orrery.Satellite"), options.DataPlane, options.ControlPlane.Server, options.Cluster.Server);

        tunnel.Opened += report.CheckLater;

        // Before its DataPlane is there, a satellite may see nothing: that its tunnel is taken tells that it may. While the control plane is away,
        // what it wanted last holds.
        var wanted = new WantedKeeper(context, options.Loggers.CreateLogger("Orrery.Satellite.Offline"));
        async Task ObeyAsync(CancellationToken token)
        {
            if (await IsAwayAsync(tunnel.Joined, context.Standing, token).ConfigureAwait(false) && !await wanted.RestoreAsync(token).ConfigureAwait(false))
            {
                await tunnel.Joined.WaitAsync(token).ConfigureAwait(false);
            }

            // One in whose place another is connected lets go of everything, and begins anew once it is let in: what it knows as wanted grows old.
            Task second = context.Standing.UntilSecondAsync(token);
            Task work = Together.RunAsync([context.Works.RunAsync, context.Namespaces.RunAsync, tenancies.RunAsync, usage.RunAsync, apply.RunAsync, observe.RunAsync, report.RunAsync, wanted.RunAsync, context.ClusterEvents.RunAsync], token);
            if (await Task.WhenAny(work, second).ConfigureAwait(false) == second)
            {
                await over.CancelAsync().ConfigureAwait(false);
            }

            await work.ConfigureAwait(false);
        }

        await Together.RunAsync([tunnel.RunAsync, ObeyAsync], over.Token).ConfigureAwait(false);
        await report.SayLastAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until it is let in, or nobody says for a while why not: one that stands by waits for however long.</summary>
    private async Task<bool> IsAwayAsync(Task joined, Standing standing, CancellationToken cancellationToken)
    {
        do
        {
            if (await Task.WhenAny(joined, Task.Delay(OfflinePatience, options.Time, cancellationToken)).ConfigureAwait(false) == joined)
            {
                return false;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        while (standing.IsSecond);
        return true;
    }
}
