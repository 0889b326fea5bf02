using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Mirror;

/// <summary>What stands in the virtual clusters now, as far as mirrors are concerned.</summary>
internal sealed class MirrorInformers
{
    private const string ByCluster = "mirror-cluster";
    private const string ByService = "mirror-service";
    private const string ServiceLabel = "kubernetes.io/service-name";

    private readonly SourceInformers sources;
    private readonly Dictionary<string, Informer> others;

    public MirrorInformers(InformerSet clusters, SourceInformers sources)
    {
        this.sources = sources;
        Pods = clusters.For(CoreResources.Pods);
        Events = clusters.For(CoreResources.Events);
        Nodes = clusters.For(CoreResources.Nodes).AddIndex(ByCluster, o => [o.Cluster.ToString()]);
        Namespaces = sources.Namespaces;
        others = MirroredKind.All.ToDictionary(k => k.Kind, k => clusters.For(k.Resource), StringComparer.Ordinal);
        Endpoints = clusters.For(CoreResources.Endpoints);
        Slices.AddIndex(ByService, o => ServiceOf(o) is { } service ? [service.ToString()] : []);
    }

    public Informer Pods { get; }

    public Informer Events { get; }

    public Informer Nodes { get; }

    public Informer Namespaces { get; }

    public Informer Endpoints { get; }

    public Informer Slices => others["EndpointSlice"];

    /// <summary>All that mirrors stand in, with the kind of each; nodes, which belong to no namespace, apart.</summary>
    public IEnumerable<KeyValuePair<string, Informer>> ByKind => others.Append(new("Pod", Pods)).Append(new("Event", Events));

    /// <summary>The informer of one mirrored kind.</summary>
    public Informer Of(string kind) => kind switch
    {
        "Pod" => Pods,
        "Event" => Events,
        _ => others[kind],
    };

    /// <summary>The Service that a mirrored slice is of; null for a slice of the tenant's own.</summary>
    public static ObjectKey? ServiceOf(KubeObject slice) =>
        MirrorNames.IsMirrored(slice) && slice.Labels.TryGetValue(ServiceLabel, out string? service) ? ObjectKey.Of(slice) with { Name = service } : null;

    public IReadOnlyList<KubeObject> SlicesOf(ObjectKey service) => Slices.ByIndex(ByService, service.ToString());

    public IReadOnlyList<KubeObject> NodesIn(ClusterName cluster) => Nodes.ByIndex(ByCluster, cluster.ToString());

    /// <summary>The object of a virtual cluster that an event may be about; null for a kind that is not placed.</summary>
    public KubeObject? Find(GroupKind kind, ObjectKey key) => sources.ByKind.TryGetValue(kind, out Informer? informer) ? informer.Get(key) : null;
}
