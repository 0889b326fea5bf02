using System.Runtime.CompilerServices;
using Orrery.Storage.Etcd.Grpc;
using Orrery.Storage.Etcd.Protocol;

namespace Orrery.Storage.Etcd;

/// <summary>
/// A store in an etcd (v3 API, 3.4 or newer), for any number of processes at a time. Revisions are etcd's own; where
/// others write to the same etcd, ours rise by more than one.
/// </summary>
public sealed class EtcdStore : IStore
{
    /// <summary>etcd takes 128 operations a transaction unless told otherwise; the marker is one.</summary>
    public const int MostWrites = 127;

    private readonly EtcdKeys keys;
    private readonly EtcdEndpoints endpoints;
    private readonly EtcdReader reader;
    private readonly EtcdIdentity identity;
    private readonly SharedRead revisions;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource closed = new();
    private RetentionPolicy retention;
    private byte[] mark = [];
    private Task compacting = Task.CompletedTask;

    private EtcdStore(EtcdOptions options)
    {
        keys = new EtcdKeys(options.Prefix);
        endpoints = new EtcdEndpoints(options);
        reader = new EtcdReader(endpoints, keys);
        identity = new EtcdIdentity(endpoints, keys, options.Prefix, () => Volatile.Read(ref mark));
        revisions = new SharedRead(async () => (await reader.RevisionsAsync(closed.Token).ConfigureAwait(false)).Ours);
        retention = new RetentionPolicy(options.TimeProvider);
    }

    /// <summary>Addresses that it was given.</summary>
    internal int Members => endpoints.Count;

    /// <summary>Opens the store once a member answers.</summary>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    /// <exception cref="StoreException">No member answers, or none lets us in.</exception>
    public static async Task<EtcdStore> OpenAsync(EtcdOptions options, CancellationToken cancellationToken)
    {
        options.Validate();
        var store = new EtcdStore(options);
        try
        {
            (long newest, _) = await store.reader.RevisionsAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlyMemory<byte>? noted = await store.reader.RawAsync(store.keys.Marker, cancellationToken).ConfigureAwait(false);
            store.Resume(new RetentionPolicy(options.TimeProvider, RevisionMark.Decode(noted.GetValueOrDefault().Span), newest));
            await store.identity.OpenAsync(store.EnsureMetaAsync, cancellationToken).ConfigureAwait(false);
            store.endpoints.Opened();
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken)
    {
        identity.ThrowIfLost();
        long before = identity.Told;
        long now = await revisions.GetAsync(cancellationToken).ConfigureAwait(false);
        identity.Tell(now, before, isRead: true);
        return now;
    }

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        TransactionRules.Check(transaction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transaction.Writes.Count, MostWrites, nameof(transaction));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transaction.Conditions.Count, MostWrites, nameof(transaction));
        cancellationToken.ThrowIfCancellationRequested();
        identity.ThrowIfLost();
        long before = identity.Told;

        // From here on it may happen, so the caller gets to know whether it did, also one that has given up: etcd
        // answers within the call's time limit.
        TxnResponse response;
        try
        {
            response = await endpoints.WriteAsync(
                "/etcdserverpb.KV/Txn", EtcdCommit.Encode(transaction, keys, Volatile.Read(ref mark)), TxnResponse.Read, closed.Token, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException full) when (full.IsFull)
        {
            return await OutcomeOfFullAsync(transaction, full).ConfigureAwait(false);
        }

        CommitResult result = EtcdCommit.Decode(transaction, response);
        identity.Tell(result.Revision, before, isRead: false);
        if (result.Succeeded)
        {
            Retain(result.Revision);
        }

        return result;
    }

    /// <summary>
    /// The write that finds etcd's quota passed is carried out and refused in one (its <c>quotaApplierV3</c>); those after it are refused and not carried out. Which of the
    /// two it was, the keys tell.
    /// </summary>
    /// <exception cref="StoreException">It was not carried out; or somebody else has been there since, and nobody knows.</exception>
    private async ValueTask<CommitResult> OutcomeOfFullAsync(Transaction transaction, StoreException full)
    {
        foreach (Write write in transaction.Writes)
        {
            if (transaction.Conditions.FirstOrDefault(c => c.Key == write.Key) is not { Key: not null } condition)
            {
                continue;
            }

            StoredValue? now = await reader.GetAsync(write.Key, closed.Token).ConfigureAwait(false);
            if ((now?.ModRevision ?? 0) == condition.ModRevision && (now is not null || write.Value is not null))
            {
                throw full;
            }

            if (write.Value is { } value && now is not null && now.Value.Span.SequenceEqual(value.Span))
            {
                return new CommitResult(true, now.ModRevision);
            }
        }

        throw new StoreException(full.Message, outcomeUnknown: true, full);
    }

    public async ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken)
    {
        identity.ThrowIfLost();
        return await reader.GetAsync(key, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        identity.ThrowIfLost();
        long before = identity.Told;
        RangeResult range = await reader.RangeAsync(prefix, startAfter, limit, revision, cancellationToken).ConfigureAwait(false);
        if (revision == 0)
        {
            identity.Tell(range.Revision, before, isRead: true);
        }

        return range;
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed.Token);
        await using var watch = new EtcdWatch(endpoints, keys, reader, identity, prefix, afterRevision);
        while (true)
        {
            foreach (StoreBatch batch in await watch.NextAsync(ending.Token).ConfigureAwait(false))
            {
                ending.Token.ThrowIfCancellationRequested();
                yield return batch;
            }
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        // Safe to repeat: to forget twice is to forget once.
        try
        {
            _ = await endpoints.ReadAsync(
                "/etcdserverpb.KV/Compact", new ProtoWriter().Int(1, revision).Written, static _ => true, cancellationToken).ConfigureAwait(false);
        }
        catch (GrpcException refusal) when (EtcdRefusal.IsCompacted(refusal))
        {
            // Forgotten already.
        }
        catch (GrpcException refusal) when (EtcdRefusal.IsFuture(refusal))
        {
            throw new ArgumentOutOfRangeException(nameof(revision), revision, "the revision has not been reached yet");
        }
    }

    /// <summary>Something about the store itself; null when it was never said.</summary>
    internal Task<ReadOnlyMemory<byte>?> GetMetaAsync(string name, CancellationToken cancellationToken) => reader.RawAsync(keys.Meta(name), cancellationToken);

    /// <summary>Says things about the store itself, all at once; null takes one away.</summary>
    internal async Task PutMetaAsync(IEnumerable<(string Name, byte[]? Value)> values, CancellationToken cancellationToken)
    {
        var request = new TxnRequest();
        foreach ((string name, byte[]? value) in values)
        {
            _ = value is null ? request.ThenDelete(keys.Meta(name)) : request.ThenPut(keys.Meta(name), value);
        }

        await endpoints.WriteAsync("/etcdserverpb.KV/Txn", request.Encoded, TxnResponse.Read, closed.Token, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says a thing about the store itself unless somebody has said it before.</summary>
    /// <returns>What has been said.</returns>
    internal async Task<ReadOnlyMemory<byte>> EnsureMetaAsync(string name, byte[] value, CancellationToken cancellationToken)
    {
        byte[] key = keys.Meta(name);
        if (await reader.RawAsync(key, cancellationToken).ConfigureAwait(false) is { } present)
        {
            return present;
        }

        // Safe to repeat: only the first says anything.
        await endpoints.ReadAsync("/etcdserverpb.KV/Txn", new TxnRequest().WhenModRevision(key, 0).ThenPut(key, value).Encoded, TxnResponse.Read, cancellationToken).ConfigureAwait(false);
        return await reader.RawAsync(key, cancellationToken).ConfigureAwait(false) ?? value;
    }

    public async ValueTask DisposeAsync()
    {
        await closed.CancelAsync().ConfigureAwait(false);
        await compacting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        endpoints.Dispose();
    }

    /// <summary>Goes on with what was noted last of how old revisions are, by whichever server.</summary>
    private void Resume(RetentionPolicy resumed)
    {
        retention = resumed;
        mark = resumed.Mark.GetValueOrDefault().Encode();
    }

    /// <summary>Compacts now and then. It affects the whole etcd; each process does it by what it wrote itself, and to do it twice does no harm.</summary>
    private void Retain(long revision)
    {
        lock (gate)
        {
            if (!compacting.IsCompleted)
            {
                return;
            }

            if (compacting.IsFaulted)
            {
                retention.Failed();
                compacting = Task.CompletedTask;
            }

            RevisionMark? before = retention.Mark;
            long? target = retention.Note(revision);
            if (retention.Mark is { } now && now != before)
            {
                Volatile.Write(ref mark, now.Encode());
            }

            if (target is { } old)
            {
                // A failure costs nothing but space, until it is tried again.
                compacting = CompactAsync(old, closed.Token).AsTask();
            }
        }
    }
}
