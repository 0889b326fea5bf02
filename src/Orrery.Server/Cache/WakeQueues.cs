namespace Orrery.Server.Cache;

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

    /// <summary>Null where nobody watches.</summary>
    /// <param name="cluster">As it stands in keys of the store.</param>
    public WakeQueue? Find(string cluster)
    {
        lock (gate)
        {
            return byCluster.GetValueOrDefault(cluster);
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
