using System.Runtime.CompilerServices;
using Orrery.Storage;

namespace Orrery.Server.Tests.Clusters;

/// <summary>A store to which something happens right before a commit arrives, as if another server had been faster.</summary>
internal sealed class InterruptedStore(IStore inner) : IStore
{
    /// <summary>Runs once, before the next commit.</summary>
    public Func<IStore, Task>? BeforeNext { get; set; }

    /// <summary>Runs before each commit.</summary>
    public Func<IStore, Transaction, Task>? Before { get; set; }

    /// <summary>So many ranges are not answered.</summary>
    public int FailingRanges { get; set; }

    /// <summary>So many watches fail as soon as they are read.</summary>
    public int FailingWatches { get; set; }

    /// <summary>Breaks a watch, of a prefix, before it tells of a batch.</summary>
    public Func<string, StoreBatch, Exception?>? Breaks { get; set; }

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        if (BeforeNext is { } interrupt)
        {
            BeforeNext = null;
            await interrupt(inner);
        }

        if (Before is { } before)
        {
            await before(inner, transaction);
        }

        return await inner.CommitAsync(transaction, cancellationToken);
    }

    public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => inner.ReadRevisionAsync(cancellationToken);

    public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken) =>
        FailingRanges-- > 0 ? throw new StoreException("no answer in time", outcomeUnknown: false) : inner.RangeAsync(prefix, startAfter, limit, revision, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        FailingWatches-- > 0 ? throw new StoreException("no member answers", outcomeUnknown: false) : WatchUntilBrokenAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async IAsyncEnumerable<StoreBatch> WatchUntilBrokenAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoreBatch batch in inner.WatchAsync(prefix, afterRevision, cancellationToken))
        {
            if (Breaks?.Invoke(prefix, batch) is { } fault)
            {
                throw fault;
            }

            yield return batch;
        }
    }
}
