namespace Orrery.Server.Cache;

/// <summary>What is watched by one prefix.</summary>
/// <param name="prefix">The string that all its watchers hold: there may be thousands.</param>
internal sealed class Watched(string prefix)
{
    /// <summary>Where there are no more watchers, each is told of each event.</summary>
    internal const int Few = 64;

    /// <summary>Each so many events all watchers are told, not the waiting ones alone: of them some may be too far behind by now.</summary>
    internal const int EachLook = 16;

    private readonly List<CacheWatcher> watchers = [];

    /// <summary>All that wait and are woken by this list, and some that wait no more; guarded by itself, within which no other lock is taken.</summary>
    private readonly List<CacheWatcher> waiting = [];
    private long pastAfter;
    private int toldEach;
    private int sinceLook;

    public string Prefix => prefix;

    public IReadOnlyList<CacheWatcher> Watchers => watchers;

    /// <summary>Where the next event will be.</summary>
    public EventChunk Last { get; private set; } = new(0, 0, 1);

    /// <summary>In it, or later, begins who comes from <see cref="pastAfter"/> or later; null where nobody began in the past, or that is gone.</summary>
    public EventChunk? Past { get; private set; }

    private int Room => EventChunk.RoomFor(Watchers.Count);

    public void Add(CacheWatcher watcher)
    {
        watchers.Add(watcher);
        toldEach += watcher.Among is null ? 1 : 0;
    }

    /// <returns>False where it was none of them.</returns>
    public bool Remove(CacheWatcher watcher)
    {
        int at = watchers.IndexOf(watcher);
        if (at >= 0)
        {
            RemoveAt(at);
        }

        return at >= 0;
    }

    public void RemoveAt(int index)
    {
        toldEach -= watchers[index].Among is null ? 1 : 0;
        watchers.RemoveAt(index);
    }

    /// <summary>A watcher waits. What was published before and woke nobody it has to look for once it is listed.</summary>
    /// <returns>False where it was listed already: whoever publishes next finds it.</returns>
    public bool List(CacheWatcher watcher)
    {
        lock (waiting)
        {
            if (watcher.IsListed)
            {
                return false;
            }

            watcher.IsListed = true;
            waiting.Add(watcher);
            return true;
        }
    }

    /// <summary>A watcher that is over is not to be held.</summary>
    public void Unlist(CacheWatcher watcher)
    {
        lock (waiting)
        {
            if (watcher.IsListed)
            {
                watcher.IsListed = false;
                waiting.Remove(watcher);
            }
        }
    }

    /// <summary>
    /// Whether it is enough to wake those that wait: of thousands, most have something to read already while changes come one after the other, and to touch each for each change takes
    /// a millisecond of the one thread that all changes pass. All are told now and then, for those that are too far behind. By the thread that publishes.
    /// </summary>
    public bool MayWakeWaitingAlone() => toldEach == 0 && watchers.Count > Few && ++sinceLook % EachLook != 0;

    /// <summary>Wakes those that wait and have something to read now.</summary>
    /// <param name="told">Room for them.</param>
    public void WakeWaiting(List<CacheWatcher> told)
    {
        lock (waiting)
        {
            told.AddRange(waiting);
            waiting.Clear();
            foreach (CacheWatcher watcher in told)
            {
                watcher.IsListed = false;
            }
        }

        foreach (CacheWatcher watcher in told)
        {
            if (!watcher.WakesUp() && List(watcher))
            {
                // As one that has just begun to wait.
                _ = watcher.WakesUp();
            }
        }

        told.Clear();
    }

    public void Add(CacheEvent published) => Last = Last.Add(published, Room);

    /// <inheritdoc cref="WatchIndex.PlaceAfter"/>
    public ChainPlace PlaceAfter(long after, EventRing ring)
    {
        if (Past is null)
        {
            Past = Last = Last.Count == 0 ? Last : Last.Close(Room);
            pastAfter = ring[ring.Count - 1].Revision;
        }

        if (after < pastAfter)
        {
            var missed = new List<CacheEvent>();
            for (int i = ring.IndexAfter(after), until = ring.IndexAfter(pastAfter); i < until; i++)
            {
                if (WatchIndex.Covers(prefix, ring[i].Object))
                {
                    missed.Add(ring[i]);
                }
            }

            Past = missed.Count == 0 ? Past : EventChunk.Of(missed, Past);
            pastAfter = after;
        }

        EventChunk chunk = Past;
        while (chunk.Next is { } next && (chunk.Count == 0 || chunk[chunk.Count - 1].Revision <= after))
        {
            chunk = next;
        }

        int index = 0;
        while (index < chunk.Count && chunk[index].Revision <= after)
        {
            index++;
        }

        return new ChainPlace(chunk, index);
    }

    /// <param name="through">A revision up to which nobody begins any more.</param>
    public void Forget(long through)
    {
        if (Past is null || through <= pastAfter)
        {
            return;
        }

        pastAfter = through;
        while (Past.Next is { } next && Past[Past.Count - 1].Revision <= through)
        {
            Past = next;
        }

        if (Past.Next is null && (Past.Count == 0 || Past[Past.Count - 1].Revision <= through))
        {
            Past = null;
        }
    }
}
