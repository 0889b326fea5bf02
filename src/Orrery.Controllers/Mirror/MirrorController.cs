using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Mirror;

/// <summary>Wakes the reconcilers of what stands in virtual clusters for objects of data planes.</summary>
internal sealed class MirrorController : IController
{
    /// <summary>Changes of nodes come in bursts, and each may concern every virtual cluster.</summary>
    private static readonly TimeSpan NodePace = TimeSpan.FromMilliseconds(100);

    /// <summary>A rollout changes a Service's slices again and again.</summary>
    private static readonly TimeSpan EndpointsPace = TimeSpan.FromMilliseconds(100);

    private readonly ControllerContext context;
    private readonly ObservationDirectory observations;
    private readonly MirrorInformers mirrored;
    private readonly Informer virtualClusters;
    private readonly ReconcilerHost<MirrorKey> objects;
    private readonly ReconcilerHost<ClusterName> nodes;
    private readonly ReconcilerHost<ObjectKey> endpoints;
    private readonly Informer services;

    public MirrorController(ControllerContext context, SourceInformers sources)
    {
        this.context = context;
        observations = new ObservationDirectory(context.RootInformers.For(OrreryResources.Observations));
        mirrored = new MirrorInformers(context.ClusterInformers, sources);
        virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        var writer = new MirrorWriter(context.Root);
        List<Informer> needs =
        [
            observations.Informer, .. mirrored.ByKind.Select(k => k.Value), mirrored.Nodes, .. sources.All, context.Works.Informer, .. context.Fleet.Needs, .. context.Tenancy.Needs,
        ];
        objects = context.Host(
            "mirror",
            new MirrorReconciler(
                writer, observations, context.Fleet, context.Works, mirrored, new PodOwner(sources), new OwnPods(mirrored, context.Works), new RevisionNames(sources, mirrored), context.Time, context.Options.Loggers.CreateLogger("Orrery.Controllers.Mirror")),
            needs,
            () => observations.Keys().Concat(mirrored.ByKind.SelectMany(k => Mirrored(k.Key, k.Value))).Distinct(),
            ownerOf: k => k.Object.Cluster.Namespace);
        nodes = context.Host(
            "nodes",
            new NodeReconciler(writer, observations, context.Fleet, context.Tenancy, context.Works, mirrored),
            needs,
            () => virtualClusters.All().Select(NameOf),
            workers: 2,
            k => k.Namespace);
        services = sources.ByKind[new GroupKind("", "Service")];
        endpoints = context.Host(
            "endpoints",
            new EndpointsReconciler(writer, services, context.Tenancy, mirrored),
            [services, mirrored.Slices, mirrored.Endpoints, mirrored.Namespaces, .. context.Tenancy.Needs],
            () => services.All().Where(s => !s.Cluster.IsRoot).Select(ObjectKey.Of),
            workers: 2,
            k => k.Cluster.Namespace);
        Subscribe();
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(objects.RunAsync(cancellationToken), nodes.RunAsync(cancellationToken), endpoints.RunAsync(cancellationToken));

    private void Subscribe()
    {
        // 1. The data planes' side.
        observations.Informer.Subscribe(change =>
        {
            if (ObservationDirectory.KeyOf(change.Latest) is { } key)
            {
                objects.Queue.Add(key);
            }
            else if (ObservationDirectory.IsNode(change.Latest))
            {
                AddNodes();
            }
        });

        // 2. The virtual clusters' side: what somebody did to a mirror is put right, and one that nothing stands behind goes.
        foreach ((string kind, Informer informer) in mirrored.ByKind)
        {
            informer.Subscribe(change => OnMirrored(kind, change));
        }

        mirrored.Nodes.Subscribe(change =>
        {
            if (MirrorNames.IsMirrored(change.Latest))
            {
                nodes.Queue.AddAfter(change.Key.Cluster, NodePace);
            }
        });

        services.Subscribe(change => LookAtEndpoints(change.Key));
        mirrored.Endpoints.Subscribe(change => LookAtEndpoints(change.Key));
        mirrored.Slices.Subscribe(change =>
        {
            if (MirrorInformers.ServiceOf(change.Latest) is { } service)
            {
                LookAtEndpoints(service);
            }
        });

        // 3. Where things run, and whether it is known.
        virtualClusters.Subscribe(change => nodes.Queue.Add(NameOf(change.Latest)));
        context.Fleet.PlacementChanged += AddNodes;
        context.Fleet.ReadinessChanged += dataPlane =>
        {
            AddNodes();
            foreach (KubeObject observation in observations.Informer.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane)))
            {
                if (ObservationDirectory.KeyOf(observation) is { Kind: "Pod" } key)
                {
                    objects.Queue.Add(key);
                }
            }
        };
        context.Works.Informer.Subscribe(OnWork);
        mirrored.Namespaces.Subscribe(change =>
        {
            // A namespace that came (again) takes what was observed for it meanwhile.
            if (change.IsAdded && !change.Key.Cluster.IsRoot)
            {
                AddObserved(k => k.Object.Cluster == change.Key.Cluster && k.Object.Namespace == change.Key.Name);
            }
        });
    }

    /// <summary>The first Work of a virtual cluster in a data plane opens it to that data plane's observations.</summary>
    private void OnWork(InformerChange change)
    {
        if ((change.IsAdded || change.IsDeleted) && SourceReference.Of(change.Latest) is { Cluster.IsRoot: false } source)
        {
            nodes.Queue.AddAfter(source.Cluster, NodePace);
        }

        // Which of its data planes comes first is another matter then.
        if (SourceKey.Of(change.Latest) is { Kind: { Group: "", Kind: "Pod" } } pod
            && (change.Old is null || change.Current is null || Withdrawal.Of(change.Old) != Withdrawal.Of(change.Current) || TakenPod.IsGone(change.Old) != TakenPod.IsGone(change.Current)))
        {
            LookAtPlaces(pod.Object);
        }
    }

    private void OnMirrored(string kind, InformerChange change)
    {
        if (MirrorNames.IsMirrored(change.Latest))
        {
            objects.Queue.Add(new MirrorKey(kind, change.Key));
        }
        else if (kind == "Pod")
        {
            // Somebody's own: where it runs is put right, and how it is debugged is passed on.
            LookAtPlaces(change.Key);
        }
    }

    /// <summary>At the pods of all data planes that one that was placed itself has.</summary>
    private void LookAtPlaces(ObjectKey pod)
    {
        foreach (string dataPlane in context.Works.Of(new SourceKey(new GroupKind("", "Pod"), pod)).Select(WorkDirectory.DataPlaneOf).Order(StringComparer.Ordinal))
        {
            objects.Queue.Add(new MirrorKey("Pod", pod with { Name = MirrorNames.Mirrored(pod.Name, dataPlane) }));
        }
    }

    private void LookAtEndpoints(ObjectKey service)
    {
        if (!service.Cluster.IsRoot)
        {
            endpoints.Queue.AddAfter(service, EndpointsPace);
        }
    }

    private void AddObserved(Func<MirrorKey, bool> which)
    {
        foreach (MirrorKey key in observations.Keys().Where(which))
        {
            objects.Queue.Add(key);
        }
    }

    private void AddNodes()
    {
        foreach (KubeObject cluster in virtualClusters.All())
        {
            nodes.Queue.AddAfter(NameOf(cluster), NodePace);
        }
    }

    private static IEnumerable<MirrorKey> Mirrored(string kind, Informer informer) =>
        informer.All().Where(MirrorNames.IsMirrored).Select(o => new MirrorKey(kind, ObjectKey.Of(o)));

    private static ClusterName NameOf(KubeObject cluster) => new(cluster.Namespace, cluster.Name);
}
