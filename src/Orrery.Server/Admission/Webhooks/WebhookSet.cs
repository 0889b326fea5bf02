using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>The webhooks of one kind of configuration in each cluster, in the order in which they are asked. A configuration that did not change keeps what was made of it.</summary>
internal sealed class WebhookSet(CacheSet caches, GroupResource configurations)
{
    private readonly ResourceCache cache = caches.For(configurations);
    private readonly ConcurrentDictionary<ClusterName, Entry> clusters = new();

    public IReadOnlyList<Webhook> For(ClusterName cluster)
    {
        CacheSnapshot now = cache.Current;
        if (now.Objects.Count == 0)
        {
            return [];
        }

        clusters.TryGetValue(cluster, out Entry? known);
        if (known is not null && ReferenceEquals(known.Objects, now.Objects))
        {
            return known.Webhooks;
        }

        CachedObject[] found = [.. now.Range(StoreKey.Prefix(configurations, cluster))];
        if (found.Length == 0)
        {
            clusters.TryRemove(cluster, out _);
            return [];
        }

        Entry entry = Make(now.Objects, found, known);
        clusters[cluster] = entry;
        return entry.Webhooks;
    }

    public void Forget(ClusterName cluster) => clusters.TryRemove(cluster, out _);

    private static Entry Make(object objects, CachedObject[] found, Entry? known)
    {
        var made = new Dictionary<CachedObject, Webhook[]>();
        foreach (CachedObject configuration in found)
        {
            made[configuration] = known?.Made.GetValueOrDefault(configuration) ?? [.. Webhook.Of(StoredJson.Parse(configuration.Json.Span))];
        }

        // The keys are in order of the names.
        return new Entry(objects, made, [.. found.SelectMany(c => made[c])]);
    }

    private sealed record Entry(object Objects, Dictionary<CachedObject, Webhook[]> Made, IReadOnlyList<Webhook> Webhooks);
}
