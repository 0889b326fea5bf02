using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Upkeep;

/// <summary>Ends the watches of a virtual cluster that is served no more, and when it is gone drops what was kept of it: on every server, since each has its own.</summary>
internal sealed class ClusterClosing(CacheSet caches, IReadOnlyList<IClusterMemory> memories, TimeProvider time, ILogger<ClusterClosing> log)
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

        if (item is null)
        {
            foreach (IClusterMemory memory in memories)
            {
                memory.Forget(Cluster(key));
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
