using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Mirror;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Revisions;

/// <summary>Wakes the reconcilers of revisions: of Deployments as ReplicaSets, of StatefulSets and DaemonSets as ControllerRevisions.</summary>
internal sealed class RevisionController : IController
{
    /// <summary>Pods report in bursts; the counts of a ReplicaSet follow at this pace.</summary>
    private static readonly TimeSpan CountPace = TimeSpan.FromMilliseconds(100);

    private readonly ReconcilerHost<ObjectKey> deployments;
    private readonly ReconcilerHost<SourceKey> others;

    public RevisionController(ControllerContext context, SourceInformers sources)
    {
        Informer source = sources.ByKind[RevisionKinds.Deployment];
        Informer sets = sources.ByKind[RevisionKinds.ReplicaSet].AddIndex(RevisionKinds.ByOwner, RevisionKinds.OwnersOf);
        Informer pods = context.ClusterInformers.For(CoreResources.Pods).AddIndex(RevisionKinds.ByOwner, RevisionKinds.OwnersOf);
        Informer revisions = context.ClusterInformers.For(CoreResources.ControllerRevisions).AddIndex(RevisionKinds.ByOwner, RevisionKinds.OwnersOf);
        var client = new RevisionClient(context.Root, context.Tenancy);

        deployments = context.Host(
            "revisions",
            new DeploymentRevisions(client, source, sets, pods, context.Time),
            [source, sets, pods, .. context.Tenancy.Needs],
            () => source.All().Where(d => !d.Cluster.IsRoot).Select(ObjectKey.Of),
            ownerOf: k => k.Cluster.Namespace);
        source.Subscribe(change => Add(deployments, change.Key));
        sets.Subscribe(change =>
        {
            if (RevisionKinds.OwnerName(change.Latest, "Deployment") is { } name)
            {
                Add(deployments, change.Key with { Name = name });
            }
            else if (change.Current is { } alone && !RevisionKinds.OwnersOf(alone).Any())
            {
                foreach (KubeObject deployment in source.InNamespace(change.Key.Cluster, change.Key.Namespace).Where(d => DeploymentRevisions.IsLeft(d, alone)).OrderBy(d => d.Name, StringComparer.Ordinal))
                {
                    Add(deployments, ObjectKey.Of(deployment));
                }
            }
        });
        pods.Subscribe(change =>
        {
            if (RevisionKinds.OwnerName(change.Latest, "ReplicaSet") is { } name && sets.Get(change.Key with { Name = name }) is { } set
                && RevisionKinds.OwnerName(set, "Deployment") is { } deployment)
            {
                deployments.Queue.AddAfter(change.Key with { Name = deployment }, CountPace);
            }
        });

        others = context.Host(
            "controllerrevisions",
            new ControllerRevisions(client, sources, revisions),
            [sources.ByKind[RevisionKinds.StatefulSet], sources.ByKind[RevisionKinds.DaemonSet], revisions, .. context.Tenancy.Needs],
            () => sources.Keys().Where(k => k.Kind == RevisionKinds.StatefulSet || k.Kind == RevisionKinds.DaemonSet),
            workers: 2,
            k => k.Object.Cluster.Namespace);
        foreach (GroupKind kind in (GroupKind[])[RevisionKinds.StatefulSet, RevisionKinds.DaemonSet])
        {
            sources.ByKind[kind].Subscribe(change =>
            {
                if (!change.Key.Cluster.IsRoot)
                {
                    others.Queue.Add(new SourceKey(kind, change.Key));
                }
            });
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(deployments.RunAsync(cancellationToken), others.RunAsync(cancellationToken));

    private static void Add(ReconcilerHost<ObjectKey> host, ObjectKey key)
    {
        if (!key.Cluster.IsRoot)
        {
            host.Queue.Add(key);
        }
    }
}
