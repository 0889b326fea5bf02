using System.Threading.Tasks.Sources;

namespace Orrery.Server.Cache;

/// <summary>Why <see cref="CacheWatcher.WaitAsync"/> returned.</summary>
internal enum CacheWait
{
    /// <summary><see cref="CacheWatcher.TryRead"/> has something.</summary>
    Events,

    /// <summary>The time given passed without an event: the moment for a bookmark.</summary>
    TimedOut,

    /// <summary>The reader fell too far behind: answer 410, the client lists again.</summary>
    Expired,

    /// <summary>The watcher or its server was disposed.</summary>
    Closed,
}

/// <summary>For whom a <see cref="CacheWatcher"/> is.</summary>
internal enum WatchedBy
{
    /// <summary>The server's own upkeep, which ends by itself.</summary>
    Upkeep,

    /// <summary>A client, whose watch ends when the server stops.</summary>
    Client,

    /// <summary>A client that watches all virtual clusters. Root is not among them: what happens there wakes nobody.</summary>
    ClientOfAllClusters,
}

/// <summary>
/// The changes under one prefix after one revision, in order, without gap or repeat. It holds a queue and nothing
/// else: no task and no timer of its own. One reader at a time; any number of threads may fill it.
/// </summary>
internal sealed class CacheWatcher : IDisposable, IValueTaskSource<CacheWait>, IThreadPoolWorkItem
{
    /// <summary>Most live events that wait for a slow reader.</summary>
    internal const int QueueLimit = 1024;

    /// <summary>Its own lock, too: thousands of watchers wait for nothing most of the time.</summary>
    private readonly Queue<CacheEvent> queue = new();
    private readonly ResourceCache owner;
    private readonly WakeSchedule schedule;
    private readonly long after;
    private readonly int limit;
    private readonly WakeQueue? turns;
    private ManualResetValueTaskSourceCore<CacheWait> waiter;
    private CancellationTokenRegistration cancellation;
    private bool isWaiting;
    private long wakeAt;
    private long lastRead;
    private CacheWait? ended;
    private CacheWait woken;
    private CancellationToken? cancelledBy;

    /// <param name="turns">By which it is woken; null wakes it at once.</param>
    internal CacheWatcher(ResourceCache owner, WakeSchedule schedule, string prefix, long after, IEnumerable<CacheEvent> backlog, WakeQueue? turns)
    {
        this.owner = owner;
        this.schedule = schedule;
        this.after = after;
        this.turns = turns;
        Prefix = prefix;
        foreach (CacheEvent missed in backlog)
        {
            queue.Enqueue(missed);
        }

        limit = queue.Count + QueueLimit;
    }

    /// <summary>A prefix of <see cref="StoreKey"/> that ends in a slash, or the whole key of one object.</summary>
    public string Prefix { get; }

    /// <summary>Who watches.</summary>
    public WatchedBy By { get; init; }

    /// <summary>Earliest time, as <see cref="WakeSchedule"/> counts it, for which this watcher is on the schedule; owned by the schedule.</summary>
    internal long ScheduledFor { get; set; } = long.MaxValue;

    /// <summary>Watches another resource for this one; null for none.</summary>
    internal CacheWatcher? Companion { get; set; }

    /// <summary>Whom this one is the companion of; null for a watcher of its own.</summary>
    internal CacheWatcher? Target { get; init; }

    /// <summary>Takes the next event without waiting.</summary>
    public bool TryRead(out CacheEvent next)
    {
        lock (queue)
        {
            if (!queue.TryDequeue(out next!))
            {
                return false;
            }

            lastRead = next.Revision;
            if (queue.Count == 0 && queue.Capacity > 64)
            {
                queue.TrimExcess();
            }

            return true;
        }
    }

    /// <summary>
    /// The revision up to which the reader has been given everything, for a bookmark: that before the next event, where one
    /// waits. Never below an event that it was given; false where that cannot be, or after the end.
    /// </summary>
    public bool TryGetProgress(out long revision)
    {
        // Read first: whatever the cache had published by then is in the queue, or was.
        long seen = owner.SeenRevision;
        lock (queue)
        {
            revision = queue.TryPeek(out CacheEvent? next) ? next.Revision - 1 : Math.Max(seen, after);
            return ended is null && revision >= lastRead;
        }
    }

    /// <summary>
    /// Waits for an event, the end, or until <paramref name="atMost"/> has passed, to about a tenth of a second. Zero or
    /// less times out at the next beat; <see cref="Timeout.InfiniteTimeSpan"/> never does.
    /// </summary>
    public ValueTask<CacheWait> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (queue)
        {
            if (isWaiting)
            {
                throw new InvalidOperationException("a watcher has one reader at a time");
            }

            bool isReady = queue.Count > 0 || ended is not null;
            CacheWait reason = queue.Count > 0 ? CacheWait.Events : ended.GetValueOrDefault();
            if (isReady && turns is null)
            {
                return new ValueTask<CacheWait>(reason);
            }

            isWaiting = true;
            waiter.Reset();
            if (isReady)
            {
                // Others who are watched for wait as well.
                Complete(reason);
                return new ValueTask<CacheWait>(this, waiter.Version);
            }

            wakeAt = schedule.TimeAfter(atMost);
            if (cancellationToken.CanBeCanceled)
            {
                cancellation = cancellationToken.UnsafeRegister(static (self, token) => ((CacheWatcher)self!).Cancel(token), this);
            }
        }

        schedule.Add(this, wakeAt);
        return new ValueTask<CacheWait>(this, waiter.Version);
    }

    public void Dispose()
    {
        Companion?.Dispose();
        owner.Remove(this, turns);
        End(CacheWait.Closed);
    }

    void IThreadPoolWorkItem.Execute() => Wake();

    CacheWait IValueTaskSource<CacheWait>.GetResult(short token)
    {
        // Waits out a cancellation that is just running, so that it cannot strike the next wait.
        cancellation.Dispose();
        return waiter.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<CacheWait>.GetStatus(short token) => waiter.GetStatus(token);

    void IValueTaskSource<CacheWait>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        waiter.OnCompleted(continuation, state, token, flags);

    /// <returns>False when the watcher has just ended because its reader is too slow.</returns>
    internal bool Enqueue(CacheEvent next)
    {
        if (Target is not null)
        {
            return Target.Enqueue(next);
        }

        lock (queue)
        {
            if (ended is not null || next.Revision <= after)
            {
                return true;
            }

            if (queue.Count >= limit)
            {
                ended = CacheWait.Expired;
                return false;
            }

            queue.Enqueue(next);
            Complete(CacheWait.Events);
            return true;
        }
    }

    internal void End(CacheWait reason)
    {
        Target?.End(reason);
        lock (queue)
        {
            ended ??= reason;
            Complete(reason);
        }
    }

    /// <summary>Called by the schedule; tells when to be called again, or null when nobody waits.</summary>
    internal long? OnTime(long now)
    {
        lock (queue)
        {
            if (!isWaiting)
            {
                return null;
            }

            if (wakeAt > now)
            {
                return wakeAt;
            }

            Complete(CacheWait.TimedOut);
            return null;
        }
    }

    private void Cancel(CancellationToken token)
    {
        lock (queue)
        {
            if (isWaiting)
            {
                cancelledBy = token;
                Complete(default);
            }
        }
    }

    /// <summary>Lets its reader go on, here and now.</summary>
    internal void Wake()
    {
        if (cancelledBy is { } token)
        {
            cancelledBy = null;
            waiter.SetException(new OperationCanceledException(token));
        }
        else
        {
            waiter.SetResult(woken);
        }
    }

    /// <summary>Only says that the wait is over: the caller holds locks.</summary>
    private void Complete(CacheWait reason)
    {
        if (!isWaiting)
        {
            return;
        }

        isWaiting = false;
        woken = reason;
        if (turns is not null)
        {
            turns.Add(this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        }
    }
}
