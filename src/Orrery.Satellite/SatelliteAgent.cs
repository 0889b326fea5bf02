using Microsoft.Extensions.Logging;
using Orrery.Client;
using Orrery.Satellite.Applying;
using Orrery.Satellite.Observing;
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
    /// <summary>Runs until cancelled. Neither side need answer when it starts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var controlPlane = new KubeClient(options.ControlPlane, options.Time);
        using var cluster = new KubeClient(options.Cluster, options.Time);
        var context = new SatelliteContext(options, controlPlane, cluster);

        // Everything subscribes before informers run, so that none misses an object.
        var guards = new NamespaceGuards(context);
        var apply = new ApplyLoop(context, guards);
        var observe = new ObserveLoop(context);
        var tenancies = new TenancyLoop(context, guards, observe.Nodes, observe.Pods);
        var report = new ClusterReport(context, observe.Nodes);
        ITunnel tunnel = options.Tunnel ?? new TunnelDialer(context, new TunnelRequests(context, new PodRequests(context, observe.Pods)));
        Log.Started(options.Loggers.CreateLogger("Orrery.Satellite"), options.DataPlane, options.ControlPlane.Server, options.Cluster.Server);

        // Before its DataPlane is there, a satellite may see nothing: that its tunnel is taken tells that it may.
        async Task WorkAsync(CancellationToken token)
        {
            await tunnel.Joined.WaitAsync(token).ConfigureAwait(false);
            await Together.RunAsync([context.Works.RunAsync, context.Namespaces.RunAsync, tenancies.RunAsync, apply.RunAsync, observe.RunAsync, report.RunAsync], token).ConfigureAwait(false);
        }

        await Together.RunAsync([tunnel.RunAsync, WorkAsync], cancellationToken).ConfigureAwait(false);
    }
}
