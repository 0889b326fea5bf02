using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Watchers by what they watch. An event looks up the four scopes it lies in (resource, cluster, namespace, object),
/// so that its cost does not depend on how many watchers there are elsewhere. Not thread-safe.
/// </summary>
internal sealed class WatchIndex
{
    private readonly Dictionary<string, List<CacheWatcher>> byPrefix = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<CacheWatcher>>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly int resourcePrefixLength;

    public WatchIndex(string resourcePrefix)
    {
        resourcePrefixLength = resourcePrefix.Length;
        lookup = byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count { get; private set; }

    public IEnumerable<CacheWatcher> All => byPrefix.Values.SelectMany(watchers => watchers);

    /// <summary>Whether an object lies in the scope of a watch.</summary>
    public static bool Covers(string prefix, IKeyed item) =>
        prefix.EndsWith('/') ? item.Key.StartsWith(prefix, StringComparison.Ordinal) : item.Key == prefix;

    /// <summary>The prefix as the string that watchers of it hold already: thousands may watch the same.</summary>
    public string Known(string prefix) => byPrefix.TryGetValue(prefix, out List<CacheWatcher>? watchers) ? watchers[0].Prefix : prefix;

    public void Add(CacheWatcher watcher)
    {
        if (!byPrefix.TryGetValue(watcher.Prefix, out List<CacheWatcher>? watchers))
        {
            byPrefix.Add(watcher.Prefix, watchers = []);
        }

        watchers.Add(watcher);
        Count++;
    }

    public void Remove(CacheWatcher watcher)
    {
        if (byPrefix.TryGetValue(watcher.Prefix, out List<CacheWatcher>? watchers) && watchers.Remove(watcher))
        {
            Count--;
            if (watchers.Count == 0)
            {
                byPrefix.Remove(watcher.Prefix);
            }
        }
    }

    /// <summary>Forgets all watchers.</summary>
    /// <returns>Those there were.</returns>
    public CacheWatcher[] Clear()
    {
        CacheWatcher[] all = [.. All];
        byPrefix.Clear();
        Count = 0;
        return all;
    }

    public void Publish(CacheEvent published)
    {
        if (Count == 0)
        {
            return;
        }

        CachedObject item = published.Object;
        bool isRoot = item.ClusterSegment is "-";
        Publish(published, item.Key.AsSpan(0, resourcePrefixLength), isRoot);
        Publish(published, item.ClusterPrefix, isRoot);
        Publish(published, item.NamespacePrefix, isRoot);
        Publish(published, item.Key, isRoot);
    }

    private void Publish(CacheEvent published, ReadOnlySpan<char> prefix, bool isRoot)
    {
        if (!lookup.TryGetValue(prefix, out List<CacheWatcher>? watchers))
        {
            return;
        }

        for (int i = watchers.Count - 1; i >= 0; i--)
        {
            if (isRoot && watchers[i].By == WatchedBy.ClientOfAllClusters)
            {
                continue;
            }

            if (!watchers[i].Enqueue(published))
            {
                watchers.RemoveAt(i);
                Count--;
            }
        }

        if (watchers.Count == 0)
        {
            lookup.Remove(prefix);
        }
    }
}
