using System.Runtime.CompilerServices;
using Orrery.Storage;

namespace Orrery.Server.Encryption;

/// <summary>
/// A store whose values of some resources stand encrypted in the engine beneath, and plain in front. What of the past was
/// encrypted by a key that is gone is as if it had been compacted.
/// </summary>
internal class EncryptedStore(IStore beneath, ValueEncryption values) : IStore
{
    /// <param name="beneath">Not disposed by what is returned.</param>
    public static EncryptedStore Over(IStore beneath, EncryptionConfiguration configuration)
    {
        ValueEncryption values = new ValueEncryption(configuration);
        return beneath is ILocalStore local ? new EncryptedLocalStore(local, values) : new EncryptedStore(beneath, values);
    }

    public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => beneath.ReadRevisionAsync(cancellationToken);

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        CommitResult result = await beneath.CommitAsync(
            transaction with { Writes = [.. transaction.Writes.Select(w => w.Value is { } plain ? w with { Value = values.Encrypt(w.Key, plain) } : w)] }, cancellationToken);
        return result.Actual is { } actual ? result with { Actual = Plain(actual) } : result;
    }

    public async ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) =>
        await beneath.GetAsync(key, cancellationToken) is { } found ? Plain(found) : null;

    public async ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        RangeResult range = await beneath.RangeAsync(prefix, startAfter, limit, revision, cancellationToken);
        return range with { Items = [.. range.Items.Select(Plain)] };
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoreBatch batch in beneath.WatchAsync(prefix, afterRevision, cancellationToken))
        {
            yield return PlainOrForgotten(batch);
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => beneath.CompactAsync(revision, cancellationToken);

    /// <summary>
    /// Writes again, one by one, what the configuration would store otherwise today: by a former key, or in the clear. What cannot be read is left as it stands,
    /// damaged or not: the key that made it may come back.
    /// </summary>
    public async Task<Rewriting> RewriteAsync(CancellationToken cancellationToken)
    {
        const int page = 500;
        int written = 0;
        var unread = new List<(string Key, string Problem)>();
        string? after = null;
        while (true)
        {
            RangeResult range = await beneath.RangeAsync("", after, page, 0, cancellationToken);
            foreach (StoredValue stale in range.Items.Where(v => values.IsStale(v.Key, v.Value.Span)))
            {
                if (!values.TryDecrypt(stale.Key, stale.Value, out ReadOnlyMemory<byte> plain, out string problem))
                {
                    unread.Add((stale.Key, problem));
                    continue;
                }

                // On condition that nobody was faster: what others write is new already.
                CommitResult commit = await beneath.CommitAsync(
                    new Transaction([new Condition(stale.Key, stale.ModRevision)], [new Write(stale.Key, values.Encrypt(stale.Key, plain))]), cancellationToken);
                written += commit.Succeeded ? 1 : 0;
            }

            if (!range.HasMore || range.Items.Count == 0)
            {
                return new Rewriting(written, unread);
            }

            after = range.Items[^1].Key;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Most batches hold nothing that is encrypted: they go on as they are.</summary>
    protected StoreBatch Plain(StoreBatch batch)
    {
        foreach (StoreEvent change in batch.Events)
        {
            if (!ReferenceEquals(Plain(change), change))
            {
                return batch with { Events = [.. batch.Events.Select(Plain)] };
            }
        }

        return batch;
    }

    private StoreBatch PlainOrForgotten(StoreBatch batch)
    {
        try
        {
            return Plain(batch);
        }
        catch (StoreException)
        {
            // Who follows reads everything again, and then hears which key is missing if a live value needs it.
            throw new CompactedException(batch.Revision);
        }
    }

    private StoreEvent Plain(StoreEvent change)
    {
        StoredValue? value = change.Value is null ? null : Plain(change.Value), previous = change.Previous is null ? null : Plain(change.Previous);
        return ReferenceEquals(value, change.Value) && ReferenceEquals(previous, change.Previous) ? change : change with { Value = value, Previous = previous };
    }

    private StoredValue Plain(StoredValue stored)
    {
        ReadOnlyMemory<byte> plain = values.Decrypt(stored.Key, stored.Value);
        return plain.Equals(stored.Value) ? stored : stored with { Value = plain };
    }
}

/// <summary>What became of values that the configuration would store otherwise.</summary>
/// <param name="Written">How many were written again.</param>
/// <param name="Unread">Where those stand that could not be read, and why.</param>
internal sealed record Rewriting(int Written, IReadOnlyList<(string Key, string Problem)> Unread);

/// <summary>The same over a store of this process alone.</summary>
internal sealed class EncryptedLocalStore(ILocalStore beneath, ValueEncryption values) : EncryptedStore(beneath, values), ILocalStore
{
    public IDisposable Observe(Action<StoreBatch> observer, out long revision) => beneath.Observe(batch => observer(Plain(batch)), out revision);
}
