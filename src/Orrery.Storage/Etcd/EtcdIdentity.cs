using System.Text;
using Orrery.Storage.Etcd.Grpc;
using Orrery.Storage.Etcd.Protocol;

namespace Orrery.Storage.Etcd;

/// <summary>
/// Whether an etcd still holds what it held: somebody may empty it, or put an older state of it back, while servers run. A key of its own tells. It names the store by
/// what was drawn once, and counts how often an older state was put back.
/// <para>
/// What was emptied is not taken for deleted: every call fails until an older state is put back, or the server is started anew. Where one was put back, servers write until
/// revisions are beyond all that they have handed out, count, and read everything anew.
/// </para>
/// </summary>
internal sealed class EtcdIdentity(EtcdEndpoints endpoints, EtcdKeys keys, string prefix, Func<byte[]> mark)
{
    /// <summary>Writes on their way at a time while revisions are brought up to what they were.</summary>
    private const int Abreast = 64;

    private volatile string known = "";
    private volatile string? lost;
    private long told;

    /// <summary>The last of all that are about the store itself, so that a watch of all objects sees it go with one range more than theirs.</summary>
    public byte[] Key { get; } = keys.Meta("uid");

    /// <summary>What it was when it was last in order.</summary>
    public string Known => known;

    /// <summary>The newest revision of ours that this process has handed out.</summary>
    public long Told => Volatile.Read(ref told);

    /// <summary>Revisions do not fall, also not in the moment before a watch sees that an older state was put back.</summary>
    /// <param name="revision">Of ours, handed out now.</param>
    /// <param name="before"><see cref="Told"/> when etcd was asked.</param>
    /// <exception cref="StoreException">It fell.</exception>
    public void Tell(long revision, long before, bool isRead)
    {
        if (revision < before)
        {
            throw new StoreException($"etcd was at revision {before}, and is at {revision}", outcomeUnknown: !isRead);
        }

        for (long known = Told; revision > known;)
        {
            long found = Interlocked.CompareExchange(ref told, revision, known);
            known = found == known ? revision : found;
        }
    }

    /// <summary>Takes the store for what it is now, and names it where nobody has.</summary>
    /// <param name="ensure">Writes a value where there is none, and tells what there is.</param>
    public async Task OpenAsync(Func<string, byte[], CancellationToken, Task<ReadOnlyMemory<byte>>> ensure, CancellationToken cancellationToken) =>
        known = Text(await ensure("uid", Encoding.UTF8.GetBytes($"{Guid.NewGuid():n}/0"), cancellationToken).ConfigureAwait(false));

    /// <exception cref="StoreException">What was there is gone.</exception>
    public void ThrowIfLost()
    {
        if (lost is { } reason)
        {
            throw new StoreException(reason, outcomeUnknown: false) { IsEmptied = true };
        }
    }

    /// <summary>Looks whether the store is still what it was.</summary>
    /// <param name="opened">What it was to who asks.</param>
    /// <exception cref="ReplacedException">An older state was put back.</exception>
    /// <exception cref="StoreException">It was emptied, or is another.</exception>
    public async Task VerifyAsync(string opened, CancellationToken cancellationToken)
    {
        long seen = Told;
        TxnRequest both = new TxnRequest().ThenRange(RangeRequest.Of(Key)).ThenRange(RangeRequest.Of(keys.Marker));
        TxnResponse now = await endpoints.ReadAsync("/etcdserverpb.KV/Txn", both.Encoded, TxnResponse.Read, cancellationToken).ConfigureAwait(false);
        KeyValue found = Found(now.Ranges[0], opened);
        long newest = EtcdReader.Newest(now.Ranges[1]);
        if (Text(found.Value) == opened && newest >= seen)
        {
            lost = null;
            return;
        }

        if (found.ModRevision <= seen || Text(found.Value) == opened)
        {
            found = await PassAsync(found, opened, now.Revision, seen, cancellationToken).ConfigureAwait(false);
        }

        known = Text(found.Value);
        lost = null;
        throw new ReplacedException($"an older state of {prefix} was put back into the etcd: it had revision {seen}, and came back with {newest}", found.ModRevision);
    }

    /// <summary>Brings revisions beyond all that were handed out, and then says so to the other servers, whose watches see it.</summary>
    private async Task<KeyValue> PassAsync(KeyValue found, string opened, long revision, long seen, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (revision <= seen)
            {
                TxnResponse[] written = await Task.WhenAll(Enumerable.Range(0, (int)Math.Min(Abreast, seen - revision + 1)).Select(_ => WriteAsync(new TxnRequest(), cancellationToken))).ConfigureAwait(false);
                revision = written.Max(w => w.Revision);
            }

            string[] parts = Text(found.Value).Split('/');
            byte[] next = Encoding.UTF8.GetBytes($"{parts[0]}/{long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) + 1}");
            TxnResponse counted = await WriteAsync(new TxnRequest().WhenModRevision(Key, found.ModRevision).ThenPut(Key, next).ElseRange(RangeRequest.Of(Key)), cancellationToken).ConfigureAwait(false);
            if (counted.Succeeded)
            {
                return new KeyValue(Key, next, counted.Revision, counted.Revision);
            }

            // Another server was faster; that is enough where it was beyond what this one has handed out.
            found = Found(counted.Ranges[0], opened);
            if (found.ModRevision > seen)
            {
                return found;
            }
        }
    }

    private Task<TxnResponse> WriteAsync(TxnRequest request, CancellationToken cancellationToken) => endpoints.WriteAsync(
        "/etcdserverpb.KV/Txn", request.ThenPut(keys.Marker, mark()).Encoded, TxnResponse.Read, cancellationToken, cancellationToken);

    /// <exception cref="StoreException">It is gone, or another's.</exception>
    private KeyValue Found(RangeResponse answer, string opened)
    {
        string? now = answer.Items.Count == 0 ? null : Text(answer.Items[0].Value);
        if (now is not null && now.Split('/')[0] == opened.Split('/')[0] && now.Contains('/', StringComparison.Ordinal))
        {
            return answer.Items[0];
        }

        lost = now is null
            ? $"{prefix} of this etcd was emptied by somebody else, and nothing is taken for deleted. Stop every server, then put a snapshot of the etcd back or run 'orrery restore'; a server that is started on it as it is begins anew"
            : $"{prefix} of this etcd was emptied and is another installation's now, and nothing is taken for deleted. A server that is started anew goes on with what is there";
        throw new StoreException(lost, outcomeUnknown: false) { IsEmptied = true };
    }

    private static string Text(ReadOnlyMemory<byte> value) => Encoding.UTF8.GetString(value.Span);
}
