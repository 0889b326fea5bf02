using System.Collections.Concurrent;
using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>How much each virtual cluster holds. Written by the one thread that applies changes, read by any.</summary>
internal sealed class ClusterContents
{
    /// <summary>By <see cref="CachedObject.ClusterSegment"/>. A cluster without objects has no entry.</summary>
    private readonly ConcurrentDictionary<string, Content> clusters = new(StringComparer.Ordinal);

    /// <summary>Objects, and their bytes as clients get them. Of root nothing is counted.</summary>
    public (long Objects, long Bytes) Of(ClusterName cluster) =>
        clusters.TryGetValue(StoreKey.ClusterSegment(cluster), out Content? content) ? (content.Objects, content.Bytes) : default;

    internal void Clear() => clusters.Clear();

    internal void Add(CachedObject item) => Change(item, 1, item.Length);

    internal void Apply(CacheEvent change)
    {
        switch (change.Type)
        {
            case CacheEventType.Added:
                Add(change.Object);
                break;
            case CacheEventType.Deleted:
                Change(change.Object, -1, -change.Previous!.Length);
                break;
            default:
                Change(change.Object, 0, change.Object.Length - change.Previous!.Length);
                break;
        }
    }

    private void Change(CachedObject item, int objects, int bytes)
    {
        ReadOnlySpan<char> cluster = item.ClusterSegment;
        if (cluster is "-")
        {
            return;
        }

        ConcurrentDictionary<string, Content>.AlternateLookup<ReadOnlySpan<char>> lookup = clusters.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(cluster, out Content? content))
        {
            lookup[cluster] = content = new Content();
        }

        content.Objects += objects;
        content.Bytes += bytes;
        if (content.Objects == 0)
        {
            lookup.TryRemove(cluster, out _);
        }
    }

    private sealed class Content
    {
        public long Objects;
        public long Bytes;
    }
}
