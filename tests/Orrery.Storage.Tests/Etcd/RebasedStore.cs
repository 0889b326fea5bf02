using System.Runtime.CompilerServices;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>
/// Shows a store as if its newest revision at the start had been zero. An etcd that others have used before, or
/// that is new and stands at one, then meets a suite that counts from one.
/// </summary>
internal sealed class RebasedStore(IStore inner, long origin) : IStore
{
    public async ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => Down(await inner.ReadRevisionAsync(cancellationToken));

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        Condition[] conditions = [.. transaction.Conditions.Select(condition => condition with { ModRevision = UpUnlessZero(condition.ModRevision) })];
        CommitResult result = await inner.CommitAsync(transaction with { Conditions = conditions }, cancellationToken);
        return result with
        {
            Revision = Down(result.Revision),
            FailedCondition = result.FailedCondition is { } failed ? failed with { ModRevision = Down(failed.ModRevision) } : null,
            Actual = Down(result.Actual),
        };
    }

    public async ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) => Down(await inner.GetAsync(key, cancellationToken));

    public async ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        RangeResult range = await inner.RangeAsync(prefix, startAfter, limit, UpUnlessZero(revision), cancellationToken);
        return range with { Revision = Down(range.Revision), Items = [.. range.Items.Select(item => Down(item)!)] };
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<StoreBatch> batches = inner.WatchAsync(prefix, afterRevision + origin, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await Next())
        {
            yield return new StoreBatch(
                Down(batches.Current.Revision),
                [.. batches.Current.Events.Select(change => new StoreEvent(change.Key, Down(change.Value), Down(change.Previous)))]);
        }

        async ValueTask<bool> Next()
        {
            try
            {
                return await batches.MoveNextAsync();
            }
            catch (CompactedException compacted)
            {
                throw new CompactedException(Down(compacted.OldestKept));
            }
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision + origin, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private long Down(long revision) => Math.Max(0, revision - origin);

    private StoredValue? Down(StoredValue? value) =>
        value is null ? null : value with { ModRevision = Down(value.ModRevision), CreateRevision = Down(value.CreateRevision) };

    private long UpUnlessZero(long revision) => revision == 0 ? 0 : revision + origin;
}
