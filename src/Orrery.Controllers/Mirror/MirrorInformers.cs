using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Mirror;

/// <summary>What stands in the virtual clusters now, as far as mirrors are concerned.</summary>
internal sealed class MirrorInformers
{
    private const string ByCluster = "mirror-cluster";

    private readonly SourceInformers sources;

    public MirrorInformers(InformerSet clusters, SourceInformers sources)
    {
        this.sources = sources;
        Pods = clusters.For(CoreResources.Pods);
        Events = clusters.For(CoreResources.Events);
        Nodes = clusters.For(CoreResources.Nodes).AddIndex(ByCluster, o => [o.Cluster.ToString()]);
        Namespaces = sources.Namespaces;
    }

    public Informer Pods { get; }

    public Informer Events { get; }

    public Informer Nodes { get; }

    public Informer Namespaces { get; }

    public IReadOnlyList<KubeObject> NodesIn(ClusterName cluster) => Nodes.ByIndex(ByCluster, cluster.ToString());

    /// <summary>The object of a virtual cluster that an event may be about; null for a kind that is not placed.</summary>
    public KubeObject? Find(GroupKind kind, ObjectKey key) => sources.ByKind.TryGetValue(kind, out Informer? informer) ? informer.Get(key) : null;
}
