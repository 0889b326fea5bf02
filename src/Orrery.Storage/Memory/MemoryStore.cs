using Orrery.Storage.Feeds;

namespace Orrery.Storage.Memory;

/// <summary>
/// A store that lives and dies with the process: for tests and for simulated clusters. Every revision keeps the root of
/// a persistent tree, so that past states cost only what changed since.
/// </summary>
public sealed class MemoryStore : ILocalStore
{
    private readonly Lock gate = new();
    private readonly CommitFeed feed = new();
    private readonly RetentionPolicy retention;
    private readonly MemoryHistory history = new();
    private bool disposed;

    public MemoryStore(TimeProvider time)
    {
        retention = new RetentionPolicy(time);
    }

    public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => new(feed.Revision);

    public ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        TransactionRules.Check(transaction);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            SortedTree<MemoryEntry> state = history.Newest;
            foreach (Condition condition in transaction.Conditions)
            {
                StoredValue? actual = state.Find(condition.Key)?.Value;
                if ((actual?.ModRevision ?? 0) != condition.ModRevision)
                {
                    return new(new CommitResult(false, history.Revision, condition, actual));
                }
            }

            long revision = history.Revision + 1;
            var events = new List<StoreEvent>(transaction.Writes.Count);
            foreach (Write write in transaction.Writes)
            {
                StoredValue? previous = state.Find(write.Key)?.Value;
                if (write.Value is { } bytes)
                {
                    var value = new StoredValue(write.Key, bytes, revision, previous?.CreateRevision ?? revision);
                    state = state.Set(new MemoryEntry(value));
                    events.Add(new StoreEvent(write.Key, value, previous));
                }
                else if (previous is not null)
                {
                    state = state.Remove(write.Key);
                    events.Add(new StoreEvent(write.Key, null, previous));
                }
            }

            if (events.Count == 0)
            {
                return new(new CommitResult(true, history.Revision));
            }

            var batch = new StoreBatch(revision, events);
            history.Add(batch, state);
            if (retention.Note(revision) is { } old)
            {
                history.Compact(old);
            }

            feed.Publish(batch);
            return new(new CommitResult(true, revision));
        }
    }

    public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return new(history.Newest.Find(key)?.Value);
        }
    }

    public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        SortedTree<MemoryEntry>? state;
        long newest;
        lock (gate)
        {
            newest = history.Revision;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, newest);
            state = revision == 0 ? history.Newest : history.At(revision);
        }

        if (state is null)
        {
            return new(new RangeResult([], newest, HasMore: false, IsCompacted: true));
        }

        var items = new List<StoredValue>();
        bool hasMore = false;
        foreach (MemoryEntry entry in state.Range(prefix, startAfter))
        {
            if (limit > 0 && items.Count == limit)
            {
                hasMore = true;
                break;
            }

            items.Add(entry.Value);
        }

        return new(new RangeResult(items, revision == 0 ? newest : revision, hasMore));
    }

    public IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        feed.WatchAsync(prefix, afterRevision, ReadLogAsync, cancellationToken);

    public IDisposable Observe(Action<StoreBatch> observer, out long revision) => feed.Observe(observer, out revision);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, history.Revision);
            history.Compact(revision);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            disposed = true;
        }

        feed.Close();
        return ValueTask.CompletedTask;
    }

    private ValueTask<LogPage> ReadLogAsync(string prefix, long after, long upTo, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return new(history.Read(prefix, after, upTo));
        }
    }
}
