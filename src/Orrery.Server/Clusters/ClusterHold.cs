using Orrery.Server.Cache;

namespace Orrery.Server.Clusters;

/// <summary>
/// One cluster as it was when a request came to it. What goes on for long asks whether it is still the same: one that is
/// deleted, and perhaps made again under its name, has nothing to tell to those who watched the first.
/// </summary>
/// <param name="key">Of its LogicalCluster; null for root and for all clusters, which stay.</param>
/// <param name="wasSuspended">Whether it was suspended then, as <paramref name="item"/> says.</param>
internal sealed class ClusterHold(ResourceCache clusters, string? key, CachedObject? item, bool wasSuspended)
{
    private CachedObject? last = item;

    /// <summary>The cluster had no past before this revision: what lies there was another's of the same name.</summary>
    public long Since { get; } = item?.CreateRevision ?? 0;

    /// <summary>False once the cluster is being deleted, suspended, or is gone.</summary>
    public bool Lasts
    {
        get
        {
            if (key is null)
            {
                return true;
            }

            CachedObject? now = clusters.Find(key);
            if (ReferenceEquals(now, last))
            {
                return now is not null;
            }

            if (now is null || now.CreateRevision != Since || LogicalClusters.IsDeleting(now) || (!wasSuspended && LogicalClusters.IsSuspended(now)))
            {
                return false;
            }

            last = now;
            return true;
        }
    }
}
