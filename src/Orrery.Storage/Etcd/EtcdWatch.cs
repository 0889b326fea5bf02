using Orrery.Storage.Etcd.Grpc;
using Orrery.Storage.Etcd.Protocol;

namespace Orrery.Storage.Etcd;

/// <summary>
/// One watch, on whichever member serves it: when a stream breaks it goes on from where it was on the next one. For one
/// reader at a time.
/// </summary>
internal sealed class EtcdWatch(EtcdEndpoints endpoints, EtcdKeys keys, EtcdReader reader, EtcdIdentity identity, string prefix, long after) : IAsyncDisposable
{
    private const string Method = "/etcdserverpb.Watch/Watch";

    private readonly (byte[] From, byte[] To) wanted = keys.Bounds(prefix, null);
    private readonly string opened = identity.Known;
    private readonly List<WatchedEvent> fragments = [];
    private GrpcStream? stream;
    private int member;
    private int failures;

    /// <summary>All up to this revision has been handed over.</summary>
    private long position = after;

    /// <summary>What comes next; may be nothing.</summary>
    /// <exception cref="CompactedException">What comes next is no longer kept.</exception>
    /// <exception cref="ReplacedException">What comes next does not follow from what was seen.</exception>
    /// <exception cref="StoreException">No member serves the watch, or what was seen is gone.</exception>
    public async ValueTask<IReadOnlyList<StoreBatch>> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (stream is null)
            {
                // etcd takes the revision that was compacted at for one that it still has, though a deletion at it may
                // be gone. So start at the one that was seen: then etcd's bound is ours, and the repeat is skipped.
                fragments.Clear();
                (stream, member) = await endpoints.OpenAsync(
                    Method, WatchRequest.Create(prefix.Length == 0 ? identity.Key : wanted.From, wanted.To, Math.Max(1, position)), cancellationToken).ConfigureAwait(false);
                await identity.VerifyAsync(opened, cancellationToken).ConfigureAwait(false);
            }

            WatchResponse response = await stream.ReadAsync(WatchResponse.Read, cancellationToken).ConfigureAwait(false);
            if (response.CompactRevision > 0)
            {
                await PassCompactionAsync(response.CompactRevision, cancellationToken).ConfigureAwait(false);
                return [];
            }

            if (response.IsCanceled)
            {
                throw new GrpcException(GrpcCode.Unavailable, $"the watch was cancelled: {response.CancelReason}");
            }

            if (response.Events.FirstOrDefault(IsReplacement) is { } replacement)
            {
                // It may be the past of what is there now.
                await identity.VerifyAsync(opened, cancellationToken).ConfigureAwait(false);
                throw new ReplacedException("the store was replaced", replacement.Current.ModRevision);
            }

            return Take(response);
        }
        catch (Exception fault) when (EtcdFault.Of(fault, cancellationToken) is { } known)
        {
            await CloseAsync().ConfigureAwait(false);
            endpoints.Leave(member);
            if (!known.IsPassing || ++failures > endpoints.Count)
            {
                throw known.ToStoreException("etcd watch", advice: null, isRead: true);
            }

            return [];
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask CloseAsync()
    {
        if (Interlocked.Exchange(ref stream, null) is { } open)
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Others in the same etcd may have moved the bound beyond what we have seen: when none of the revisions up to it is ours, nothing is lost.</summary>
    private async Task PassCompactionAsync(long compactRevision, CancellationToken cancellationToken)
    {
        await CloseAsync().ConfigureAwait(false);
        if (await reader.NewestAtAsync(compactRevision, cancellationToken).ConfigureAwait(false) > position)
        {
            throw new CompactedException(compactRevision);
        }

        position = compactRevision;
    }

    private List<StoreBatch> Take(WatchResponse response)
    {
        // 1. Whole answers only.
        fragments.AddRange(response.Events);
        if (response.IsFragment)
        {
            return [];
        }

        // 2. Nothing happened up to here.
        if (fragments.Count == 0)
        {
            if (!response.IsCreated)
            {
                position = Math.Max(position, response.Revision);
                failures = 0;
            }

            return [];
        }

        // 3. A batch a revision.
        var batches = new List<StoreBatch>();
        int at = 0;
        while (at < fragments.Count)
        {
            long revision = fragments[at].Current.ModRevision;
            var events = new List<StoreEvent>(1);
            for (; at < fragments.Count && fragments[at].Current.ModRevision == revision; at++)
            {
                // What stands between the store's own key and its objects is another installation's, whose prefix begins like ours.
                if (revision > position && fragments[at].Current.Key.AsSpan().StartsWith(wanted.From))
                {
                    events.Add(Event(fragments[at]));
                }
            }

            if (events.Count > EtcdStore.MostWrites)
            {
                throw new ReplacedException($"somebody else changed {events.Count} objects at once, at revision {revision}", revision);
            }

            if (events.Count > 0)
            {
                batches.Add(new StoreBatch(revision, events));
                position = revision;
                identity.Tell(revision, 0, isRead: true);
            }
        }

        fragments.Clear();
        failures = 0;
        return batches;
    }

    /// <summary>But for the first word about what the store is: what was there before it is its own.</summary>
    private bool IsReplacement(WatchedEvent change) =>
        change.Current.ModRevision > position && change.Current.Key.AsSpan().SequenceEqual(identity.Key)
        && (change.IsDelete || System.Text.Encoding.UTF8.GetString(change.Current.Value) is var put && (put != opened || !put.EndsWith("/0", StringComparison.Ordinal)));

    private StoreEvent Event(WatchedEvent change)
    {
        string key = keys.Decode(change.Current.Key);
        bool hadValue = change.IsDelete || change.Current.CreateRevision != change.Current.ModRevision;
        if (hadValue && change.Previous is null)
        {
            // It was compacted after the event was read and before the value that it replaced was.
            throw new CompactedException(change.Current.ModRevision);
        }

        return new StoreEvent(
            key,
            change.IsDelete ? null : EtcdReader.Value(key, change.Current),
            hadValue ? EtcdReader.Value(key, change.Previous!) : null);
    }
}
