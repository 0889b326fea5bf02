using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Offline;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;
using Orrery.Satellite.Reporting;
using Orrery.Satellite.Tenancies;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite;

/// <summary>What the parts of one satellite share: its two connections and what it knows of either side.</summary>
internal sealed class SatelliteContext
{
    /// <summary>
    /// For a watch of the control plane, and up to as much again: as long as upstream's server lets one go on that names no end. Its connection is known to live by the heartbeats in it, and to begin a watch costs
    /// the control plane as much as many of them.
    /// </summary>
    public static readonly TimeSpan ControlPlaneWatch = TimeSpan.FromMinutes(30);

    /// <summary>The same for one of the cluster, as any client of it has it.</summary>
    private static readonly TimeSpan ClusterWatch = TimeSpan.FromMinutes(5);

    /// <summary>How long who asks waits for a satellite that has only started.</summary>
    private static readonly TimeSpan KnowledgePatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    public SatelliteContext(SatelliteOptions options, KubeClient controlPlane, KubeClient cluster, PolicyWatch policy, RecordKeeper record, ServerHistory clusterHistory, Standing standing)
    {
        Options = options;
        Standing = standing;
        ClusterHistory = clusterHistory;
        ControlPlane = controlPlane;
        Cluster = cluster;
        Namespace = OrreryNames.DataPlaneNamespace(options.DataPlane);
        Served = new ServedControlPlane(controlPlane, options.DataPlane, policy);
        Works = new Informer(controlPlane, OrreryResources.Works, InformerOptions with { Namespace = Namespace });
        Namespaces = Following(ClusterResources.Namespaces, ManagedSelector);
        Tenancies = new KnownTenancies(new Informer(controlPlane, OrreryResources.Tenancies, InformerOptions with { Namespace = Namespace }), Namespace);
        Resources = new Resources(cluster, options.Time);
        Policy = policy;
        Record = record;
        Served.Changed += TellRecovered;
        Actions = new ClusterActions(cluster, policy, record);
        Rights = new ClusterRights(this);
        Restoration = new RestorationHold(controlPlane, options.DataPlane, [Works, Tenancies.Informer], options.Time, Served.See);
        ClusterEvents = new EventRecorder(cluster, OrreryNames.SatelliteManager, options.Time, options.Loggers);
    }

    /// <summary>Selects in the cluster what Orrery applied.</summary>
    public static string ManagedSelector => $"{OrreryNames.ManagedByLabel}={OrreryNames.Manager}";

    public SatelliteOptions Options { get; }

    public TimeProvider Time => Options.Time;

    public KubeClient ControlPlane { get; }

    /// <summary>The cluster answers again, takes changes again, or lets its satellite do more: what it refused is worth another try at once.</summary>
    public event Action? ClusterRecovered;

    /// <summary>To read from. Whatever changes anything goes through <see cref="Actions"/>.</summary>
    public KubeClient Cluster { get; }

    /// <summary>Shared by all that follow the cluster.</summary>
    public ServerHistory ClusterHistory { get; }

    /// <summary>Which control plane this is all for.</summary>
    public ServedControlPlane Served { get; }

    /// <summary>Whether the control plane lets this satellite in.</summary>
    public Standing Standing { get; }

    /// <summary>What the cluster's owner allows.</summary>
    public PolicyWatch Policy { get; }

    /// <summary>What the cluster lets its satellite do.</summary>
    public ClusterRights Rights { get; }

    /// <summary>What the control plane had done, for the cluster's owner.</summary>
    public RecordKeeper Record { get; }

    public ClusterActions Actions { get; }

    /// <summary>What is said, in the cluster, about what is applied there. Tenants see it too.</summary>
    public EventRecorder ClusterEvents { get; }

    /// <summary>The data plane's namespace in the control plane.</summary>
    public string Namespace { get; }

    /// <summary>What is to run here.</summary>
    public Informer Works { get; }

    /// <summary>
    /// The mapped namespaces that there are in the cluster. Where they were never listed, as the cluster does not let it, nothing may be concluded from one that is not
    /// here: see <see cref="NamespacesUnknown"/>.
    /// </summary>
    public Informer Namespaces { get; }

    /// <summary>Why it is not known which namespaces there are, and whose; null when it is.</summary>
    public string? NamespacesUnknown => Namespaces.HasListed ? null : Namespaces.Refusal ?? "its namespaces have not been listed yet";

    /// <summary>How tenants are held apart here.</summary>
    public KnownTenancies Tenancies { get; }

    /// <summary>
    /// What is wanted is known from an earlier time only, as the control plane is away: what is not among it may have come since, so nothing is deleted.
    /// </summary>
    public bool IsByCopy => !Works.HasListed;

    /// <summary>Whether what is not wanted is kept nevertheless. Also so while <see cref="IsByCopy"/>.</summary>
    public RestorationHold Restoration { get; }

    public Resources Resources { get; }

    /// <summary>For kinds of the cluster that its owner may keep from us, or that it does not serve.</summary>
    public InformerOptions ClusterInformerOptions => InformerOptions with { UnreadableIsEmpty = true, History = ClusterHistory, Until = null, WatchTimeout = ClusterWatch };

    /// <summary>Of a kind of the cluster. One that it does not let us list is asked for ever less, and at once when the cluster lets us do more.</summary>
    public Informer Following(GroupVersionResource resource, string? labelSelector = null)
    {
        var informer = new Informer(Cluster, resource, ClusterInformerOptions with { LabelSelector = labelSelector });
        ClusterRecovered += informer.LookNow;
        return informer;
    }

    /// <summary>For kinds of the control plane.</summary>
    public InformerOptions InformerOptions => new()
    {
        Until = UntilServedAsync,
        WatchTimeout = ControlPlaneWatch,
        Transform = InformerOptions.WithoutManagedFields,
        Time = Options.Time,
        Seed = Options.Seed,
        Loggers = Options.Loggers,
    };

    /// <summary>
    /// Until it is known for which control plane and which namespaces are mapped, and what <paramref name="needed"/> follow: a satellite that has only started is asked before it has listed them, and would take what runs for what is not there.
    /// </summary>
    /// <exception cref="StatusException">503: the cluster does not say.</exception>
    public async Task KnownAsync(CancellationToken cancellationToken, params Informer[] needed)
    {
        try
        {
            await Task.WhenAll(needed.Append(Namespaces).Select(i => i.HasSynced).Append(Served.UntilKnownAsync(cancellationToken))).WaitAsync(KnowledgePatience, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw ApiErrors.ServiceUnavailable($"the satellite of data plane \"{Options.DataPlane}\" has only started, and does not know yet what runs there");
        }
    }

    /// <summary>What a control plane wants is not taken in before it is known which one it is.</summary>
    private async Task UntilServedAsync(CancellationToken cancellationToken)
    {
        await Standing.UntilLetInAsync(cancellationToken).ConfigureAwait(false);
        await Served.UntilKnownAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Raises <see cref="ClusterRecovered"/>.</summary>
    public void TellRecovered() => ClusterRecovered?.Invoke();

    public KubeObject? Work(string name) => Works.Get(ClusterName.Root, Namespace, name);

    /// <param name="ownerOf">Whose a key is, where keys are of tenants: they take turns.</param>
    /// <param name="mostOfOne">Keys of one owner that are worked on at once; 0 knows no bound.</param>
    public ReconcilerHost<TKey> Host<TKey>(
        string name, IReconciler<TKey> reconciler, IEnumerable<Informer> needs, Func<IEnumerable<TKey>> levelKeys, TimeSpan levelInterval, int workers, Func<TKey, string>? ownerOf = null, int mostOfOne = 0)
        where TKey : notnull =>
        new(name, reconciler, new ReconcilerOptions<TKey>
        {
            Workers = workers,
            OwnerOf = ownerOf,
            MostOfOne = mostOfOne,
            LevelInterval = levelInterval,
            LevelKeys = levelKeys,
            Needs = [.. needs.Distinct()],
            BackoffMax = LongestRetry,
            Time = Options.Time,
            Loggers = Options.Loggers,
        });
}
