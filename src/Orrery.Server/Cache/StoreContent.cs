using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>A store at one revision, with the changes that are known to have led there.</summary>
/// <param name="Objects">All live keys in order.</param>
/// <param name="Past">Every change after <paramref name="KnownSince"/> up to <paramref name="Revision"/>.</param>
internal sealed record StoreContent(IReadOnlyList<StoredValue> Objects, long Revision, IReadOnlyList<StoreBatch> Past, long KnownSince)
{
    public static async Task<StoreContent> ReadAsync(IStore store, CancellationToken cancellationToken)
    {
        RangeResult all = await store.RangeAsync("", null, 0, 0, cancellationToken);
        long since = Math.Max(0, all.Revision - EventRing.Most);
        while (true)
        {
            try
            {
                return new StoreContent(all.Items, all.Revision, await ReadPastAsync(store, since, all.Revision, cancellationToken), since);
            }
            catch (CompactedException compacted) when (compacted.OldestKept > since)
            {
                since = Math.Min(compacted.OldestKept, all.Revision);
            }
        }
    }

    private static async Task<List<StoreBatch>> ReadPastAsync(IStore store, long since, long upTo, CancellationToken cancellationToken)
    {
        var past = new List<StoreBatch>();
        if (since < upTo)
        {
            // Every revision changes something, so the last one always comes.
            await foreach (StoreBatch batch in store.WatchAsync("", since, cancellationToken))
            {
                past.Add(batch);
                if (batch.Revision >= upTo)
                {
                    break;
                }
            }
        }

        return past;
    }
}
