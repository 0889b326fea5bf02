using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Cache;

/// <summary>
/// The changes under one prefix after one revision, in order, without gap or repeat. It holds a place in a chain that all watchers of
/// the prefix share, and nothing else: no task and no timer of its own. One reader at a time; any number of threads may tell it of changes.
/// </summary>
internal sealed partial class CacheWatcher : IDisposable
{
    /// <summary>Most live events that wait for a slow reader.</summary>
    internal const int QueueLimit = 1024;

    /// <summary>Of objects that are large, bytes beyond which no more than <see cref="EventRing.Fewest"/> wait: as many as are kept anyway.</summary>
    internal const int BytesLimit = EventRing.MostBytes;

    private readonly Lock gate = new();
    private readonly ResourceCache owner;
    private readonly WakeSchedule schedule;
    private readonly long after;
    private int limit = QueueLimit;
    private long bytesLimit = BytesLimit;
    private readonly WakeQueue? turns;

    /// <summary>What comes before the chain; all there is where no chain is read.</summary>
    private Queue<CacheEvent>? own;

    private ChainPlace place;
    private long ownBytes;
    private Waiting waiter;
    private CancellationTokenRegistration cancellation;
    private bool isWaiting;
    private long wakeAt;
    private long lastRead;
    private CacheWait? ended;
    private CacheWait woken;
    private CancellationToken? cancelledBy;
    private int? wokenSince;

    /// <param name="missed">What comes before the chain; null for nothing.</param>
    /// <param name="place">Where in the chain it begins; in none where it is handed each event, as those of two resources must come in one order.</param>
    /// <param name="turns">By which it is woken; null wakes it at once.</param>
    internal CacheWatcher(ResourceCache owner, WakeSchedule schedule, string prefix, long after, Queue<CacheEvent>? missed, ChainPlace place, WakeQueue? turns)
    {
        this.owner = owner;
        this.schedule = schedule;
        this.after = after;
        this.turns = turns;
        this.place = place;
        Prefix = prefix;
        IsAhead = turns?.Enlist() ?? true;
        if (missed is { Count: > 0 })
        {
            own = missed;
            ownBytes = missed.Sum(m => (long)m.Object.Kept);
            Admit(missed.Count, ownBytes);
        }
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

    /// <summary>Those by whose list of waiting ones it is woken; null for one that is told of each event.</summary>
    internal Watched? Among { get; init; }

    /// <summary>It stands in the list of <see cref="Among"/>; owned by that.</summary>
    internal bool IsListed { get; set; }

    /// <summary>When something was last changed of what is watched, in any cluster.</summary>
    public long ChangedAt => Math.Max(owner.ChangedAt, Companion?.owner.ChangedAt ?? 0);

    /// <summary>It always waits until its client takes what it is sent, and those behind it, of which many are to be told, do not.</summary>
    internal bool IsAhead { get; }

    /// <summary>By which its reader sends what it is told; null for one that is never held up.</summary>
    public IHeldUpConnection? Connection { get; set; }

    /// <summary>What it is to be told of would only lie before its connection now. Asked while it is to be woken.</summary>
    internal bool IsHeldUp => woken == CacheWait.Events && cancelledBy is null && Connection is { IsHeldUp: true };

    /// <summary>The span of <see cref="WakeQueue"/> in which it is served all the same; 0 while it was not passed by. Owned by that.</summary>
    internal int HeldUntil { get; set; }

    /// <summary>Whether its reader should wait until its client takes what it is sent of the events for which it was woken; see <see cref="WakeQueue"/>.</summary>
    public bool WaitsForClient { get; private set; } = true;

    private int Kept => own?.Count ?? 0;

    /// <summary>What it has to catch up with when it begins may wait beside what comes then.</summary>
    internal void Admit(long missed, long bytes)
    {
        limit += (int)missed;
        bytesLimit += bytes;
    }

    /// <summary>Takes the next event without waiting.</summary>
    public bool TryRead(out CacheEvent next)
    {
        lock (gate)
        {
            if (Peek() is not { } found)
            {
                next = null!;
                return false;
            }

            next = found;
            lastRead = next.Revision;
            if (own is null)
            {
                place.Step();
            }
            else
            {
                own.Dequeue();
                ownBytes -= next.Object.Kept;
                own = own.Count == 0 ? null : own;
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
        lock (gate)
        {
            revision = Peek() is { } next ? next.Revision - 1 : Math.Max(seen, after);
            return ended is null && revision >= lastRead;
        }
    }

    /// <summary>
    /// Waits for an event, the end, or until <paramref name="atMost"/> has passed, to about a tenth of a second. Zero or
    /// less times out at the next beat; <see cref="Timeout.InfiniteTimeSpan"/> never does.
    /// </summary>
    public ValueTask<CacheWait> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        EndTurn();
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (isWaiting)
            {
                throw new InvalidOperationException("a watcher has one reader at a time");
            }

            bool hasEvents = Peek() is not null;
            bool isReady = hasEvents || ended is not null;
            CacheWait reason = hasEvents ? CacheWait.Events : ended.GetValueOrDefault();
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

        short version = waiter.Version;
        if (Among is not null && Among.List(this))
        {
            // What came between the look above and this woke nobody.
            _ = WakesUp();
        }

        schedule.Add(this, wakeAt);
        return new ValueTask<CacheWait>(this, version);
    }

    public void Dispose()
    {
        Companion?.Dispose();
        EndTurn();
        Among?.Unlist(this);
        owner.Remove(this, turns);
        End(CacheWait.Closed, keeps: 0);
    }

    /// <summary>Tells of an event, which stands in the chain by now.</summary>
    /// <param name="end">Number of the place behind it.</param>
    /// <param name="bytes">Of all events up to there.</param>
    /// <returns>False when the watcher has just ended because its reader is too slow.</returns>
    internal bool Tell(CacheEvent next, long end, long bytes)
    {
        if (Target is not null)
        {
            return Target.Tell(next, end, bytes);
        }

        lock (gate)
        {
            if (ended is not null)
            {
                return true;
            }

            if (next.Revision <= after)
            {
                Pass(end);
                return true;
            }

            if (IsTooMuch(next, end, bytes))
            {
                End(CacheWait.Expired, limit);
                return false;
            }

            if (!place.IsInChain)
            {
                (own ??= new Queue<CacheEvent>()).Enqueue(next);
                ownBytes += next.Object.Kept;
            }

            Complete(CacheWait.Events);
            return true;
        }
    }

    /// <summary>Lets it go past an event that is none of its own, and of which it is not told.</summary>
    /// <param name="end">Number of the place behind that event.</param>
    internal void Pass(long end)
    {
        lock (gate)
        {
            if (place.IsInChain && place.Number == end - 1)
            {
                place.Step();
            }
        }
    }

    /// <param name="keeps">So many of the events that wait are still there to be read.</param>
    internal void End(CacheWait reason, int keeps = int.MaxValue)
    {
        Target?.End(reason, keeps);
        lock (gate)
        {
            if (ended is null)
            {
                ended = reason;
                for (; place.Peek() is { } next && Kept < keeps; place.Step())
                {
                    (own ??= new Queue<CacheEvent>()).Enqueue(next);
                }

                // Whoever stands in the chain holds all that comes after.
                place = default;
            }

            Complete(reason);
        }
    }

    /// <summary>Called by the schedule; tells when to be called again, or null when nobody waits.</summary>
    internal long? OnTime(long now)
    {
        lock (gate)
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

    private bool IsTooMuch(CacheEvent next, long end, long bytes)
    {
        (long count, long size) = place.IsInChain ? (end - place.Number, bytes - place.BytesBefore) : (1, next.Object.Kept);
        return Kept + count > limit || (ownBytes + size > bytesLimit && Kept + count > EventRing.Fewest);
    }

    /// <summary>The next event, which stays.</summary>
    private CacheEvent? Peek()
    {
        if (own is not null)
        {
            return own.Peek();
        }

        // In the chain an event stands a moment before each watcher is told of it, and so whether it is one of its own.
        CacheEvent? next;
        while ((next = place.Peek()) is not null && next.Revision <= after)
        {
            place.Step();
        }

        return next;
    }
}
