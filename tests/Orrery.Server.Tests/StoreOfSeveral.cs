using Orrery.Storage;

namespace Orrery.Server.Tests;

/// <summary>A store on which other servers may be: it is asked what is new, and followed by its watch.</summary>
internal sealed class StoreOfSeveral(IStore beneath) : IStore
{
    public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => beneath.ReadRevisionAsync(cancellationToken);

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await beneath.CommitAsync(transaction, cancellationToken);
    }

    public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) => beneath.GetAsync(key, cancellationToken);

    public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken) =>
        beneath.RangeAsync(prefix, startAfter, limit, revision, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) => beneath.WatchAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => beneath.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
