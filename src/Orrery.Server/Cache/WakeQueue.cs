namespace Orrery.Server.Cache;

/// <summary>
/// Wakes the watchers of one virtual cluster, a few at a time. One change there may be for thousands of them; as so many pieces of work for the pool they would stand before everything that others
/// have ready, and so would what HTTP/2 and TLS then have to send for each. Here they wait for their turn: after a few it is for others to go on, and a few have something on its way at a moment.
/// <para>
/// A watcher is on its way from when it is woken until it waits again, with all sent that it had. One whose client takes nothing may stay there for as long as it likes: after two
/// spans of <see cref="Patience"/> others go on without it.
/// </para>
/// </summary>
/// <param name="cluster">As it stands in keys of the store.</param>
internal sealed class WakeQueue(string cluster, TimeProvider time) : IThreadPoolWorkItem, IDisposable
{
    /// <summary>Watchers that are on their way at the same moment, for each processor.</summary>
    internal const int EachProcessor = 4;

    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    /// <summary>Watchers that are served before others have their turn: some 20 µs, or 100 where much waits for each.</summary>
    private const int Turn = 4;

    /// <summary>Room that stays for the next change.</summary>
    private const int Kept = 64;

    private static readonly int Width = EachProcessor * Environment.ProcessorCount;
    private static readonly int Threads = Math.Max(2, Environment.ProcessorCount);

    private readonly Lock gate = new();
    private readonly Queue<CacheWatcher> ready = new();
    private int serving;
    private int span;
    private int onTheirWay;
    private int onTheirWayLonger;
    private ITimer? timer;
    private bool isTicking;

    public string Cluster => cluster;

    /// <summary>Watchers that use it; guarded by <see cref="WakeQueues"/>.</summary>
    public int Users { get; set; }

    private bool IsFull => onTheirWay + onTheirWayLonger >= Width;

    /// <summary>Takes no time: the caller holds locks.</summary>
    public void Add(CacheWatcher watcher)
    {
        lock (gate)
        {
            ready.Enqueue(watcher);
            Serve();
        }
    }

    /// <summary>A watcher that was woken waits again, or has ended.</summary>
    /// <param name="since">As <see cref="CacheWatcher.Wake"/> was told.</param>
    public void Done(int since)
    {
        lock (gate)
        {
            if (since == span)
            {
                onTheirWay--;
            }
            else if (since == span - 1)
            {
                onTheirWayLonger--;
            }

            Serve();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            timer?.Dispose();

            // Nobody is left to wait for.
            span += 2;
            onTheirWay = onTheirWayLonger = 0;
            Serve();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (int i = 0; i < Turn; i++)
        {
            CacheWatcher next;
            int since;
            lock (gate)
            {
                if (ready.Count == 0 || IsFull)
                {
                    serving--;
                    Rest();
                    return;
                }

                next = ready.Dequeue();
                since = span;
                onTheirWay++;
            }

            next.Wake(since);
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
        else if (!isTicking)
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
            span++;
            onTheirWayLonger = onTheirWay;
            onTheirWay = 0;
            if (ready.Count == 0)
            {
                isTicking = false;
                timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            Serve();
        }
    }
}

/// <summary>The <see cref="WakeQueue"/> of each virtual cluster that somebody watches.</summary>
internal sealed class WakeQueues(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, WakeQueue> byCluster = new(StringComparer.Ordinal);

    /// <summary>Clusters that are watched.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return byCluster.Count;
            }
        }
    }

    /// <summary>To be given back by <see cref="Return"/>.</summary>
    /// <param name="cluster">As it stands in keys of the store.</param>
    public WakeQueue Take(ReadOnlySpan<char> cluster)
    {
        lock (gate)
        {
            if (!byCluster.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(cluster, out WakeQueue? queue))
            {
                queue = new WakeQueue(cluster.ToString(), time);
                byCluster.Add(queue.Cluster, queue);
            }

            queue.Users++;
            return queue;
        }
    }

    public void Return(WakeQueue queue)
    {
        lock (gate)
        {
            if (--queue.Users == 0)
            {
                byCluster.Remove(queue.Cluster);
                queue.Dispose();
            }
        }
    }
}
