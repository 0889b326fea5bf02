using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Purge;

/// <summary>Wakes <see cref="PurgeReconciler"/> when a mapped namespace is reported and when what it stands for goes.</summary>
internal sealed class PurgeController : IController
{
    private const string ByCluster = "purge-cluster";

    private readonly Informer observations;
    private readonly ReconcilerHost<ObjectKey> host;

    public PurgeController(ControllerContext context, SourceInformers sources)
    {
        observations = context.RootInformers.For(OrreryResources.Observations).AddIndex(ByCluster, o => Of(o) is { } source ? [source.Cluster.ToString()] : []);
        Informer virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        host = context.Host(
            "purge",
            new PurgeReconciler(
                context.Root, observations, virtualClusters, sources.Namespaces, context.Fleet, context.Options.Loggers.CreateLogger("Orrery.Controllers.Purge")),
            [observations, virtualClusters, sources.Namespaces, .. context.Fleet.Needs],
            () => observations.All().Where(o => Of(o) is not null).Select(ObjectKey.Of),
            workers: 2);
        observations.Subscribe(change =>
        {
            if (change.Current is { } observation && Of(observation) is not null)
            {
                host.Queue.Add(change.Key);
            }
        });
        virtualClusters.Subscribe(change =>
        {
            if (change.IsDeleted || change.Latest.IsDeleting)
            {
                Add(new ClusterName(change.Key.Namespace, change.Key.Name));
            }
        });
        sources.Namespaces.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                Add(change.Key.Cluster);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    /// <returns>Null for an Observation of anything but a mapped namespace.</returns>
    public static SourceReference? Of(KubeObject observation) => SourceReference.Of(observation) is { Kind: "Namespace", Cluster.IsRoot: false } source ? source : null;

    private void Add(ClusterName cluster)
    {
        foreach (KubeObject observation in observations.ByIndex(ByCluster, cluster.ToString()))
        {
            host.Queue.Add(ObjectKey.Of(observation));
        }
    }
}
