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

        return found is null ? Rebase(layer.Find(resource, Suffix(key)), key) : BaseLayer.IsTombstone(found.Json.Span) ? null : found;
    }

    /// <summary>The revision that a write must find at a key: zero where only the base layer has the object.</summary>
    public long StoredRevision(string key) => stored.Get(key)?.Revision ?? 0;

    /// <summary>What a delete must write at a key: nothing, or the tombstone that hides a base object.</summary>
    public ReadOnlyMemory<byte>? DeletionValue(string key) =>
        layered && layer.Find(resource, Suffix(key)) is not null ? (ReadOnlyMemory<byte>?)BaseLayer.Tombstone(key[(key.LastIndexOf('/') + 1)..]) : null;

    public IEnumerable<CachedObject> Range(string prefix, string? startAfter = null) =>
        layered ? Merge(layer, resource, stored, prefix, startAfter) : stored.Range(prefix, startAfter);

    /// <summary>The same as <see cref="Range"/>, all at once.</summary>
    public IReadOnlyList<CachedObject> ToArray(string prefix, string? startAfter = null) =>
        layered ? [.. Range(prefix, startAfter)] : stored.ToArray(prefix, startAfter);

    public int Count(string prefix, string? startAfter = null) => layered ? Range(prefix, startAfter).Count() : stored.Count(prefix, startAfter);

    /// <summary>An event of the cache as clients must see it; null when they must not.</summary>
    public static CacheEvent? Translate(BaseLayer layer, GroupResource resource, CacheEvent change)
    {
        if (!BaseLayer.Has(resource))
        {
            return change;
        }

        CachedObject? before = change.Previous is null
            ? Rebase(layer.Find(resource, Suffix(change.Object.Key)), change.Object.Key)
            : BaseLayer.IsTombstone(change.Previous.Json.Span) ? null : change.Previous;
        bool gone = change.Type == CacheEventType.Deleted || BaseLayer.IsTombstone(change.Object.Json.Span);
        return (before, gone) switch
        {
            (null, true) => null,
            (null, false) => change with { Type = CacheEventType.Added, Previous = null },
            (not null, false) => change with { Type = CacheEventType.Modified, Previous = before },
            (not null, true) => change with { Type = CacheEventType.Deleted, Object = before.AsDeleted(change.Revision), Previous = before },
        };
    }

    private static IEnumerable<CachedObject> Merge(BaseLayer layer, GroupResource resource, CacheSnapshot stored, string prefix, string? startAfter)
    {
        using IEnumerator<CachedObject> own = stored.Range(prefix, startAfter).GetEnumerator();
        bool more = own.MoveNext();
        foreach (BaseObject item in BaseUnder(layer, resource, prefix))
        {
            string key = ClusterPart(prefix) + item.KeySuffix;
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || (startAfter is not null && string.CompareOrdinal(key, startAfter) <= 0))
            {
                continue;
            }

            for (; more && string.CompareOrdinal(own.Current.Key, key) < 0; more = own.MoveNext())
            {
                if (!BaseLayer.IsTombstone(own.Current.Json.Span))
                {
                    yield return own.Current;
                }
            }

            if (!more || own.Current.Key != key)
            {
                yield return Rebase(item, key)!;
            }
        }

        for (; more; more = own.MoveNext())
        {
            if (!BaseLayer.IsTombstone(own.Current.Json.Span))
            {
                yield return own.Current;
            }
        }
    }

    private static IReadOnlyList<BaseObject> BaseUnder(BaseLayer layer, GroupResource resource, string prefix) =>
        ClusterPart(prefix).Length > 0 ? layer.Objects(resource) : [];

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

    private static ReadOnlySpan<char> Suffix(string key) => key.AsSpan(ClusterPart(key).Length);

    private static CachedObject? Rebase(BaseObject? item, string key) =>
        item is null ? null : CachedObject.From(new StoredValue(key, item.Value, BaseLayer.Revision, BaseLayer.Revision));
}
