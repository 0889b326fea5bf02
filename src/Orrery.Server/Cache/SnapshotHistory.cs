using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Recent states of one resource. It keeps every 256th; the ones between are made by undoing the events back from the
/// next one kept, which takes far less memory than keeping the nodes of every version. Not thread-safe.
/// </summary>
internal sealed class SnapshotHistory
{
    private const int Stride = 256;
    private const int MostRecalled = 8;

    private readonly Queue<CacheSnapshot> marks = new();
    private readonly List<CacheSnapshot> recalled = [];
    private int sinceMark;

    /// <summary>Tells of a new state; <paramref name="events"/> changes led to it.</summary>
    public void Add(SortedTree<CachedObject> objects, long revision, int events, long floor)
    {
        sinceMark += events;
        if (sinceMark >= Stride)
        {
            sinceMark = 0;
            marks.Enqueue(new CacheSnapshot(objects, revision));
            Forget(floor);
        }
    }

    /// <summary>States before that revision are asked for no more.</summary>
    public void Forget(long floor)
    {
        while (marks.TryPeek(out CacheSnapshot? oldest) && oldest.Revision < floor)
        {
            marks.Dequeue();
        }

        recalled.RemoveAll(made => made.Revision < floor);
    }

    /// <summary>The state at a revision that the ring still reaches.</summary>
    public CacheSnapshot Recall(long revision, CacheSnapshot current, EventRing ring)
    {
        foreach (CacheSnapshot made in recalled)
        {
            if (made.Revision == revision)
            {
                return made;
            }
        }

        CacheSnapshot nearest = marks.FirstOrDefault(mark => mark.Revision >= revision) ?? current;
        SortedTree<CachedObject> objects = nearest.Objects;
        int stop = ring.IndexAfter(revision);
        for (int i = ring.IndexAfter(nearest.Revision) - 1; i >= stop; i--)
        {
            objects = ring[i].Previous is { } previous ? objects.Set(previous) : objects.Remove(ring[i].Object.Key);
        }

        if (recalled.Count == MostRecalled)
        {
            recalled.RemoveAt(0);
        }

        var snapshot = new CacheSnapshot(objects, revision);
        recalled.Add(snapshot);
        return snapshot;
    }
}
