using System.Runtime.CompilerServices;

namespace Orrery.Storage.Feeds;

/// <summary>
/// Hands each commit of a local engine to its observers and watchers. Watchers share the batches; one that falls
/// behind is cut off, and goes on from the log.
/// </summary>
internal sealed class CommitFeed
{
    private readonly Lock gate = new();
    private readonly List<Action<StoreBatch>> observers = [];
    private readonly List<FeedTap> taps = [];
    private readonly CancellationTokenSource closed = new();
    private long revision;

    /// <summary>Reads whole batches from the log: those after one revision up to and including another, oldest first; perhaps only the first of them.</summary>
    /// <exception cref="CompactedException">The log no longer reaches back that far.</exception>
    public delegate ValueTask<LogPage> ReadLog(string prefix, long after, long upTo, CancellationToken cancellationToken);

    /// <summary>The newest revision that was published.</summary>
    public long Revision => Volatile.Read(ref revision);

    /// <summary>Sets the revision from which the feed goes on; before first use.</summary>
    public void Start(long at) => Volatile.Write(ref revision, at);

    /// <summary>Called in revision order, once the batches are durable. A watcher is woken once for all of them.</summary>
    public void Publish(params ReadOnlySpan<StoreBatch> batches)
    {
        lock (gate)
        {
            foreach (StoreBatch batch in batches)
            {
                Volatile.Write(ref revision, batch.Revision);
                foreach (Action<StoreBatch> observer in observers)
                {
                    observer(batch);
                }
            }

            for (int i = taps.Count - 1; i >= 0; i--)
            {
                foreach (StoreBatch batch in batches)
                {
                    if (!taps[i].TryOffer(batch))
                    {
                        taps.RemoveAt(i);
                        break;
                    }
                }
            }
        }
    }

    public IDisposable Observe(Action<StoreBatch> observer, out long since)
    {
        lock (gate)
        {
            observers.Add(observer);
            since = revision;
        }

        return new Subscription(() =>
        {
            lock (gate)
            {
                observers.Remove(observer);
            }
        });
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        string prefix, long after, ReadLog readLog, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed.Token);
        long position = after;
        while (true)
        {
            // 1. Tap the feed first, then read from the log all that the tap will not bring.
            FeedTap tap = Tap(prefix, out long since);
            try
            {
                while (position < since)
                {
                    LogPage page = await readLog(prefix, position, since, ending.Token);
                    foreach (StoreBatch batch in page.Batches)
                    {
                        yield return batch;
                    }

                    position = page.UpTo;
                }

                // 2. Live, until the tap is cut off because this reader is too slow.
                while (await tap.WaitAsync(ending.Token))
                {
                    while (tap.TryTake(out StoreBatch? batch))
                    {
                        if (batch.Revision > position)
                        {
                            yield return batch;
                        }
                    }
                }

                position = Math.Max(position, tap.CutAfter);
            }
            finally
            {
                Untap(tap);
            }
        }
    }

    /// <summary>Ends every watch with <see cref="OperationCanceledException"/>.</summary>
    public void Close() => closed.Cancel();

    private FeedTap Tap(string prefix, out long since)
    {
        lock (gate)
        {
            var tap = new FeedTap(prefix);
            taps.Add(tap);
            since = revision;
            return tap;
        }
    }

    private void Untap(FeedTap tap)
    {
        lock (gate)
        {
            taps.Remove(tap);
        }
    }

    private sealed class Subscription(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }
}

/// <summary>A stretch of the log.</summary>
/// <param name="UpTo">Every batch up to this revision is in, or came before.</param>
internal sealed record LogPage(IReadOnlyList<StoreBatch> Batches, long UpTo);
