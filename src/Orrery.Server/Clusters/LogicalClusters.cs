using System.Text.Json;
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
internal sealed class LogicalClusters(CacheSet caches)
{
    private static readonly GroupResource Resource = OrreryResources.LogicalClusters.GroupResource;

    private readonly ResourceCache cache = caches.For(Resource);

    /// <summary>Virtual clusters that are served now.</summary>
    public IEnumerable<ClusterName> Virtual =>
        cache.Current.Range(StoreKey.Prefix(Resource, ClusterName.Root)).Where(o => !IsDeleting(o)).Select(o => new ClusterName(o.Namespace, o.Name));

    public ClusterState State(ClusterName cluster)
    {
        if (cluster.IsRoot || cluster.IsAll)
        {
            return ClusterState.Served;
        }

        CachedObject? found = cache.Current.Get(StoreKey.Of(Resource, ClusterName.Root, cluster.Namespace, cluster.Name));
        return found is null ? ClusterState.Absent : IsDeleting(found) ? ClusterState.Terminating : ClusterState.Served;
    }

    /// <summary>
    /// To be called after authorization. An anonymous user passes: authorization has confined it to what every cluster
    /// shows to everybody, so that it cannot learn which clusters there are.
    /// </summary>
    /// <exception cref="StatusException">404: the cluster is not served.</exception>
    public void Require(ClusterName cluster, UserInfo user)
    {
        if (State(cluster) != ClusterState.Served && user.Name != UserGroups.Anonymous)
        {
            throw ApiErrors.NotFound(OrreryResources.VirtualClusters.GroupResource, cluster.ToString());
        }
    }

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

        string key = StoreKey.Of(Resource, ClusterName.Root, cluster.Namespace, cluster.Name);
        return cache.Current.Get(key) is { } found && !IsDeleting(found) ? [new Condition(key, found.Revision)] : null;
    }

    private static bool IsDeleting(CachedObject item)
    {
        var reader = new Utf8JsonReader(item.Json.Span);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.CurrentDepth == 2 && reader.ValueTextEquals("deletionTimestamp"u8))
            {
                return true;
            }

            // Only metadata, at depth 1, is entered.
            bool enter = reader.CurrentDepth == 1 && reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (!enter)
            {
                reader.Skip();
            }
        }

        return false;
    }
}
