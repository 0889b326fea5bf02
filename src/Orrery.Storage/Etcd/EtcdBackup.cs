using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Orrery.Storage.Backup;

namespace Orrery.Storage.Etcd;

/// <summary>Restore into an etcd, and opening what may have been restored.</summary>
public static class EtcdBackup
{
    /// <summary>There while a restore is under way: what stands beneath the prefix is not whole.</summary>
    private const string Restoring = "restoring";

    /// <summary>Eight bytes, big endian: what is added to etcd's revisions. Absent: nothing.</summary>
    private const string Origin = "origin";

    /// <summary>See <see cref="EtcdOptions.Owner"/>.</summary>
    private const string Owner = "owner";

    private const int BatchKeys = 100;
    private const int BatchBytes = 1 << 20;

    /// <summary>Opens the store once a member answers; one that was restored shows revisions above all that were handed out before.</summary>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    /// <exception cref="StoreException">No member answers, none lets us in, a restore was not finished, or it is another <see cref="EtcdOptions.Owner"/>'s.</exception>
    public static async Task<IStore> OpenAsync(EtcdOptions options, CancellationToken cancellationToken)
    {
        EtcdStore store = await EtcdStore.OpenAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            if (await store.GetMetaAsync(Restoring, cancellationToken).ConfigureAwait(false) is not null)
            {
                throw new StoreException($"a restore into {options.Prefix} of this etcd was not finished: run 'orrery restore' again", outcomeUnknown: false);
            }

            if (options.Owner is { } owner && Encoding.UTF8.GetString((await store.EnsureMetaAsync(Owner, Encoding.UTF8.GetBytes(owner), cancellationToken).ConfigureAwait(false)).Span) is var present && present != owner)
            {
                if (present == options.FormerOwner)
                {
                    await store.PutMetaAsync([(Owner, Encoding.UTF8.GetBytes(owner))], cancellationToken).ConfigureAwait(false);
                }
                else if (present != options.NextOwner)
                {
                    throw new StoreException($"{options.Prefix} of this etcd belongs to servers with other keys ({present}; here: {owner})", outcomeUnknown: false) { IsOfAnotherOwner = true };
                }
            }

            long origin = Read(await store.GetMetaAsync(Origin, cancellationToken).ConfigureAwait(false));
            return origin == 0 ? store : new ShiftedStore(store, origin);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>All live keys of a store in key order as of one revision, page by page.</summary>
    /// <exception cref="StoreException">The store failed, or has forgotten that revision meanwhile.</exception>
    public static async IAsyncEnumerable<StoredValue> ItemsAsync(IStore store, long revision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        bool hasMore = revision > 0;
        while (hasMore)
        {
            RangeResult page = await store.RangeAsync("", last, 1_000, revision, cancellationToken).ConfigureAwait(false);
            if (page.IsCompacted)
            {
                throw new StoreException($"the store was compacted beyond revision {revision} while it was read: try again", outcomeUnknown: false);
            }

            foreach (StoredValue item in page.Items)
            {
                yield return item;
                last = item.Key;
            }

            hasMore = page.HasMore;
        }
    }

    /// <summary>Puts a backup's objects into an etcd that has none of ours. No server may run on it. An attempt that broke off is begun anew.</summary>
    /// <exception cref="StoreException">There are objects already, somebody else writes, or etcd failed.</exception>
    public static async Task RestoreAsync(EtcdOptions options, BackupHeader header, IAsyncEnumerable<StoredValue> items, CancellationToken cancellationToken)
    {
        await using EtcdStore store = await EtcdStore.OpenAsync(options, cancellationToken).ConfigureAwait(false);

        // 1. Empty, or what an unfinished restore has left.
        if (await store.GetMetaAsync(Restoring, cancellationToken).ConfigureAwait(false) is not null)
        {
            await ClearAsync(store, cancellationToken).ConfigureAwait(false);
        }
        else if ((await store.RangeAsync("", null, 1, 0, cancellationToken).ConfigureAwait(false)).Items.Count > 0)
        {
            throw new StoreException($"there are objects under {options.Prefix} of this etcd already; a backup is restored where there are none", outcomeUnknown: false);
        }

        await store.PutMetaAsync([(Restoring, [1])], cancellationToken).ConfigureAwait(false);

        // 2. The objects.
        var batch = new List<Write>(BatchKeys);
        int bytes = 0;
        await foreach (StoredValue item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (batch.Count == BatchKeys || bytes + item.Value.Length > BatchBytes)
            {
                await PutAsync(store, batch, cancellationToken).ConfigureAwait(false);
                batch.Clear();
                bytes = 0;
            }

            batch.Add(new Write(item.Key, item.Value));
            bytes += item.Value.Length;
        }

        await PutAsync(store, batch, cancellationToken).ConfigureAwait(false);

        // 3. From here on it is whole, whoever starts first owns it, and it is beyond every revision that was handed out.
        long present = await store.ReadRevisionAsync(cancellationToken).ConfigureAwait(false);
        long origin = Math.Max(Read(await store.GetMetaAsync(Origin, cancellationToken).ConfigureAwait(false)), header.RestoredRevision - present);
        byte[] encoded = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(encoded, Math.Max(0, origin));
        await store.PutMetaAsync([(Origin, encoded), (Owner, null), (Restoring, null)], cancellationToken).ConfigureAwait(false);
    }

    private static async Task PutAsync(EtcdStore store, List<Write> batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        CommitResult result = await store.CommitAsync(
            new Transaction([.. batch.Select(write => new Condition(write.Key, 0))], [.. batch]), cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            throw new StoreException($"somebody else writes to this etcd: {result.FailedCondition?.Key} is there. Stop every server, then restore again", outcomeUnknown: false);
        }
    }

    private static async Task ClearAsync(EtcdStore store, CancellationToken cancellationToken)
    {
        while ((await store.RangeAsync("", null, BatchKeys, 0, cancellationToken).ConfigureAwait(false)).Items is { Count: > 0 } left)
        {
            await store.CommitAsync(new Transaction([], [.. left.Select(item => new Write(item.Key, null))]), cancellationToken).ConfigureAwait(false);
        }
    }

    private static long Read(ReadOnlyMemory<byte>? encoded) => encoded is { Length: 8 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes.Span) : 0;
}
