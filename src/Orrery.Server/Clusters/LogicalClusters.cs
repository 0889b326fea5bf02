using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Clusters;

/// <summary>Whether a cluster answers requests.</summary>
internal enum ClusterState
{
    Absent,
    Served,

    /// <summary>Its LogicalCluster is being deleted: it answers nobody while what it holds is purged.</summary>
    Terminating,
}

/// <summary>The clusters that this server serves: root always, others while their LogicalCluster exists in root.</summary>
internal sealed class LogicalClusters(CacheSet caches) : IClusterMemory
{
    private static readonly GroupResource Resource = OrreryResources.LogicalClusters.GroupResource;

    private readonly ResourceCache cache = caches.For(Resource);

    /// <summary>Of root, and of all clusters.</summary>
    private readonly ClusterHold lasting = new(caches.For(Resource), null, null, wasSuspended: false);

    /// <summary>What was read out of each LogicalCluster, asked for at every request.</summary>
    private readonly ConcurrentDictionary<ClusterName, Known> known = new();

    /// <summary>Counters of clusters that have gone, until somebody takes them.</summary>
    private readonly ConcurrentQueue<(ClusterName Cluster, StrongBox<long> Requests)> departed = new();

    /// <summary>Virtual clusters that are served now.</summary>
    public IEnumerable<ClusterName> Virtual =>
        cache.Current.Range(StoreKey.Prefix(Resource, ClusterName.Root)).Where(o => !Read(o).IsDeleting).Select(o => new ClusterName(o.Namespace, o.Name));

    public ClusterState State(ClusterName cluster)
    {
        if (cluster.IsRoot || cluster.IsAll)
        {
            return ClusterState.Served;
        }

        return Find(cluster) is not { } found ? ClusterState.Absent : found.IsDeleting ? ClusterState.Terminating : ClusterState.Served;
    }

    /// <summary>A credential of that scope holds on a cluster: by name, and for the very cluster that it was issued for.</summary>
    public bool Admits(ClusterScope scope, ClusterName cluster) =>
        scope.Covers(cluster) && (scope.Uid is null || Find(cluster)?.Uid == scope.Uid);

    /// <summary>The scope of a credential for a cluster as it is now; null when there is no such virtual cluster.</summary>
    public ClusterScope? ScopeOf(ClusterName cluster) =>
        cluster.IsRoot || cluster.IsAll ? new ClusterScope(cluster) : Find(cluster) is { Uid.Length: > 0 } found ? new ClusterScope(cluster, found.Uid) : null;

    /// <summary>What a virtual cluster is known by; null when there is none of that name, or it is being purged.</summary>
    public ClusterIdentity? IdentityOf(ClusterName cluster) =>
        cluster.IsRoot || cluster.IsAll || Find(cluster) is not { IsDeleting: false } found ? null : new ClusterIdentity(found.Uid, found.Created);

    /// <summary>
    /// To be called after authorization. An anonymous user passes: authorization has confined it to what every cluster
    /// shows to everybody, so that it cannot learn which clusters there are.
    /// </summary>
    /// <exception cref="StatusException">404: the cluster is not served. 403: it is suspended, and answers the control plane alone.</exception>
    public void Require(ClusterName cluster, UserInfo user)
    {
        if (cluster.IsRoot || cluster.IsAll || user.Name == UserGroups.Anonymous)
        {
            return;
        }

        if (Find(cluster) is not { IsDeleting: false } found)
        {
            throw NotServed(cluster);
        }

        if (!user.Scope.IsAll)
        {
            Interlocked.Increment(ref found.Requests.Value);
        }

        if (found.Suspended is { } why && !user.Scope.IsAll)
        {
            throw ApiErrors.Forbidden(OrreryResources.VirtualClusters.GroupResource, cluster.ToString(), why);
        }
    }

    /// <summary>Its requests' share of the server, in those of a plain cluster; one where nothing else is said.</summary>
    public int WeightOf(ClusterName cluster) => cluster.IsRoot || cluster.IsAll || Find(cluster) is not { } found ? 1 : found.Weight;

    /// <summary>Requests to a virtual cluster by its own users, since this server started or the cluster was made; the control plane's left out.</summary>
    public long RequestsOf(ClusterName cluster) => cluster.IsRoot || cluster.IsAll || Find(cluster) is not { } found ? 0 : Interlocked.Read(ref found.Requests.Value);

    /// <summary>The counters behind <see cref="RequestsOf"/> of clusters that were asked; each goes on being the same for as long as its cluster is.</summary>
    public IEnumerable<(ClusterName Cluster, StrongBox<long> Requests)> RequestCounters => known.Select(k => (k.Key, k.Value.Requests));

    /// <summary>Each counter of a cluster that went since the last call, once.</summary>
    public IEnumerable<(ClusterName Cluster, StrongBox<long> Requests)> TakeDeparted()
    {
        while (departed.TryDequeue(out (ClusterName, StrongBox<long>) counter))
        {
            yield return counter;
        }
    }

    public static StatusException NotServed(ClusterName cluster) =>
        ApiErrors.NotFound(OrreryResources.VirtualClusters.GroupResource, cluster.ToString());

    /// <summary>The cluster as it is now, for a request that outlasts this moment.</summary>
    /// <exception cref="StatusException">404: the cluster is not served.</exception>
    public ClusterHold Hold(ClusterName cluster) =>
        cluster.IsRoot || cluster.IsAll ? lasting
        : Find(cluster) is { IsDeleting: false } found ? new ClusterHold(cache, found.Item.Key, found.Item, found.Suspended is not null)
        : throw NotServed(cluster);

    /// <summary>
    /// What a commit must add to its conditions so that it cannot land in a cluster after that was purged; empty for root.
    /// Null: the cluster is not served.
    /// </summary>
    public IReadOnlyList<Condition>? Fence(ClusterName cluster)
    {
        if (cluster.IsRoot)
        {
            return [];
        }

        return Find(cluster) is { IsDeleting: false, Item: var item } ? [new Condition(item.Key, item.Revision)] : null;
    }

    /// <summary>A look drops what is no more.</summary>
    public void Forget(ClusterName cluster) => _ = Find(cluster);

    private Known? Find(ClusterName cluster)
    {
        // Each request asks several times: neither a key nor a snapshot is made for one that is known.
        bool isKnown = known.TryGetValue(cluster, out Known? read);
        CachedObject? item = cache.Find(isKnown ? read!.Item.Key : StoreKey.Of(Resource, ClusterName.Root, cluster.Namespace, cluster.Name));
        if (isKnown && ReferenceEquals(read!.Item, item))
        {
            return read;
        }

        if (item is not null)
        {
            return Learn(cluster, item, read);
        }

        if (known.TryRemove(cluster, out Known? gone))
        {
            departed.Enqueue((cluster, gone.Requests));
        }

        return null;
    }

    /// <param name="before">What was known of one of that name; null for nothing.</param>
    private Known Learn(ClusterName cluster, CachedObject item, Known? before)
    {
        Known fresh = Read(item);
        if (before is not null && before.Uid != fresh.Uid && known.TryRemove(new(cluster, before)))
        {
            departed.Enqueue((cluster, before.Requests));
        }

        return known.AddOrUpdate(cluster, fresh, (_, present) => present.Uid == fresh.Uid ? fresh with { Requests = present.Requests } : fresh);
    }

    internal static bool IsDeleting(CachedObject item) => Read(item).IsDeleting;

    internal static bool IsSuspended(CachedObject item) => Read(item).Suspended is not null;

    private static Known Read(CachedObject item)
    {
        KubeObject json = KubeObject.Parse(item.Json.Span);
        return new Known(item, json.Uid, json.TextAt("metadata", "creationTimestamp") ?? "", json.IsDeleting, json.Annotations.GetValueOrDefault(OrreryNames.SuspendedAnnotation))
        {
            Weight = TenantClass.ReadWeight(json.Annotations.GetValueOrDefault(OrreryNames.RequestWeightAnnotation)),
        };
    }

    /// <param name="Suspended">Why the cluster answers the control plane alone; null when it answers all.</param>
    private sealed record Known(CachedObject Item, string Uid, string Created, bool IsDeleting, string? Suspended)
    {
        /// <summary>See <see cref="WeightOf"/>.</summary>
        public int Weight { get; init; } = 1;

        /// <summary>Counted for as long as the cluster is this one.</summary>
        public StrongBox<long> Requests { get; init; } = new();
    }
}
