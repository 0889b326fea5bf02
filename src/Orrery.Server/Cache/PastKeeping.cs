namespace Orrery.Server.Cache;

/// <summary>
/// How much of the past the caches keep beyond what is live: changes of the last minutes, so that watches, pages and exact lists
/// can go on from them. What is older is dropped, but for a few changes of each resource; when it is much, sooner.
/// </summary>
internal sealed class PastKeeping(TimeProvider time)
{
    /// <summary>The past is kept so long at least (upstream's watch cache: eventFreshDuration), unless it is more than a ring holds.</summary>
    internal static readonly TimeSpan Least = TimeSpan.FromSeconds(75);

    /// <summary>And no longer than this, after which upstream's store has compacted it away.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of all resources together beyond which only <see cref="Least"/> counts.</summary>
    private const long Much = 4 << 20;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly LinkedList<(long At, long Revision)> marks = [];

    /// <summary>To be called now and then; only between calls does time pass.</summary>
    /// <param name="revision">The newest.</param>
    /// <returns>About the bytes that were given up.</returns>
    public long Forget(long revision, IEnumerable<ResourceCache> caches)
    {
        lock (gate)
        {
            // 1. What was the newest revision when.
            if (marks.Last is not { } last || time.GetElapsedTime(last.Value.At) >= Step)
            {
                marks.AddLast((time.GetTimestamp(), revision));
            }

            // 2. Nobody goes on from so far back.
            long freed = 0, kept = 0;
            long old = Before(Longest);
            foreach (ResourceCache cache in caches)
            {
                freed += cache.Forget(old);
                kept += cache.PastBytes;
            }

            // 3. Nor, where there is much, from a little later.
            if (kept > Much)
            {
                long recent = Before(Least);
                freed += caches.Sum(cache => cache.Forget(recent));
            }

            while (marks.First?.Next is { } second && time.GetElapsedTime(second.Value.At) >= Longest)
            {
                marks.RemoveFirst();
            }

            return freed;
        }
    }

    /// <summary>A revision that had been reached so long ago; zero when that is not known.</summary>
    private long Before(TimeSpan age)
    {
        for (LinkedListNode<(long At, long Revision)>? mark = marks.Last; mark is not null; mark = mark.Previous)
        {
            if (time.GetElapsedTime(mark.Value.At) >= age)
            {
                return mark.Value.Revision;
            }
        }

        return 0;
    }
}
