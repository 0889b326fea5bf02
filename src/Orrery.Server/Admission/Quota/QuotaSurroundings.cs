using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Quotas;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Quota;

/// <summary>A namespace and its cluster, as the caches have them when they are asked.</summary>
internal sealed class QuotaSurroundings(CacheSet caches, ClusterName cluster, string ns) : IQuotaSurroundings
{
    public IEnumerable<JsonObject> All(GroupResource resource) =>
        caches.For(resource).Current.Range(StoreKey.Prefix(resource, cluster, IsNamespaced(resource) ? ns : "")).Select(o => StoredJson.Parse(o.Json.Span));

    public JsonObject? Find(GroupResource resource, string name) =>
        caches.For(resource).Current.Get(StoreKey.Of(resource, cluster, IsNamespaced(resource) ? ns : "", name)) is { } found ? StoredJson.Parse(found.Json.Span) : null;

    private static bool IsNamespaced(GroupResource resource) => BuiltinResources.Instance.Require(resource.Group, "v1", resource.Resource).Namespaced;
}
