using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authorization;

/// <summary>
/// The RBAC index of each cluster, rebuilt on first use after that cluster's roles or bindings changed. A cluster that
/// has stored none shares the index of the base layer.
/// </summary>
internal sealed class RbacIndexes(CacheSet caches, BaseLayer layer, LogicalClusters clusters) : IClusterMemory
{
    private const string Group = "rbac.authorization.k8s.io";

    private static readonly (string Kind, GroupResource Resource)[] Kinds =
    [
        ("ClusterRole", new GroupResource(Group, "clusterroles")),
        ("ClusterRoleBinding", new GroupResource(Group, "clusterrolebindings")),
        ("Role", new GroupResource(Group, "roles")),
        ("RoleBinding", new GroupResource(Group, "rolebindings")),
    ];

    private readonly ResourceCache[] resources = [.. Kinds.Select(kind => caches.For(kind.Resource))];
    private readonly ConcurrentDictionary<ClusterName, Entry> entries = new();
    private readonly Lazy<RbacIndex> bare = new(() => new RbacIndex(layer.Rbac, RbacLayer.Empty));

    public RbacIndex For(ClusterName cluster)
    {
        if (clusters.State(cluster) != ClusterState.Served)
        {
            entries.TryRemove(cluster, out _);
            return bare.Value;
        }

        // 1. Nothing of the four kinds changed anywhere: the index stands.
        if (entries.TryGetValue(cluster, out Entry? entry) && IsCurrent(entry))
        {
            return entry.Index;
        }

        // 2. Something did, in some cluster. Versions are shared instances, so comparing references finds out whether here.
        long[] changed = [.. resources.Select(r => r.ChangedAt)];
        CacheSnapshot[] now = [.. resources.Select(r => r.Current)];
        CachedObject[][] own = [.. now.Select((snapshot, i) => snapshot.Range(StoreKey.Prefix(Kinds[i].Resource, cluster)).ToArray())];
        RbacIndex index = entry is not null && entry.Own.Zip(own).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)) ? entry.Index : Build(own);
        entries[cluster] = new Entry(changed, own, index);
        return index;
    }

    public void Forget(ClusterName cluster) => entries.TryRemove(cluster, out _);

    private bool IsCurrent(Entry entry)
    {
        for (int i = 0; i < resources.Length; i++)
        {
            if (entry.ChangedAt[i] != resources[i].ChangedAt)
            {
                return false;
            }
        }

        return true;
    }

    private RbacIndex Build(CachedObject[][] own)
    {
        if (own.All(kind => kind.Length == 0))
        {
            return bare.Value;
        }

        var hidden = own.SelectMany((kind, i) => kind.Select(o => (Kinds[i].Kind, o.Namespace, o.Name)));
        IEnumerable<KubeObject> live = own.SelectMany(kind => kind).Where(o => !BaseLayer.IsTombstone(o.Json.Span)).Select(o => KubeObject.Parse(o.Json.Span));
        return new RbacIndex(layer.Rbac, new RbacLayer(live, hidden));
    }

    /// <param name="ChangedAt">Of each cache, before it was last looked at.</param>
    /// <param name="Own">The cluster's objects of each kind that it was made from.</param>
    private sealed record Entry(long[] ChangedAt, CachedObject[][] Own, RbacIndex Index);
}
