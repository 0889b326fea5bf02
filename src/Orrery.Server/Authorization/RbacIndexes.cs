using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Storage;

namespace Orrery.Server.Authorization;

/// <summary>
/// The RBAC index of each cluster, brought up to date on first use after that cluster's roles or bindings changed. A cluster that
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
    private readonly ConcurrentDictionary<ClusterName, Place> places = new();
    private readonly Lazy<RbacIndex> bare = new(() => new RbacIndex(layer.Rbac, RbacLayer.Empty));

    public RbacIndex For(ClusterName cluster)
    {
        if (clusters.State(cluster) != ClusterState.Served)
        {
            places.TryRemove(cluster, out _);
            return bare.Value;
        }

        // 1. Nothing of the four kinds changed anywhere: the index stands.
        Place place = places.GetOrAdd(cluster, static _ => new Place());
        if (place.Entry is { } entry && IsCurrent(entry))
        {
            return entry.Index;
        }

        // 2. Something did, in some cluster. One finds out what, for all that ask: after a start a whole fleet does, and all of it is read then.
        lock (place)
        {
            place.Entry = place.Entry is { } meanwhile && IsCurrent(meanwhile) ? meanwhile : Next(cluster, place.Entry);
            return place.Entry.Index;
        }
    }

    public void Forget(ClusterName cluster) => places.TryRemove(cluster, out _);

    /// <summary>Versions are shared instances, so comparing references finds out whether something changed here, and what.</summary>
    private Entry Next(ClusterName cluster, Entry? entry)
    {
        long[] changedAt = [.. resources.Select(r => r.ChangedAt)];
        CachedObject[][] own = [.. resources.Select((r, i) => entry is not null && entry.ChangedAt[i] == changedAt[i] ? entry.Own[i] : r.Current.ToArray(StoreKey.Prefix(Kinds[i].Resource, cluster)))];
        var changes = new List<RbacChange>();
        for (int i = 0; i < own.Length; i++)
        {
            AddChanges(Kinds[i].Kind, entry?.Own[i] ?? [], own[i], changes);
        }

        RbacIndex index = own.All(kind => kind.Length == 0) ? bare.Value : changes.Count == 0 ? entry!.Index : (entry?.Index ?? bare.Value).With(changes);
        return new Entry(changedAt, own, index);
    }

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

    /// <summary>What differs between two states of a kind, each in key order.</summary>
    private static void AddChanges(string kind, ReadOnlySpan<CachedObject> before, ReadOnlySpan<CachedObject> after, List<RbacChange> changes)
    {
        // Most of it is the same, from the start and from the end.
        while (!before.IsEmpty && !after.IsEmpty && ReferenceEquals(before[0], after[0]))
        {
            before = before[1..];
            after = after[1..];
        }

        while (!before.IsEmpty && !after.IsEmpty && ReferenceEquals(before[^1], after[^1]))
        {
            before = before[..^1];
            after = after[..^1];
        }

        int left = 0, right = 0;
        while (left < before.Length || right < after.Length)
        {
            int order = left == before.Length ? 1 : right == after.Length ? -1 : KeyOrder.Compare(before[left].Key, after[right].Key);
            if (order < 0)
            {
                CachedObject gone = before[left++];
                changes.Add(new RbacChange(kind, gone.Namespace, gone.Name, null, IsGone: true));
                continue;
            }

            CachedObject now = after[right++];
            if (order == 0 && ReferenceEquals(before[left++], now))
            {
                continue;
            }

            ReadOnlySpan<byte> json = now.Json.Span;
            changes.Add(new RbacChange(kind, now.Namespace, now.Name, BaseLayer.IsTombstone(json) ? null : KubeObject.Parse(json)));
        }
    }

    /// <summary>Holds what is known of one cluster.</summary>
    private sealed class Place
    {
        public volatile Entry? Entry;
    }

    /// <param name="ChangedAt">Of each cache, before it was last looked at.</param>
    /// <param name="Own">The cluster's objects of each kind that it was made from.</param>
    private sealed record Entry(long[] ChangedAt, CachedObject[][] Own, RbacIndex Index);
}
