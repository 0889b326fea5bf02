using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Says of each FlowSchema that somebody wrote whether the level that it leads to is there (condition <c>Dangling</c>). Upstream:
/// <c>pkg/util/flowcontrol/apf_controller.go</c>. Those of the base layer say so from the start.
/// </summary>
internal sealed class FlowSchemaLinks(CacheSet caches, ObjectStore objects, Writer writer, TimeProvider time, ILogger<FlowSchemaLinks> log) : UpkeepTask(caches, Schemas.GroupResource, time, log)
{
    private const string Manager = "api-priority-and-fairness-config-consumer-v1";

    private static readonly ResourceDefinition Schemas = BuiltinResources.Instance.Require(FlowControlObjects.Group, "v1", "flowschemas");
    private static readonly ResourceDefinition Levels = BuiltinResources.Instance.Require(FlowControlObjects.Group, "v1", "prioritylevelconfigurations");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || BaseLayer.IsTombstone(item.Json.Span))
        {
            return true;
        }

        JsonObject schema = StoredJson.Parse(item.Json.Span);
        string level = schema.TextAt("spec", "priorityLevelConfiguration", "name") ?? "";
        JsonObject wanted = FlowControlObjects.Link(level, objects.Exists(Levels, item.Cluster, "", level));
        if (schema.IsDeleting || (schema.NodeAt("status", "conditions") as JsonArray ?? []).OfType<JsonObject>()
            .Any(c => c.TextAt("type") == wanted.TextAt("type") && c.TextAt("status") == wanted.TextAt("status") && c.TextAt("message") == wanted.TextAt("message")))
        {
            return true;
        }

        string now = Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await writer.UpdateAsync(
            Schemas, item.Cluster, "", item.Name, "status", Manager,
            json => DefinitionStatus.Set(json.ObjectAt("status"), "Dangling", wanted.TextAt("status")!, wanted.TextAt("reason"), wanted.TextAt("message"), now),
            cancellationToken);
        return true;
    }

    /// <summary>A level that comes or goes concerns the schemas of its cluster.</summary>
    protected override async Task FollowOthersAsync(CancellationToken cancellationToken)
    {
        ResourceCache levels = Caches.For(Levels.GroupResource);
        CacheWait wait = CacheWait.Expired;
        while (wait == CacheWait.Expired)
        {
            using CacheWatcher? watcher = levels.Watch(StoreKey.Prefix(Levels.GroupResource), levels.Current.Revision);
            while (watcher is not null && (wait = await watcher.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken)) == CacheWait.Events)
            {
                while (watcher.TryRead(out CacheEvent change))
                {
                    foreach (CachedObject schema in Caches.For(Schemas.GroupResource).Current.Range(StoreKey.Prefix(Schemas.GroupResource, change.Object.Cluster)))
                    {
                        LookLater(schema.Key, TimeSpan.Zero);
                    }
                }
            }
        }
    }
}
