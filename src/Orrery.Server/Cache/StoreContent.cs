using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>A store at one revision, with the changes that are known to have led there.</summary>
/// <param name="Objects">All live keys in order.</param>
/// <param name="Past">Every change after <paramref name="KnownSince"/> up to <paramref name="Revision"/>.</param>
internal sealed record StoreContent(IReadOnlyList<StoredValue> Objects, long Revision, IReadOnlyCollection<StoreBatch> Past, long KnownSince)
{
    public static async Task<StoreContent> ReadAsync(IStore store, CancellationToken cancellationToken)
    {
        RangeResult all = await store.RangeAsync("", null, 0, 0, cancellationToken);
        long since = Math.Max(0, all.Revision - EventRing.Most);
        while (true)
        {
            try
            {
                return await ReadPastAsync(store, all, since, cancellationToken);
            }
            catch (CompactedException compacted) when (compacted.OldestKept > since)
            {
                since = Math.Min(compacted.OldestKept, all.Revision);
            }
            catch (ReplacedException replaced) when (replaced.Since <= all.Revision)
            {
                since = replaced.Since;
            }
            catch (ReplacedException)
            {
                return await ReadAsync(store, cancellationToken);
            }
        }
    }

    private static async Task<StoreContent> ReadPastAsync(IStore store, RangeResult all, long since, CancellationToken cancellationToken)
    {
        var past = new Queue<StoreBatch>();
        int events = 0;
        if (since < all.Revision)
        {
            // Every revision changes something, so the last one always comes.
            await foreach (StoreBatch batch in store.WatchAsync("", since, cancellationToken))
            {
                past.Enqueue(batch);
                events += batch.Events.Count;
                while (events > EventRing.Most)
                {
                    StoreBatch oldest = past.Dequeue();
                    events -= oldest.Events.Count;
                    since = oldest.Revision;
                }

                if (batch.Revision >= all.Revision)
                {
                    break;
                }
            }
        }

        return new StoreContent(all.Items, all.Revision, past, since);
    }
}
