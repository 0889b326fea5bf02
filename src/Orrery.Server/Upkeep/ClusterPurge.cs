using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Empties a virtual cluster whose LogicalCluster is being deleted. Nobody can reach the cluster any more, so that its
/// objects go without finalizers or grace; then the finalizer that held the LogicalCluster goes.
/// </summary>
internal sealed class ClusterPurge(CacheSet caches, Writer writer, TimeProvider time, ILogger<ClusterPurge> log)
    : UpkeepTask(caches, OrreryResources.LogicalClusters.GroupResource, time, log, isOfRoot: true)
{
    /// <summary>A transaction of etcd holds 127 writes.</summary>
    private const int BatchSize = 100;

    protected override int Workers => 8;

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || !KubeObject.Parse(item.Json.Span).IsDeleting)
        {
            return true;
        }

        var cluster = new ClusterName(item.Namespace, item.Name);
        int purged = 0;
        foreach (ResourceCache cache in Caches.Resources)
        {
            string[] keys = [.. cache.Current.Range(StoreKey.Prefix(cache.Resource, cluster)).Select(o => o.Key)];
            foreach (string[] batch in keys.Chunk(BatchSize))
            {
                // Another server may have purged it while this one stood still, and the cluster may have been made again since.
                CommitResult commit = await Caches.CommitAsync(new Transaction([new Condition(key, item.Revision)], [.. batch.Select(k => new Write(k, null))]), cancellationToken);
                if (!commit.Succeeded)
                {
                    return false;
                }
            }

            purged += keys.Length;
        }

        if (purged > 0)
        {
            // A write that was under way when the cluster closed may have landed since: look again before letting go.
            log.Purged(purged, cluster.ToString());
            return false;
        }

        await writer.UpdateAsync(LogicalClusterResource.Definition, ClusterName.Root, item.Namespace, item.Name, "", "orrery", RemoveFinalizer, cancellationToken);
        return true;
    }

    private static void RemoveFinalizer(JsonObject json) => Finalizers.Remove(json, LogicalClusterResource.PurgeFinalizer);
}
