using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Placement;

/// <summary>Wakes <see cref="PlacementReconciler"/> for the objects that a change may concern.</summary>
internal sealed class PlacementController : IController
{
    private readonly SourceInformers sources;
    private readonly WorkDirectory works;
    private readonly WithdrawalRules withdrawals = new();
    private readonly Moves moves;
    private readonly ReconcilerHost<SourceKey> host;

    public PlacementController(ControllerContext context, SourceInformers sources)
    {
        this.sources = sources;
        works = context.Works;
        var placements = new ObjectPlacements(context.Fleet, context.Tenancy, works, sources.ByKind, sources.Namespaces);
        moves = new Moves(placements, works, context.Time);
        var reconciler = new PlacementReconciler(
            context.Root, context.Fleet, context.Tenancy, works, placements, moves, new NamespaceIncarnations(context.Root, sources.Namespaces), context.Events, withdrawals,
            new LeftRevisions(context.Root, sources.ByKind[RevisionKinds.ReplicaSet], placements),
            context.Options.Loggers.CreateLogger("Orrery.Controllers.Placement"));
        host = context.Host(
            "placement", reconciler, [.. sources.All, works.Informer, .. context.Fleet.Needs, .. context.Tenancy.Needs], Everything, workers: 8, k => k.Object.Cluster.Namespace);

        // 1. The object itself, and its Works: what somebody else did to them is put right.
        foreach ((GroupKind kind, Informer informer) in sources.ByKind)
        {
            informer.Subscribe(change => OnSource(kind, change));
        }

        works.Informer.Subscribe(OnWork);

        // 2. What says where objects go.
        sources.Namespaces.Subscribe(OnNamespace);
        context.RootInformers.For(OrreryResources.VirtualClusters).Subscribe(OnVirtualCluster);
        context.RootInformers.For(CoreResources.Namespaces).Subscribe(OnRootNamespace);
        context.RootInformers.For(OrreryResources.Tenants).Subscribe(OnTenant);
        context.Fleet.PlacementChanged += () => Add(Everything());

        // What moves waits for a place that is heard.
        context.Fleet.ReadinessChanged += _ => Add(moves.Staying);

        // What leaves it is waited for as long as it is heard, or is to stay.
        context.Fleet.ReadinessChanged += dataPlane => Add(works.In(dataPlane).Where(w => Withdrawal.Of(w) == Withdrawal.Remove).Select(SourceKey.Of).OfType<SourceKey>());
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    /// <summary>Every object, and every source that only a Work still names.</summary>
    private IEnumerable<SourceKey> Everything() => sources.Keys().Concat(works.Informer.All().Select(SourceKey.Of).OfType<SourceKey>()).Distinct();

    private void OnSource(GroupKind kind, InformerChange change)
    {
        withdrawals.OnSource(kind, change);

        // A status alone changes no Work. (It changes neither generation nor labels nor annotations.)
        if (!change.Key.Cluster.IsRoot && (change.Old is null || change.Current is null || !OnlyStatusChanged(change.Old, change.Current)))
        {
            host.Queue.Add(new SourceKey(kind, change.Key));
        }
    }

    private static bool OnlyStatusChanged(KubeObject old, KubeObject current) =>
        current.Generation > 0 && old.Uid == current.Uid && old.Generation == current.Generation && old.DeletionTimestamp == current.DeletionTimestamp
        && SameText(old, current, "labels") && SameText(old, current, "annotations") && SameText(old, current, "ownerReferences");

    private static bool SameText(KubeObject old, KubeObject current, string member) =>
        old.At("metadata", member)?.GetRawText() == current.At("metadata", member)?.GetRawText();

    private void OnWork(InformerChange change)
    {
        // A report of the satellite changes the status, and with it nothing here, unless a Work waits for it to go: this one, or one in another data plane,
        // which goes once the object runs here.
        if (change.Old is { } old && change.Current is { } current && old.Generation == current.Generation && SameText(old, current, "labels")
            && !WithdrawalRules.IsDone(current) && !(SourceKey.Of(current) is { } source && moves.IsStaying(source)))
        {
            return;
        }

        // The last that had pods there: what it needed may go.
        if (change.IsDeleted && SourceKey.Of(change.Latest) is { } gone && PlaceableKinds.Workloads.Contains(gone.Kind)
            && works.Workloads(gone.Object.Cluster, gone.Object.Namespace, WorkDirectory.DataPlaneOf(change.Latest)).Count == 0)
        {
            Add(moves.StayingIn(gone.Object.Cluster, gone.Object.Namespace));
        }

        if (SourceKey.Of(change.Latest) is { } key && (Planted.Fault != PlantedFault.PlacementIgnoresLostWorks || !change.IsDeleted))
        {
            host.Queue.Add(key);
        }
    }

    /// <summary>
    /// What is in it may have been seen before it, or beside the one that had its name before: which one it is stands in the Works. One that goes waits for no pod that is leaving.
    /// </summary>
    private void OnNamespace(InformerChange change)
    {
        string? Narrowing(KubeObject? ns) => ns?.Annotations.GetValueOrDefault(OrreryNames.VirtualSitesAnnotation);
        if (change.Old?.Uid != change.Current?.Uid || change.Old?.IsDeleting != change.Current?.IsDeleting || Narrowing(change.Old) != Narrowing(change.Current))
        {
            Add(sources.Keys(change.Key.Cluster, change.Key.Name));
        }
    }

    /// <summary>Its status counts what runs and changes all the time; where its objects go it does not say.</summary>
    private void OnVirtualCluster(InformerChange change)
    {
        if (change.Old is null || change.Current is null || change.Old.Uid != change.Current.Uid
            || change.Old.Generation != change.Current.Generation || change.Old.IsDeleting != change.Current.IsDeleting)
        {
            Add(sources.Keys(new ClusterName(change.Key.Namespace, change.Key.Name)));
        }
    }

    private void OnRootNamespace(InformerChange change)
    {
        string? Owner(KubeObject? ns) => ns?.Labels.GetValueOrDefault(OrreryNames.TenantLabel);
        if (Owner(change.Old) != Owner(change.Current))
        {
            Add(sources.Keys().Where(k => k.Object.Cluster.Namespace == change.Key.Name));
        }
    }

    private void OnTenant(InformerChange change)
    {
        if (change.Old?.Generation != change.Current?.Generation)
        {
            Add(Everything());
        }
    }

    private void Add(IEnumerable<SourceKey> keys)
    {
        foreach (SourceKey key in keys)
        {
            host.Queue.Add(key);
        }
    }
}
