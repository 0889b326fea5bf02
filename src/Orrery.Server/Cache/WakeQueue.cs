namespace Orrery.Server.Cache;

/// <summary>
/// Wakes the watchers of one virtual cluster, a few at a time. One change there may be for thousands of them; as so many pieces of work for the pool they would stand before everything that others
/// have ready. Here they wait for their turn, and after a few it is for others to go on.
/// </summary>
/// <param name="cluster">As it stands in keys of the store.</param>
/// <param name="width">Watchers that may be served at the same moment.</param>
internal sealed class WakeQueue(string cluster, int width) : IThreadPoolWorkItem
{
    /// <summary>Watchers that are served before others have their turn: some 20 µs, or 100 where much waits for each.</summary>
    private const int Turn = 4;

    /// <summary>Room that stays for the next change.</summary>
    private const int Kept = 64;

    private readonly Lock gate = new();
    private readonly Queue<CacheWatcher> ready = new();
    private int serving;

    public string Cluster => cluster;

    /// <summary>Watchers that use it; guarded by <see cref="WakeQueues"/>.</summary>
    public int Users { get; set; }

    /// <summary>Takes no time: the caller holds locks.</summary>
    public void Add(CacheWatcher watcher)
    {
        lock (gate)
        {
            ready.Enqueue(watcher);
            if (serving == width)
            {
                return;
            }

            serving++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (int i = 0; i < Turn; i++)
        {
            CacheWatcher? next;
            lock (gate)
            {
                if (!ready.TryDequeue(out next))
                {
                    serving--;
                    if (ready.Capacity > Kept)
                    {
                        ready.TrimExcess();
                    }

                    return;
                }
            }

            next.Wake();
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}

/// <summary>The <see cref="WakeQueue"/> of each virtual cluster that somebody watches.</summary>
internal sealed class WakeQueues
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
                queue = new WakeQueue(cluster.ToString(), Math.Max(2, Environment.ProcessorCount));
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
            }
        }
    }
}
