using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Clusters;

/// <summary>
/// For one watch of a cluster's APIServices: turns each change of a CustomResourceDefinition into what it means for them, since they are computed and stored nowhere. One stands for all
/// definitions of its group that serve its version.
/// </summary>
/// <param name="layer">What they are made by.</param>
/// <param name="start">The definitions when the watch began.</param>
/// <param name="stored">APIServices that somebody wrote, which win over computed ones.</param>
internal sealed class DefinedServices(BaseLayer layer, ClusterName cluster, CacheSnapshot start, ResourceCache stored)
{
    private readonly Dictionary<string, string[]> served = start.Range(PrefixOf(cluster)).ToDictionary(d => d.Name, Served, StringComparer.Ordinal);

    /// <summary>What to watch beside the APIServices themselves.</summary>
    public static string PrefixOf(ClusterName cluster) => StoreKey.Prefix(CustomResourceSet.Definitions, cluster);

    public static bool IsDefinition(CacheEvent change) => change.Object.Key.StartsWith(StoreKey.Prefix(CustomResourceSet.Definitions), StringComparison.Ordinal);

    /// <summary>To be called with each change, in order.</summary>
    public IReadOnlyList<CacheEvent> Read(CacheEvent change)
    {
        string[] before = served.GetValueOrDefault(change.Object.Name, []);
        string[] after = change.Type == CacheEventType.Deleted ? [] : Served(change.Object);
        served[change.Object.Name] = [];
        HashSet<string> others = [.. served.Values.SelectMany(names => names)];
        served[change.Object.Name] = after;
        return
        [
            .. before.Except(after).Where(name => !others.Contains(name)).Select(name => Event(CacheEventType.Deleted, name, change.Revision)).OfType<CacheEvent>(),
            .. after.Except(before).Where(name => !others.Contains(name)).Select(name => Event(CacheEventType.Added, name, change.Revision)).OfType<CacheEvent>(),
        ];
    }

    /// <summary>Names of the APIServices that stand for a definition.</summary>
    private static string[] Served(CachedObject definition)
    {
        JsonObject json = StoredJson.Parse(definition.Json.Span);
        return DefinitionStatus.IsTrue(json, "Established") && json["spec"] is JsonObject spec
            ? [.. (spec["versions"] as JsonArray ?? []).OfType<JsonObject>().Where(v => v.FlagAt("served") == true).Select(v => $"{v.TextAt("name")}.{spec.TextAt("group")}")]
            : [];
    }

    /// <summary>Null where what somebody wrote stands, or a version that every cluster serves.</summary>
    private CacheEvent? Event(CacheEventType type, string name, long revision)
    {
        string key = StoreKey.Of(ApiServiceObjects.Resource, cluster, "", name);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return stored.Current.Get(key) is null
            && layer.ServiceOf(name[(dot + 1)..], name[..dot]) is { } item
            && CachedObject.From(new StoredValue(key, item.Value, revision, revision)) is { } shown
                ? new CacheEvent(type, shown, type == CacheEventType.Deleted ? shown : null)
                : null;
    }
}
