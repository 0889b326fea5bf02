using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Clusters;

/// <summary>Objects of any cluster out of the caches, the base layer beneath.</summary>
internal sealed class ClusterObjects(CacheSet caches, BaseLayer layer) : IClusterObjects
{
    public KubeObject? Find(ClusterName cluster, GroupResource resource, string ns, string name) =>
        new LayeredSnapshot(layer, resource, caches.For(resource).Current).Get(StoreKey.Of(resource, cluster, ns, name)) is { } found
            ? KubeObject.Parse(found.Json.Span)
            : null;
}
