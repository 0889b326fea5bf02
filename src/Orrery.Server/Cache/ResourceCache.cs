using Orrery.Api;
using Orrery.Server.Metrics;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// All objects of one resource in every cluster, in memory, with their recent past. Reads take no lock and see one
/// consistent state; watchers get each change once.
/// </summary>
internal sealed class ResourceCache
{
    private readonly Lock gate = new();
    private readonly CacheSet owner;
    private readonly WakeSchedule schedule;
    private readonly WatchIndex watchers;
    private readonly string prefix;
    private EventRing ring;
    private SnapshotHistory history = new();
    private volatile CacheSnapshot latest;

    /// <param name="revision">The empty state is known from here on.</param>
    internal ResourceCache(CacheSet owner, WakeSchedule schedule, GroupResource resource, long revision)
    {
        this.owner = owner;
        this.schedule = schedule;
        Resource = resource;
        prefix = StoreKey.Prefix(resource);
        watchers = new WatchIndex(prefix);
        ring = new EventRing(revision);
        latest = new CacheSnapshot(SortedTree<CachedObject>.Empty, revision);
    }

    public GroupResource Resource { get; }

    /// <summary>What was asked of the store about it, and of this cache in lists; for metrics.</summary>
    public StoreMetrics Asked { get; } = new();

    public ListCounts Lists { get; } = new();

    /// <summary>The newest state. It holds at least what every acknowledged commit of this process wrote.</summary>
    public CacheSnapshot Current
    {
        get
        {
            // The set's revision first: a state read after it cannot lack anything up to it.
            long seen = owner.Revision;
            CacheSnapshot now = latest;
            return now.Revision >= seen ? now : new CacheSnapshot(now.Objects, seen);
        }
    }

    /// <summary>Changes whenever an object of this resource does, in any cluster. Who remembers it, and not a state, keeps no old state alive.</summary>
    public long ChangedAt => latest.Revision;

    /// <summary>Open watchers; for metrics.</summary>
    public int WatcherCount
    {
        get
        {
            lock (gate)
            {
                return watchers.Count;
            }
        }
    }

    /// <summary>About what the recent past takes that is kept for those who go on from it.</summary>
    internal long PastBytes
    {
        get
        {
            lock (gate)
            {
                return ring.Bytes;
            }
        }
    }

    internal long SeenRevision => owner.Revision;

    /// <summary>The exact state at a revision, or null when that is too old to be known (410).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The revision has not been seen yet: <see cref="CacheSet.WaitForAsync"/> first.</exception>
    public CacheSnapshot? At(long revision)
    {
        CacheSnapshot now = Current;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, now.Revision);
        lock (gate)
        {
            if (revision >= latest.Revision)
            {
                return new CacheSnapshot(latest.Objects, revision);
            }

            return revision < ring.Floor ? null : history.Recall(revision, latest, ring);
        }
    }

    /// <summary>
    /// Watches what changes under a prefix after a revision, which may lie in the future. Null when that revision is
    /// too old (410).
    /// </summary>
    /// <param name="watched">A prefix from <see cref="StoreKey"/> or the key of one object.</param>
    public CacheWatcher? Watch(string watched, long afterRevision, WatchedBy by = WatchedBy.Upkeep)
    {
        if (!watched.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{watched}' is not under '{prefix}'", nameof(watched));
        }

        lock (gate)
        {
            if (afterRevision < ring.Floor)
            {
                return null;
            }

            Watched all = watchers.Of(watched);
            ChainPlace place = watchers.PlaceAfter(all, afterRevision, ring);
            WakeQueue? turns = TurnsOf(watched, by);
            var watcher = new CacheWatcher(this, schedule, all.Prefix, afterRevision, missed: null, place, turns) { By = by, Among = turns is null ? null : all };
            watcher.Admit(all.Last.End - place.Number, all.Last.EndBytes - place.BytesBefore);
            watchers.Add(all, watcher);
            return watcher;
        }
    }

    /// <summary>The same, with what changes under a prefix of another resource among it, in the order in which it happened.</summary>
    /// <param name="also">Of a resource that is watched so with this one alone: the two are held together for a moment.</param>
    public CacheWatcher? Watch(string watched, long afterRevision, WatchedBy by, ResourceCache also, string alsoWatched)
    {
        lock (gate)
        {
            lock (also.gate)
            {
                if (afterRevision < ring.Floor || afterRevision < also.ring.Floor)
                {
                    return null;
                }

                IEnumerable<CacheEvent> missed = Missed(watched, afterRevision).Concat(also.Missed(alsoWatched, afterRevision)).OrderBy(e => e.Revision);
                Watched mine = watchers.Of(watched), others = also.watchers.Of(alsoWatched);
                var watcher = new CacheWatcher(this, schedule, mine.Prefix, afterRevision, new Queue<CacheEvent>(missed), place: default, TurnsOf(watched, by)) { By = by };
                watcher.Companion = new CacheWatcher(also, schedule, others.Prefix, afterRevision, missed: null, place: default, turns: null) { By = by, Target = watcher };
                watchers.Add(mine, watcher);
                also.watchers.Add(others, watcher.Companion);
                return watcher;
            }
        }
    }

    /// <summary>Watches of one virtual cluster take turns; those of root and of all clusters are for everybody.</summary>
    private WakeQueue? TurnsOf(string watched, WatchedBy by)
    {
        ReadOnlySpan<char> scope = watched.AsSpan(prefix.Length);
        ReadOnlySpan<char> cluster = scope[..Math.Max(0, scope.IndexOf('/'))];
        return by == WatchedBy.Client && cluster is not (['-'] or []) ? owner.Wakes.Take(cluster) : null;
    }

    /// <summary>The newest version of an object, for the one thread that applies changes, and for who looks so often that it makes no snapshot of it.</summary>
    internal CachedObject? Find(string key) => latest.Objects.Find(key);

    /// <param name="turns">What it was made with.</param>
    internal void Remove(CacheWatcher watcher, WakeQueue? turns)
    {
        if (turns is not null)
        {
            owner.Wakes.Return(turns);
        }

        lock (gate)
        {
            watchers.Remove(watcher);
        }
    }

    /// <summary>Ends the watchers of what is under a prefix; all of them for the empty one.</summary>
    internal void End(CacheWait reason, string under = "")
    {
        lock (gate)
        {
            foreach (CacheWatcher watcher in watchers.All.Where(w => w.Prefix.StartsWith(under, StringComparison.Ordinal)))
            {
                watcher.End(reason);
            }
        }
    }

    /// <summary>Ends the watches of clients.</summary>
    internal void EndClients()
    {
        lock (gate)
        {
            foreach (CacheWatcher watcher in watchers.All.Where(w => w.By != WatchedBy.Upkeep))
            {
                watcher.End(CacheWait.Closed);
            }
        }
    }

    /// <summary>
    /// Puts a whole state in place, with the events that are known to have led to it. Watchers of what was before end
    /// as expired: nobody can tell them what they missed.
    /// </summary>
    /// <param name="floor">Every event after this revision is among <paramref name="past"/>.</param>
    internal void Reset(SortedTree<CachedObject> objects, long revision, long floor, IEnumerable<CacheEvent> past)
    {
        lock (gate)
        {
            ring = new EventRing(floor);
            history = new SnapshotHistory();
            foreach (CacheEvent known in past)
            {
                ring.Add(known);
            }

            latest = new CacheSnapshot(objects, revision);
            foreach (CacheWatcher watcher in watchers.Clear())
            {
                watcher.End(CacheWait.Expired);
            }
        }
    }

    /// <summary>Takes in the changes of one revision; called in revision order, by one thread at a time.</summary>
    internal void Apply(long revision, IReadOnlyList<CacheEvent> events)
    {
        lock (gate)
        {
            SortedTree<CachedObject> objects = latest.Objects;
            foreach (CacheEvent change in events)
            {
                objects = change.Type == CacheEventType.Deleted ? objects.Remove(change.Object.Key) : objects.Set(change.Object);
                ring.Add(change);
            }

            latest = new CacheSnapshot(objects, revision);
            history.Add(objects, revision, events.Count, ring.Floor);
            foreach (CacheEvent change in events)
            {
                watchers.Publish(change, ring.Floor);
            }
        }
    }

    /// <summary>Drops what led to a state that is too old to be asked for.</summary>
    /// <returns>About the bytes that were given up.</returns>
    internal long Forget(long through)
    {
        lock (gate)
        {
            long freed = ring.Forget(through);
            history.Forget(ring.Floor);
            watchers.Forget(ring.Floor);
            return freed;
        }
    }

    private IEnumerable<CacheEvent> Missed(string watched, long afterRevision)
    {
        for (int i = ring.IndexAfter(afterRevision); i < ring.Count; i++)
        {
            if (WatchIndex.Covers(watched, ring[i].Object))
            {
                yield return ring[i];
            }
        }
    }
}
