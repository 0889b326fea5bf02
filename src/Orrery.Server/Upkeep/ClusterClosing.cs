using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Cache;

namespace Orrery.Server.Upkeep;

/// <summary>Ends the watches of a virtual cluster that is served no more: on every server, since each has its own.</summary>
internal sealed class ClusterClosing(CacheSet caches, TimeProvider time, ILogger<ClusterClosing> log)
    : UpkeepTask(caches, OrreryResources.LogicalClusters.GroupResource, time, log, isOfRoot: true)
{
    protected override ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || KubeObject.Parse(item.Json.Span).IsDeleting)
        {
            // A watch that begins after this look finds its cluster closed by itself.
            ClusterName cluster = Cluster(key);
            foreach (ResourceCache cache in Caches.Resources)
            {
                cache.End(CacheWait.Closed, StoreKey.Prefix(cache.Resource, cluster));
            }
        }

        return ValueTask.FromResult(true);
    }

    /// <summary>The cluster that a LogicalCluster of this key speaks of.</summary>
    private static ClusterName Cluster(string key) =>
        KeyParts.TryParse(key, out KeyParts parts)
            ? new ClusterName(key[parts.Namespace..(parts.Name - 1)], key[parts.Name..])
            : throw new FormatException($"'{key}' is not the key of an object");
}
