using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Orrery.Storage.Feeds;

/// <summary>The bounded buffer between the writer and one watcher.</summary>
internal sealed class FeedTap(string prefix)
{
    /// <summary>Most batches that wait for a slow watcher in memory.</summary>
    internal const int Limit = 256;

    private readonly Channel<StoreBatch> buffer = Channel.CreateBounded<StoreBatch>(
        new BoundedChannelOptions(Limit) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });

    private long offered;

    /// <summary>After the end: all that this tap should have brought up to this revision, it has brought.</summary>
    public long CutAfter { get; private set; }

    /// <returns>False when the buffer is full: the tap has ended, what it holds is still good.</returns>
    public bool TryOffer(StoreBatch batch)
    {
        if (prefix.Length > 0)
        {
            StoreBatch? part = Part(batch);
            if (part is null)
            {
                offered = batch.Revision;
                return true;
            }

            batch = part;
        }

        if (!buffer.Writer.TryWrite(batch))
        {
            CutAfter = offered;
            buffer.Writer.Complete();
            return false;
        }

        offered = batch.Revision;
        return true;
    }

    /// <returns>False when the tap has ended and is empty.</returns>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => buffer.Reader.WaitToReadAsync(cancellationToken);

    public bool TryTake([MaybeNullWhen(false)] out StoreBatch batch) => buffer.Reader.TryRead(out batch);

    private StoreBatch? Part(StoreBatch batch)
    {
        int matching = 0;
        foreach (StoreEvent change in batch.Events)
        {
            matching += change.Key.StartsWith(prefix, StringComparison.Ordinal) ? 1 : 0;
        }

        return matching == 0 ? null
            : matching == batch.Events.Count ? batch
            : batch with { Events = [.. batch.Events.Where(change => change.Key.StartsWith(prefix, StringComparison.Ordinal))] };
    }
}
