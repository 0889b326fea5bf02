using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers;

/// <summary>What all controllers of one process share: connections, informers, clock.</summary>
internal sealed class ControllerContext
{
    public ControllerContext(KubeClient root, ControllersOptions options)
    {
        Options = options;
        Root = root;
        var informers = options.Informers;
        RootInformers = new InformerSet(root, informers);
        ClusterInformers = new InformerSet(root.InCluster(ClusterName.All), informers);
        Events = new EventRecorder(root, OrreryNames.Manager, options.Time, options.Loggers);
        Fleet = new FleetDirectory(RootInformers.For(OrreryResources.DataPlanes), RootInformers.For(OrreryResources.VirtualSites));
        Tenancy = new TenancyDirectory(
            RootInformers.For(OrreryResources.VirtualClusters), RootInformers.For(CoreResources.Namespaces), RootInformers.For(OrreryResources.Tenants));
        Works = new WorkDirectory(RootInformers.For(OrreryResources.Works));
    }

    public ControllersOptions Options { get; }

    public TimeProvider Time => Options.Time;

    public KubeClient Root { get; }

    /// <summary>Informers of the root cluster.</summary>
    public InformerSet RootInformers { get; }

    /// <summary>Informers over all virtual clusters at once.</summary>
    public InformerSet ClusterInformers { get; }

    public EventRecorder Events { get; }

    public FleetDirectory Fleet { get; }

    public TenancyDirectory Tenancy { get; }

    public WorkDirectory Works { get; }

    /// <summary>A host with this process's clock, level interval and log.</summary>
    /// <param name="ownerOf">Whose a key is, where keys are of tenants: they take turns.</param>
    /// <param name="mostOfOne">Keys of one owner that are worked on at once; 0 knows no bound.</param>
    public ReconcilerHost<TKey> Host<TKey>(
        string name, IReconciler<TKey> reconciler, IEnumerable<Informer> needs, Func<IEnumerable<TKey>> levelKeys, int workers = 4, Func<TKey, string>? ownerOf = null, int mostOfOne = 0)
        where TKey : notnull =>
        new(name, reconciler, new ReconcilerOptions<TKey>
        {
            Workers = workers,
            OwnerOf = ownerOf,
            MostOfOne = mostOfOne,
            LevelInterval = Options.LevelInterval,
            LevelKeys = levelKeys,
            Needs = [.. needs.Distinct()],
            Time = Options.Time,
            Loggers = Options.Loggers,
        });
}
