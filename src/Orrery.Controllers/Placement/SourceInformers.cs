using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Placement;

/// <summary>One informer a placeable kind, each over all virtual clusters.</summary>
internal sealed class SourceInformers
{
    private const string ByCluster = "cluster";

    public SourceInformers(InformerSet clusters)
    {
        ByKind = PlaceableKinds.All.ToDictionary(k => k.GroupKind, k => clusters.For(k.Resource).AddIndex(ByCluster, o => [o.Cluster.ToString()]));
        Namespaces = clusters.For(CoreResources.Namespaces);
    }

    public IReadOnlyDictionary<GroupKind, Informer> ByKind { get; }

    /// <summary>Namespaces of all virtual clusters.</summary>
    public Informer Namespaces { get; }

    public IEnumerable<Informer> All => ByKind.Values.Append(Namespaces);

    public KubeObject? Get(SourceKey key) => ByKind.TryGetValue(key.Kind, out Informer? informer) ? informer.Get(key.Object) : null;

    /// <summary>Takes in what the server answered to a write.</summary>
    public void Observe(PlaceableKind kind, ClusterName cluster, KubeObject written) => ByKind[kind.GroupKind].Observe(written, cluster);

    public IEnumerable<SourceKey> Keys() =>
        from kind in ByKind from found in kind.Value.All() where !found.Cluster.IsRoot select new SourceKey(kind.Key, ObjectKey.Of(found));

    public IEnumerable<SourceKey> Keys(ClusterName cluster) =>
        from kind in ByKind from found in kind.Value.ByIndex(ByCluster, cluster.ToString()) select new SourceKey(kind.Key, ObjectKey.Of(found));

    public IEnumerable<SourceKey> Keys(ClusterName cluster, string ns) =>
        from kind in ByKind from found in kind.Value.InNamespace(cluster, ns) select new SourceKey(kind.Key, ObjectKey.Of(found));
}
