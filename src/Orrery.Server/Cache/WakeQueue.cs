namespace Orrery.Server.Cache;

/// <summary>
/// Wakes the watchers of one virtual cluster, a few at a time. One change there may be for thousands of them; as so many pieces of work for the pool they would stand before everything that others
/// have ready, and so would what HTTP/2 and TLS then have to send for each. Here they wait for their turn: after a few it is for others to go on, and a few have something on its way at a moment.
/// <para>
/// A watcher is on its way from when it is woken until it waits again, with all sent that it had. One whose client takes nothing may stay there for as long as it likes: after two
/// spans of <see cref="Patience"/> others go on without it.
/// </para>
/// <para>
/// One whose connection takes nothing at the moment is passed by until it does: what it was given would lie in front of the connection, in memory of its own.
/// </para>
/// <para>
/// Where many wait for their turn, most are told to go on without theirs, and one of sixteen to wait for it: a connection sends what it is given in its order, so what was
/// given it before is on its way by then as well. Who waits takes a dozen small objects, most of them the framework's, to which its old ones then refer; so it is always the same ones, and a collection
/// of the young looks through the surroundings of these alone.
/// </para>
/// <para>
/// Who has made a change may follow those who are to be told of it (<see cref="Follow"/>).
/// </para>
/// </summary>
/// <param name="cluster">As it stands in keys of the store.</param>
internal sealed class WakeQueue(string cluster, TimeProvider time) : IThreadPoolWorkItem, IDisposable
{
    /// <summary>Watchers that are on their way at the same moment, for each processor.</summary>
    internal const int EachProcessor = 4;

    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    /// <summary>Spans of <see cref="Patience"/> after which nobody follows any longer, however many are still on their way.</summary>
    internal const int LongestFollow = 25;

    /// <summary>Spans of <see cref="Patience"/> after which a watcher is served whether its connection takes anything or not.</summary>
    internal const int LongestHeld = 25;

    /// <summary>Watchers that are served before others have their turn: some 20 µs, or 100 where much waits for each.</summary>
    private const int Turn = 4;

    /// <summary>Of so many watchers one waits for its client, also while many are to be told.</summary>
    private const int EachWaits = 16;

    /// <summary>After so many that did not, as those of whom one should have gone, whoever is next does.</summary>
    private const int MostWithout = 4 * EachWaits;

    /// <summary>Room that stays for the next change.</summary>
    private const int Kept = 64;

    /// <summary>So many are on their way when clients do not keep up, and nobody goes on without its own any longer.</summary>
    private static readonly int MostAhead = 4 * EachProcessor * Environment.ProcessorCount;

    private static readonly int Width = EachProcessor * Environment.ProcessorCount;
    private static readonly int Threads = Math.Max(2, Environment.ProcessorCount);

    private readonly Lock gate = new();
    private readonly Queue<CacheWatcher> ready = new();
    private readonly Queue<Follower> following = new();

    /// <summary>Those that were passed by.</summary>
    private readonly Queue<CacheWatcher> held = new();
    private readonly OnTheirWay onTheirWay = new();
    private long enqueued;
    private int serving;
    private int sinceOneWaited;
    private int enlisted;
    private ITimer? timer;
    private bool isTicking;
    private bool isOver;

    public string Cluster => cluster;

    /// <summary>Watchers that use it; guarded by <see cref="WakeQueues"/>.</summary>
    public int Users { get; set; }

    /// <summary>Those whose connection takes nothing. For tests.</summary>
    internal int Held
    {
        get
        {
            lock (gate)
            {
                return held.Count;
            }
        }
    }

    /// <summary>There are more to be told than a few.</summary>
    public bool IsBehind
    {
        get
        {
            lock (gate)
            {
                return HasMany;
            }
        }
    }

    private bool HasMany => ready.Count + held.Count + onTheirWay.Count > Width;

    private bool IsFull => onTheirWay.Lately >= Width;

    /// <summary>One more watcher takes its turns here.</summary>
    /// <returns>Whether it is one that waits for its client (<see cref="CacheWatcher.IsAhead"/>).</returns>
    public bool Enlist()
    {
        lock (gate)
        {
            return enlisted++ % EachWaits == 0;
        }
    }

    /// <summary>Takes no time: the caller holds locks.</summary>
    public void Add(CacheWatcher watcher)
    {
        lock (gate)
        {
            enqueued++;
            ready.Enqueue(watcher);
            Serve();
        }
    }

    /// <summary>
    /// Disposes something once those who are ready now have been told, all but a few whose clients are slow, or a quarter of a second has passed; at once where there are no more than a few.
    /// </summary>
    public void Follow(IDisposable follower)
    {
        lock (gate)
        {
            if (HasMany && !isOver)
            {
                following.Enqueue(new Follower(follower, enqueued, onTheirWay.Span + LongestFollow));
                KeepTime();
                return;
            }
        }

        follower.Dispose();
    }

    /// <summary>A watcher that was woken waits again, or has ended.</summary>
    /// <param name="since">As <see cref="CacheWatcher.Wake"/> was told.</param>
    public void Done(int since)
    {
        lock (gate)
        {
            onTheirWay.Remove(since);
            LetGo();
            Serve();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isOver = true;
            timer?.Dispose();

            // Nobody is left to wait for.
            onTheirWay.Clear();
            LetGo(all: true);
            GoOn();
            Serve();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (int i = 0; i < Turn; i++)
        {
            CacheWatcher next;
            int since;
            bool waits;
            lock (gate)
            {
                PassBy();
                if (ready.Count == 0 || IsFull)
                {
                    serving--;
                    Rest();
                    return;
                }

                bool isFew = !HasMany;
                next = ready.Dequeue();
                next.HeldUntil = 0;
                waits = isFew || next.IsAhead || onTheirWay.Count >= MostAhead || ++sinceOneWaited >= MostWithout;
                sinceOneWaited = waits ? 0 : sinceOneWaited;
                since = onTheirWay.Add();
            }

            next.Wake(since, waits);
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Under the lock.</summary>
    private void Serve()
    {
        if (ready.Count > 0 && serving < Threads && !IsFull)
        {
            serving++;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Under the lock. Of those who are ready, the first is one to be served then.</summary>
    private void PassBy()
    {
        while (!isOver && ready.TryPeek(out CacheWatcher? next) && next.IsHeldUp && (next.HeldUntil == 0 || next.HeldUntil > onTheirWay.Span))
        {
            next.HeldUntil = next.HeldUntil == 0 ? onTheirWay.Span + LongestHeld : next.HeldUntil;
            held.Enqueue(ready.Dequeue());
            KeepTime();
        }
    }

    /// <summary>Under the lock. Those who were passed by for long enough, or need not be any longer, are ready again.</summary>
    private void GoOn()
    {
        for (int i = held.Count; i > 0; i--)
        {
            CacheWatcher next = held.Dequeue();
            (next.IsHeldUp && next.HeldUntil > onTheirWay.Span && !isOver ? held : ready).Enqueue(next);
        }

        if (held.Count == 0 && held.Capacity > Kept)
        {
            held.TrimExcess();
        }
    }

    /// <summary>Under the lock.</summary>
    private void Rest()
    {
        if (ready.Count == 0)
        {
            if (ready.Capacity > Kept)
            {
                ready.TrimExcess();
            }
        }
        else
        {
            KeepTime();
        }
    }

    /// <summary>Under the lock.</summary>
    private void KeepTime()
    {
        if (!isTicking)
        {
            isTicking = true;
            timer ??= time.CreateTimer(static self => ((WakeQueue)self!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(Patience, Patience);
        }
    }

    /// <summary>Goes on without those who have been on their way for a whole span.</summary>
    private void Tick()
    {
        lock (gate)
        {
            onTheirWay.NextSpan();
            GoOn();
            LetGo();
            if (ready.Count == 0 && held.Count == 0 && following.Count == 0)
            {
                isTicking = false;
                timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            Serve();
        }
    }

    /// <summary>Under the lock. Of those who follow, the ones that need not any longer.</summary>
    private void LetGo(bool all = false)
    {
        // What is to be taken out next was put in as this one.
        while (following.TryPeek(out Follower first)
            && (all || first.Until <= onTheirWay.Span || (enqueued - ready.Count - held.Count >= first.Behind && onTheirWay.Count + held.Count <= Width)))
        {
            following.Dequeue().Item.Dispose();
        }
    }

    /// <param name="Behind">So many had been made ready by then.</param>
    /// <param name="Until">The span in which it is let go at the latest.</param>
    private readonly record struct Follower(IDisposable Item, long Behind, int Until);
}
