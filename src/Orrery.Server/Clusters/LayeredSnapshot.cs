using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Clusters;

/// <summary>
/// A cache's snapshot as clients see it: base objects stand where the cluster has written nothing, tombstones do not
/// show. For resources without base objects it is the snapshot itself, at no cost.
/// <para>
/// Base objects belong to a cluster, so a prefix over all clusters shows stored objects only.
/// </para>
/// </summary>
internal readonly struct LayeredSnapshot(BaseLayer layer, GroupResource resource, CacheSnapshot stored)
{
    private readonly bool layered = BaseLayer.Has(resource);

    public long Revision => stored.Revision;

    public CachedObject? Get(string key)
    {
        CachedObject? found = stored.Get(key);
        if (!layered)
        {
            return found;
        }

        return found is null ? BaseAt(layer, resource, key) : BaseLayer.IsTombstone(found.Json.Span) ? null : found;
    }

    /// <summary>The revision that a write must find at a key: zero where only the base layer has the object.</summary>
    public long StoredRevision(string key) => stored.Get(key)?.Revision ?? 0;

    /// <summary>What a delete must write at a key: nothing, or the tombstone that hides a base object.</summary>
    public ReadOnlyMemory<byte>? DeletionValue(string key) =>
        layered && layer.Find(resource, ClusterOf(key), Suffix(key)) is not null ? (ReadOnlyMemory<byte>?)BaseLayer.Tombstone(key[(key.LastIndexOf('/') + 1)..]) : null;

    public IEnumerable<CachedObject> Range(string prefix, string? startAfter = null) =>
        !layered ? stored.Range(prefix, startAfter)
        : ClusterPart(prefix).Length == 0 ? stored.Range(prefix, startAfter).Where(o => !BaseLayer.IsTombstone(o.Json.Span))
        : Changes(prefix, startAfter) is { } changes ? Merge(stored.Range(prefix, startAfter), changes)
        : stored.Range(prefix, startAfter);

    /// <summary>The same as <see cref="Range"/>, all at once.</summary>
    public IReadOnlyList<CachedObject> ToArray(string prefix, string? startAfter = null) =>
        IsAsStored(prefix, startAfter) ? stored.ToArray(prefix, startAfter) : [.. Range(prefix, startAfter)];

    public int Count(string prefix, string? startAfter = null) =>
        IsAsStored(prefix, startAfter) ? stored.Count(prefix, startAfter)
        : ClusterPart(prefix).Length == 0 ? Range(prefix, startAfter).Count()
        : stored.Count(prefix, startAfter) + Changes(prefix, startAfter)!.Sum(change => change.Shown is null ? -1 : 1);

    private bool IsAsStored(string prefix, string? startAfter) => !layered || (ClusterPart(prefix).Length > 0 && Changes(prefix, startAfter) is null);

    /// <summary>An event of the cache as clients must see it; null when they must not.</summary>
    public static CacheEvent? Translate(BaseLayer layer, GroupResource resource, CacheEvent change)
    {
        if (!BaseLayer.Has(resource))
        {
            return change;
        }

        // Most are of objects that the cluster wrote itself.
        bool isPlain = change.Previous is { } previous && !BaseLayer.IsTombstone(previous.Json.Span)
            && (change.Type == CacheEventType.Deleted || !BaseLayer.IsTombstone(change.Object.Json.Span));
        return isPlain ? change : (change.Shown ??= new ShownEvent(Show(layer, resource, change))).Event;
    }

    private static CacheEvent? Show(BaseLayer layer, GroupResource resource, CacheEvent change)
    {
        if (change is { Type: CacheEventType.Deleted, Previous: { } mark } && BaseLayer.IsTombstone(mark.Json.Span) && BaseLayer.ComesBack(resource))
        {
            // What was deleted holds all the same, and so it is back.
            return BaseAt(layer, resource, change.Object.Key) is { } back ? new CacheEvent(CacheEventType.Added, back.AsDeleted(change.Revision), null) : null;
        }

        CachedObject? before = change.Previous is null
            ? BaseAt(layer, resource, change.Object.Key)
            : BaseLayer.IsTombstone(change.Previous.Json.Span) ? null : change.Previous;
        bool gone = change.Type == CacheEventType.Deleted || BaseLayer.IsTombstone(change.Object.Json.Span);
        return (before, gone) switch
        {
            (null, true) => null,
            (null, false) => new CacheEvent(CacheEventType.Added, change.Object, null),
            (not null, false) => new CacheEvent(CacheEventType.Modified, change.Object, before),
            (not null, true) => new CacheEvent(CacheEventType.Deleted, before.AsDeleted(change.Revision), before),
        };
    }

    /// <summary>
    /// What differs from what is stored under a prefix: base objects that show, and tombstones, which stand at keys of base
    /// objects only. Most prefixes have none, and then reading them costs what it costs without layers.
    /// </summary>
    private List<(string Key, CachedObject? Shown)>? Changes(string prefix, string? startAfter)
    {
        string cluster = ClusterPart(prefix);
        List<(string, CachedObject?)>? changes = null;
        ReadOnlySpan<char> rest = prefix.AsSpan(cluster.Length);
        foreach (BaseObject item in layer.Objects(resource, ClusterOf(cluster)))
        {
            if (!item.KeySuffix.AsSpan().StartsWith(rest))
            {
                continue;
            }

            string key = cluster + item.KeySuffix;
            if (startAfter is not null && string.CompareOrdinal(key, startAfter) <= 0)
            {
                continue;
            }

            CachedObject? own = stored.Get(key);
            if (own is not null && BaseLayer.IsTombstone(own.Json.Span))
            {
                (changes ??= []).Add((key, null));
            }
            else if (own is null && Rebase(layer, item, key) is { } shown)
            {
                (changes ??= []).Add((key, shown));
            }
        }

        return changes;
    }

    private static IEnumerable<CachedObject> Merge(IEnumerable<CachedObject> stored, List<(string Key, CachedObject? Shown)> changes)
    {
        int at = 0;
        foreach (CachedObject own in stored)
        {
            for (; at < changes.Count && string.CompareOrdinal(changes[at].Key, own.Key) < 0; at++)
            {
                if (changes[at].Shown is { } before)
                {
                    yield return before;
                }
            }

            bool isHidden = at < changes.Count && changes[at].Key == own.Key;
            if (!isHidden)
            {
                yield return own;
            }
        }

        for (; at < changes.Count; at++)
        {
            if (changes[at].Shown is { } after)
            {
                yield return after;
            }
        }
    }

    /// <summary><c>/{group}/{resource}/{cluster}/</c>, or empty for a prefix over all clusters.</summary>
    private static string ClusterPart(string key)
    {
        int at = 0;
        for (int slashes = 0; slashes < 4; slashes++)
        {
            at = key.IndexOf('/', at) + 1;
            if (at == 0)
            {
                return "";
            }
        }

        return key[..at];
    }

    private static ClusterName ClusterOf(string key)
    {
        string part = ClusterPart(key);
        return StoreKey.ParseCluster(part.AsSpan(part.LastIndexOf('/', part.Length - 2) + 1)[..^1]);
    }

    private static ReadOnlySpan<char> Suffix(string key) => key.AsSpan(ClusterPart(key).Length);

    private static CachedObject? BaseAt(BaseLayer layer, GroupResource resource, string key) =>
        layer.Find(resource, ClusterOf(key), Suffix(key)) is { } item ? Rebase(layer, item, key) : null;

    private static CachedObject? Rebase(BaseLayer layer, BaseObject item, string key) =>
        layer.Value(item, ClusterOf(key)) is { } value ? CachedObject.From(new StoredValue(key, value, BaseLayer.Revision, BaseLayer.Revision)) : null;
}
