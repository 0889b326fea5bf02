using Orrery.Storage.Etcd.Grpc;
using Orrery.Storage.Etcd.Protocol;

namespace Orrery.Storage.Etcd;

/// <summary>Reads from etcd, all of them linearizable.</summary>
internal sealed class EtcdReader(EtcdEndpoints endpoints, EtcdKeys keys)
{
    private const string Txn = "/etcdserverpb.KV/Txn";
    private const string RangeCall = "/etcdserverpb.KV/Range";

    /// <summary>A page is about that large, so that neither side holds a whole store in one message.</summary>
    private const int PageBytes = 8 << 20;
    private const int FirstPage = 200;
    private const int LargestPage = 5_000;

    public async Task<StoredValue?> GetAsync(string key, CancellationToken cancellationToken)
    {
        RangeResponse found = await endpoints.ReadAsync(RangeCall, RangeRequest.Of(keys.Encode(key)).Written, RangeResponse.Read, cancellationToken).ConfigureAwait(false);
        return found.Items.Count == 0 ? null : Value(key, found.Items[0]);
    }

    /// <summary>The value of a key that is not one of the store's; null when there is none.</summary>
    public async Task<ReadOnlyMemory<byte>?> RawAsync(byte[] key, CancellationToken cancellationToken)
    {
        RangeResponse found = await endpoints.ReadAsync(RangeCall, RangeRequest.Of(key).Written, RangeResponse.Read, cancellationToken).ConfigureAwait(false);
        return found.Items.Count == 0 ? (ReadOnlyMemory<byte>?)null : found.Items[0].Value;
    }

    /// <returns>The revision of our last change, zero when there was none; and the newest of the whole etcd at that same moment.</returns>
    public async Task<(long Ours, long All)> RevisionsAsync(CancellationToken cancellationToken)
    {
        RangeResponse marker = await endpoints.ReadAsync(RangeCall, RangeRequest.Of(keys.Marker).Written, RangeResponse.Read, cancellationToken).ConfigureAwait(false);
        return (Newest(marker), marker.Revision);
    }

    /// <returns>The revision of our last change as of a revision of the whole etcd, or of a later one when that is no longer kept.</returns>
    public async Task<long> NewestAtAsync(long revision, CancellationToken cancellationToken)
    {
        try
        {
            return Newest(await SnapshotAsync(keys.Marker, [], 0, revision, cancellationToken).ConfigureAwait(false));
        }
        catch (CompactedException)
        {
            return (await RevisionsAsync(cancellationToken).ConfigureAwait(false)).Ours;
        }
    }

    /// <summary>As <see cref="IStore.RangeAsync"/> has it.</summary>
    public async Task<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken)
    {
        (byte[] from, byte[] to) = keys.Bounds(prefix, startAfter);
        while (true)
        {
            try
            {
                return await PagesAsync(from, to, limit, revision, cancellationToken).ConfigureAwait(false);
            }
            catch (CompactedException compacted) when (revision > 0)
            {
                return new RangeResult([], compacted.OldestKept, HasMore: false, IsCompacted: true);
            }
            catch (CompactedException)
            {
                // The newest state was compacted while its pages were read: begin again with one that is newer.
            }
        }
    }

    public static long Newest(RangeResponse marker) => marker.Items.Count == 0 ? 0 : marker.Items[0].ModRevision;

    public static StoredValue Value(string key, KeyValue found) => new(key, found.Value, found.ModRevision, found.CreateRevision);

    private async Task<RangeResult> PagesAsync(byte[] from, byte[] to, int limit, long revision, CancellationToken cancellationToken)
    {
        // 1. The first page, and which revision of ours it shows.
        int page = limit > 0 ? Math.Min(limit, FirstPage) : FirstPage;
        (long ours, long all, RangeResponse answer) = await FirstPageAsync(from, to, page, revision, cancellationToken).ConfigureAwait(false);
        var items = new List<StoredValue>();
        Add(items, answer);

        // 2. The others at the same state.
        while (answer.HasMore && (limit == 0 || items.Count < limit))
        {
            page = NextPage(answer);
            page = limit > 0 ? Math.Min(limit - items.Count, page) : page;
            byte[] next = EtcdKeys.After(answer.Items[^1].Key);
            answer = await SnapshotAsync(next, to, page, all, cancellationToken).ConfigureAwait(false);
            Add(items, answer);
        }

        return new RangeResult(items, revision > 0 ? revision : ours, answer.HasMore);
    }

    /// <returns>The revision of our last change, one to read further pages at, and the page.</returns>
    private async Task<(long Ours, long At, RangeResponse Page)> FirstPageAsync(byte[] from, byte[] to, int page, long revision, CancellationToken cancellationToken)
    {
        if (revision > 0)
        {
            try
            {
                return (revision, revision, await SnapshotAsync(from, to, page, revision, cancellationToken).ConfigureAwait(false));
            }
            catch (CompactedException)
            {
                // Others in the same etcd may have moved the bound beyond our last change: then the newest state is the one asked for.
                (long ours, long all, RangeResponse newest) = await FirstPageAsync(from, to, page, 0, cancellationToken).ConfigureAwait(false);
                if (ours > revision)
                {
                    throw;
                }

                return (ours, all, newest);
            }
        }

        TxnRequest both = new TxnRequest().ThenRange(RangeRequest.Of(keys.Marker)).ThenRange(RangeRequest.Of(from, to, page));
        TxnResponse response = await endpoints.ReadAsync(Txn, both.Encoded, TxnResponse.Read, cancellationToken).ConfigureAwait(false);
        return (Newest(response.Ranges[0]), response.Revision, response.Ranges[1]);
    }

    private async Task<RangeResponse> SnapshotAsync(byte[] from, byte[] to, int page, long revision, CancellationToken cancellationToken)
    {
        try
        {
            return await endpoints.ReadAsync(RangeCall, RangeRequest.Of(from, to, page, revision).Written, RangeResponse.Read, cancellationToken).ConfigureAwait(false);
        }
        catch (GrpcException refusal) when (EtcdRefusal.IsCompacted(refusal))
        {
            throw new CompactedException(revision + 1);
        }
        catch (GrpcException refusal) when (EtcdRefusal.IsFuture(refusal))
        {
            throw new ArgumentOutOfRangeException(nameof(revision), revision, "the revision has not been reached yet");
        }
    }

    private void Add(List<StoredValue> items, RangeResponse answer)
    {
        foreach (KeyValue item in answer.Items)
        {
            items.Add(Value(keys.Decode(item.Key), item));
        }
    }

    private static int NextPage(RangeResponse answer)
    {
        long bytes = answer.Items.Sum(item => (long)item.Value.Length + item.Key.Length);
        return (int)Math.Clamp(PageBytes * (long)answer.Items.Count / Math.Max(1, bytes), 8, LargestPage);
    }
}

/// <summary>The refusals that are part of the contract.</summary>
internal static class EtcdRefusal
{
    public static bool IsCompacted(GrpcException refusal) =>
        refusal.Code == GrpcCode.OutOfRange && refusal.Detail == "etcdserver: mvcc: required revision has been compacted";

    public static bool IsFuture(GrpcException refusal) =>
        refusal.Code == GrpcCode.OutOfRange && refusal.Detail == "etcdserver: mvcc: required revision is a future revision";
}
