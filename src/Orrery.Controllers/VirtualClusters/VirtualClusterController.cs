using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.VirtualClusters;

/// <summary>Wakes <see cref="VirtualClusterReconciler"/>.</summary>
internal sealed class VirtualClusterController : IController
{
    /// <summary>Reports of satellites come in bursts; the counts of a virtual cluster follow at this pace.</summary>
    private static readonly TimeSpan SummaryPace = TimeSpan.FromMilliseconds(500);

    /// <summary>Each waits for the store several times; writes that come together share one wait.</summary>
    private const int Workers = 16;

    private readonly Informer virtualClusters;
    private readonly ReconcilerHost<ClusterName> host;

    public VirtualClusterController(ControllerContext context)
    {
        virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        Informer logicalClusters = context.RootInformers.For(OrreryResources.LogicalClusters);
        Informer classes = context.RootInformers.For(OrreryResources.TenantClasses);
        WorkDirectory works = context.Works;
        var reconciler = new VirtualClusterReconciler(
            context.Root,
            virtualClusters,
            logicalClusters,
            context.Fleet,
            context.Tenancy,
            classes,
            works,
            context.Events,
            context.Options.PublicUrl ?? context.Options.Api.Server,
            context.Time,
            context.Options.Loggers.CreateLogger("Orrery.Controllers.VirtualClusters"));
        host = context.Host(
            "virtualclusters", reconciler, [logicalClusters, classes, works.Informer, .. context.Fleet.Needs, .. context.Tenancy.Needs], Everything, Workers, k => k.Namespace);

        virtualClusters.Subscribe(change => host.Queue.Add(new ClusterName(change.Key.Namespace, change.Key.Name)));
        logicalClusters.Subscribe(change => host.Queue.Add(new ClusterName(change.Key.Namespace, change.Key.Name)));
        works.Informer.Subscribe(OnWork);
        context.RootInformers.For(CoreResources.Namespaces).Subscribe(change => Add(virtualClusters.InNamespace(ClusterName.Root, change.Key.Name)));
        context.RootInformers.For(OrreryResources.Tenants).Subscribe(change =>
        {
            if (change.Old?.Generation != change.Current?.Generation)
            {
                Add(virtualClusters.All());
            }
        });
        classes.Subscribe(change =>
        {
            if (WeightOf(change.Old) != WeightOf(change.Current))
            {
                Add(virtualClusters.All().Where(c => context.Tenancy.TenantOf(c.Namespace)?.Class == change.Key.Name));
            }
        });
        context.Fleet.PlacementChanged += () => Add(virtualClusters.All());
        context.Fleet.ReadinessChanged += _ => Add(virtualClusters.All());
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    private static int WeightOf(KubeObject? tenantClass) => tenantClass is null ? 1 : TenantClass.From(tenantClass).RequestWeight;

    private IEnumerable<ClusterName> Everything() => virtualClusters.All().Select(c => new ClusterName(c.Namespace, c.Name));

    private void OnWork(InformerChange change)
    {
        if (SourceReference.Of(change.Latest) is not { Cluster.IsRoot: false } source)
        {
            return;
        }

        // A purge waits for the last Work to go; counts can wait a little.
        if (change.IsDeleted && virtualClusters.Get(ClusterName.Root, source.Cluster.Namespace, source.Cluster.Name) is { IsDeleting: true })
        {
            host.Queue.Add(source.Cluster);
        }
        else
        {
            host.Queue.AddAfter(source.Cluster, SummaryPace);
        }
    }

    private void Add(IEnumerable<KubeObject> clusters)
    {
        foreach (KubeObject cluster in clusters)
        {
            host.Queue.Add(new ClusterName(cluster.Namespace, cluster.Name));
        }
    }
}
