using System.Runtime.CompilerServices;

namespace Orrery.Storage.Etcd;

/// <summary>
/// Shows an etcd's revisions as higher by a constant: after a restore into an etcd, which counts from one, clients must not meet a
/// resourceVersion a second time. What lies at or below the constant is no longer kept.
/// </summary>
internal sealed class ShiftedStore(EtcdStore inner, long origin) : IStore
{
    public async ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) =>
        await inner.ReadRevisionAsync(cancellationToken).ConfigureAwait(false) + origin;

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        var conditions = new Condition[transaction.Conditions.Count];
        for (int i = 0; i < conditions.Length; i++)
        {
            // Nothing can have a revision from before; minus one is what no key has.
            long wanted = transaction.Conditions[i].ModRevision;
            conditions[i] = transaction.Conditions[i] with { ModRevision = wanted == 0 ? 0 : wanted > origin ? wanted - origin : -1 };
        }

        CommitResult result = await inner.CommitAsync(transaction with { Conditions = conditions }, cancellationToken).ConfigureAwait(false);
        return result with
        {
            Revision = result.Revision + origin,
            FailedCondition = result.FailedCondition is { } failed ? transaction.Conditions[Array.IndexOf(conditions, failed)] : null,
            Actual = Up(result.Actual),
        };
    }

    public async ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) =>
        Up(await inner.GetAsync(key, cancellationToken).ConfigureAwait(false));

    public async ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        if (revision > 0 && revision <= origin)
        {
            return new RangeResult([], await ReadRevisionAsync(cancellationToken).ConfigureAwait(false), HasMore: false, IsCompacted: true);
        }

        RangeResult range = await inner.RangeAsync(prefix, startAfter, limit, revision == 0 ? 0 : revision - origin, cancellationToken).ConfigureAwait(false);
        return range with { Revision = range.Revision + origin, Items = [.. range.Items.Select(item => Up(item)!)] };
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (afterRevision < origin)
        {
            throw new CompactedException(origin);
        }

        await using IAsyncEnumerator<StoreBatch> batches = inner.WatchAsync(prefix, afterRevision - origin, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync().ConfigureAwait(false))
        {
            yield return new StoreBatch(
                batches.Current.Revision + origin, [.. batches.Current.Events.Select(change => new StoreEvent(change.Key, Up(change.Value), Up(change.Previous)))]);
        }

        async ValueTask<bool> NextAsync()
        {
            try
            {
                return await batches.MoveNextAsync().ConfigureAwait(false);
            }
            catch (CompactedException compacted)
            {
                throw new CompactedException(compacted.OldestKept + origin);
            }
            catch (ReplacedException replaced)
            {
                throw new ReplacedException(replaced.Message, replaced.Since + origin);
            }
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) =>
        revision <= origin ? ValueTask.CompletedTask : inner.CompactAsync(revision - origin, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private StoredValue? Up(StoredValue? value) =>
        value is null ? null : value with { ModRevision = value.ModRevision + origin, CreateRevision = value.CreateRevision + origin };
}
