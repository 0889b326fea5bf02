using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Metrics;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Fairness;

/// <summary>
/// Tells each client which FlowSchema its request matches and which level that leads to, of the objects of its cluster, as upstream's headers do. Nothing else follows from them:
/// <see cref="RequestFairness"/> shares the server by cluster and user. What is read of the objects is kept until one of them changes in some cluster;
/// clusters that have written none share what is read of the base layer.
/// </summary>
/// <param name="metrics">Where requests are counted by what they match.</param>
internal sealed class FlowSchemas(CacheSet caches, BaseLayer layer, FlowMetrics metrics)
{
    private static readonly GroupResource Schemas = new(FlowControlObjects.Group, "flowschemas");
    private static readonly GroupResource Levels = new(FlowControlObjects.Group, "prioritylevelconfigurations");

    private readonly ResourceCache schemas = caches.For(Schemas);
    private readonly ResourceCache levels = caches.For(Levels);
    private readonly Lazy<Flow[]> bare = new(() => Read(
        layer.Objects(Schemas, ClusterName.Root).Select(o => StoredJson.Parse(o.Value)), layer.Objects(Levels, ClusterName.Root).Select(o => StoredJson.Parse(o.Value)), metrics, isOwn: false));
    private volatile Known? known;

    /// <summary>Sets the headers of an answer. Requests that last and are no watch have none, nor have those over all virtual clusters, which are no cluster's.</summary>
    /// <returns>Where the request is counted; null for those.</returns>
    public FlowSeries? Note(HttpResponse response, RequestInfo request, UserInfo user)
    {
        if (request.Cluster.IsAll || request.Verb == "proxy" || request.Subresource is "attach" or "exec" or "proxy" or "log" or "portforward")
        {
            return null;
        }

        foreach (Flow flow in For(request.Cluster))
        {
            if (flow.Rules.Match(request, user))
            {
                response.Headers["X-Kubernetes-PF-FlowSchema-UID"] = flow.Uid;
                response.Headers["X-Kubernetes-PF-PriorityLevel-UID"] = flow.LevelUid;
                return flow.Series;
            }
        }

        return null;
    }

    private Flow[] For(ClusterName cluster)
    {
        (long schemasAt, long levelsAt) = (schemas.ChangedAt, levels.ChangedAt);
        Known now = known is { } found && found.SchemasAt == schemasAt && found.LevelsAt == levelsAt ? found : Next(schemasAt, levelsAt);
        return now.Own.TryGetValue(cluster, out Own? own) ? own.Flows : bare.Value;
    }

    /// <summary>Read anew: the clusters in which something changed. Versions are shared instances, so that comparing references finds them.</summary>
    private Known Next(long schemasAt, long levelsAt)
    {
        // The names that every cluster has are known first, whoever uses them.
        _ = bare.Value;
        var own = new Dictionary<ClusterName, Own>();
        IEnumerable<CachedObject> stored = schemas.Current.Range(StoreKey.Prefix(Schemas)).Concat(levels.Current.Range(StoreKey.Prefix(Levels)));
        foreach (IGrouping<ClusterName, CachedObject> of in stored.GroupBy(o => o.Cluster))
        {
            CachedObject[] items = [.. of];
            own[of.Key] = known?.Own.GetValueOrDefault(of.Key) is { } before && before.Items.AsSpan().SequenceEqual(items)
                ? before
                : new Own(items, Read(Shown(Schemas, schemas, of.Key), Shown(Levels, levels, of.Key), metrics, isOwn: !of.Key.IsRoot));
        }

        return known = new Known(schemasAt, levelsAt, own.ToFrozenDictionary());
    }

    private IEnumerable<JsonObject> Shown(GroupResource resource, ResourceCache cache, ClusterName cluster) =>
        new LayeredSnapshot(layer, resource, cache.Current).Range(StoreKey.Prefix(resource, cluster)).Select(o => StoredJson.Parse(o.Json.Span));

    /// <summary>In the order in which they are asked. One that leads nowhere is left out, as upstream.</summary>
    private static Flow[] Read(IEnumerable<JsonObject> schemas, IEnumerable<JsonObject> levels, FlowMetrics metrics, bool isOwn)
    {
        Dictionary<string, string> uids = levels.ToDictionary(l => l.Name, l => l.Uid, StringComparer.Ordinal);
        return
        [
            .. schemas
                .Where(s => s["spec"] is JsonObject && uids.ContainsKey(LevelOf(s)))
                .OrderBy(s => s.NumberAt("spec", "matchingPrecedence") ?? 0)
                .ThenBy(s => s.Name, StringComparer.Ordinal)
                .Select(s => new Flow(new FlowRules((JsonObject)s["spec"]!), s.Uid, uids[LevelOf(s)], metrics.For(s.Name, LevelOf(s), isOwn))),
        ];
    }

    private static string LevelOf(JsonObject schema) => schema.TextAt("spec", "priorityLevelConfiguration", "name") ?? "";

    private sealed record Flow(FlowRules Rules, StringValues Uid, StringValues LevelUid, FlowSeries Series);

    private sealed record Own(CachedObject[] Items, Flow[] Flows);

    private sealed record Known(long SchemasAt, long LevelsAt, FrozenDictionary<ClusterName, Own> Own);
}
