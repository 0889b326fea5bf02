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

    /// <summary>Those of which somebody began in the past.</summary>
    private readonly List<Watched> withPast = [];

    /// <summary>Room for those who are woken.</summary>
    private readonly List<CacheWatcher> told = [];

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

    /// <summary>
    /// Where one begins that has come to a revision. What it has missed is put before the chain once, for all that come from there: a thousand clients that lost their server
    /// come back from nearly the same.
    /// </summary>
    /// <param name="after">Not before the ring's floor.</param>
    public ChainPlace PlaceAfter(Watched watched, long after, EventRing ring)
    {
        if (ring.IndexAfter(after) == ring.Count)
        {
            return new ChainPlace(watched.Last, watched.Last.Count);
        }

        if (watched.Past is null)
        {
            withPast.Add(watched);
        }

        return watched.PlaceAfter(after, ring);
    }

    /// <summary>Lets go of what the ring has dropped, of prefixes of which nothing has been told since, too.</summary>
    public void Forget(long through)
    {
        foreach (Watched watched in withPast)
        {
            watched.Forget(through);
        }

        withPast.RemoveAll(static watched => watched.Past is null);
    }

    /// <param name="watched">Of its prefix.</param>
    public void Add(Watched watched, CacheWatcher watcher)
    {
        watched.Add(watcher);
        Count++;
    }

    public void Remove(CacheWatcher watcher)
    {
        if (byPrefix.TryGetValue(watcher.Prefix, out Watched? watched) && watched.Remove(watcher))
        {
            Count--;
            if (watched.Watchers.Count == 0)
            {
                byPrefix.Remove(watcher.Prefix);
                withPast.Remove(watched);
            }
        }
    }

    /// <summary>Forgets all watchers.</summary>
    /// <returns>Those there were.</returns>
    public CacheWatcher[] Clear()
    {
        CacheWatcher[] all = [.. All];
        byPrefix.Clear();
        withPast.Clear();
        Count = 0;
        return all;
    }

    /// <param name="floor">What the ring has dropped.</param>
    public void Publish(CacheEvent published, long floor)
    {
        if (Count == 0)
        {
            return;
        }

        CachedObject item = published.Object;
        bool isRoot = item.ClusterSegment is "-";
        Publish(published, item.Key.AsSpan(0, resourcePrefixLength), isRoot, floor);
        Publish(published, item.ClusterPrefix, isRoot, floor);
        Publish(published, item.NamespacePrefix, isRoot, floor);
        Publish(published, item.Key, isRoot, floor);
    }

    private void Publish(CacheEvent published, ReadOnlySpan<char> prefix, bool isRoot, long floor)
    {
        if (!lookup.TryGetValue(prefix, out Watched? watched))
        {
            return;
        }

        watched.Add(published);
        watched.Forget(floor);
        if (watched.MayWakeWaitingAlone())
        {
            watched.WakeWaiting(told);
            return;
        }

        IReadOnlyList<CacheWatcher> watchers = watched.Watchers;
        (long end, long bytes) = (watched.Last.End, watched.Last.EndBytes);
        for (int i = watchers.Count - 1; i >= 0; i--)
        {
            if (isRoot && watchers[i].By == WatchedBy.ClientOfAllClusters)
            {
                watchers[i].Pass(end);
                continue;
            }

            if (!watchers[i].Tell(published, end, bytes))
            {
                watched.RemoveAt(i);
                Count--;
            }
        }

        if (watchers.Count == 0)
        {
            lookup.Remove(prefix);
            withPast.Remove(watched);
        }
    }
}
