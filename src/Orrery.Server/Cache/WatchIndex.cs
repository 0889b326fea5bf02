using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Watchers by what they watch. An event looks up the four scopes it lies in (resource, cluster, namespace, object),
/// so that its cost does not depend on how many watchers there are elsewhere. Not thread-safe.
/// </summary>
internal sealed class WatchIndex
{
    private readonly Dictionary<string, Watched> byPrefix = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Watched>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly int resourcePrefixLength;

    public WatchIndex(string resourcePrefix)
    {
        resourcePrefixLength = resourcePrefix.Length;
        lookup = byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count { get; private set; }

    public IEnumerable<CacheWatcher> All => byPrefix.Values.SelectMany(watched => watched.Watchers);

    /// <summary>Whether an object lies in the scope of a watch.</summary>
    public static bool Covers(string prefix, IKeyed item) =>
        prefix.EndsWith('/') ? item.Key.StartsWith(prefix, StringComparison.Ordinal) : item.Key == prefix;

    /// <summary>What is watched by a prefix, as long as somebody does: <see cref="Add"/> before others can have gone.</summary>
    public Watched Of(string prefix)
    {
        if (!byPrefix.TryGetValue(prefix, out Watched? watched))
        {
            byPrefix.Add(prefix, watched = new Watched(prefix));
        }

        return watched;
    }

    /// <param name="watched">Of its prefix.</param>
    public void Add(Watched watched, CacheWatcher watcher)
    {
        watched.Watchers.Add(watcher);
        Count++;
    }

    public void Remove(CacheWatcher watcher)
    {
        if (byPrefix.TryGetValue(watcher.Prefix, out Watched? watched) && watched.Watchers.Remove(watcher))
        {
            Count--;
            if (watched.Watchers.Count == 0)
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
        if (!lookup.TryGetValue(prefix, out Watched? watched))
        {
            return;
        }

        List<CacheWatcher> watchers = watched.Watchers;
        watched.End = watched.End.Add(published);
        for (int i = watchers.Count - 1; i >= 0; i--)
        {
            if (isRoot && watchers[i].By == WatchedBy.ClientOfAllClusters)
            {
                watchers[i].Pass(watched.End);
                continue;
            }

            if (!watchers[i].Tell(published, watched.End))
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

/// <summary>What is watched by one prefix.</summary>
/// <param name="prefix">The string that all its watchers hold: there may be thousands.</param>
internal sealed class Watched(string prefix)
{
    public string Prefix => prefix;

    public List<CacheWatcher> Watchers { get; } = [];

    /// <summary>Where the next event will be.</summary>
    public EventLink End { get; set; } = new(0, 0);
}
