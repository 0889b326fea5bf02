using Orrery.Server.Cache;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Keys to be looked at: each once however often it is added, by one reader at a time, a failed one again after a while. Clusters take turns, so that one
/// of which a hundred thousand wait holds up no other.
/// </summary>
internal sealed class KeyQueue(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();

    /// <summary>By cluster; of one of which none waits there is nothing.</summary>
    private readonly Dictionary<string, Queue<string>> ready = new(StringComparer.Ordinal);
    private readonly Queue<string> turns = new();
    private readonly HashSet<string> queued = new(StringComparer.Ordinal);
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> again = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> later = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim available = new(0);

    public void Add(string key)
    {
        lock (gate)
        {
            if (taken.Contains(key))
            {
                again.Add(key);
            }
            else if (queued.Add(key))
            {
                Enqueue(key);
            }
        }
    }

    /// <summary>The look at a key that was taken is over. Looks at it again after a while that doubles each time, until <see cref="Done"/>.</summary>
    /// <param name="atMost">The longest while.</param>
    public void Retry(string key, TimeSpan atMost)
    {
        lock (gate)
        {
            Release(key);
            int failed = failures[key] = failures.GetValueOrDefault(key) + 1;
            TimeSpan wait = FirstRetry * Math.Pow(2, Math.Min(failed - 1, 16));
            if (!later.ContainsKey(key))
            {
                later[key] = time.CreateTimer(_ => Due(key), null, wait < atMost ? wait : atMost, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Looks at the key after a while; adding it again within that while changes nothing.</summary>
    public void AddLater(string key, TimeSpan wait)
    {
        lock (gate)
        {
            if (!later.ContainsKey(key) && !queued.Contains(key))
            {
                later[key] = time.CreateTimer(_ => Due(key), null, wait, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>The look at a key that was taken is over, and all is well.</summary>
    public void Done(string key)
    {
        lock (gate)
        {
            failures.Remove(key);
            Release(key);
        }
    }

    public async ValueTask<string> TakeAsync(CancellationToken cancellationToken)
    {
        await available.WaitAsync(cancellationToken);
        lock (gate)
        {
            string cluster = turns.Dequeue();
            Queue<string> waiting = ready[cluster];
            string key = waiting.Dequeue();
            if (waiting.Count > 0)
            {
                turns.Enqueue(cluster);
            }
            else
            {
                ready.Remove(cluster);
            }

            queued.Remove(key);
            taken.Add(key);
            return key;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (ITimer timer in later.Values)
            {
                timer.Dispose();
            }

            later.Clear();
        }

        available.Dispose();
    }

    private void Enqueue(string key)
    {
        ReadOnlySpan<char> cluster = KeyParts.TryParse(key, out KeyParts parts) ? key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1) : default;
        if (!ready.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(cluster, out Queue<string>? waiting))
        {
            string name = cluster.ToString();
            ready.Add(name, waiting = new Queue<string>());
            turns.Enqueue(name);
        }

        waiting.Enqueue(key);
        available.Release();
    }

    /// <summary>What was added while somebody looked may have come too late for that look.</summary>
    private void Release(string key)
    {
        taken.Remove(key);
        if (again.Remove(key))
        {
            Add(key);
        }
    }

    private void Due(string key)
    {
        lock (gate)
        {
            if (later.Remove(key, out ITimer? timer))
            {
                timer.Dispose();
                Add(key);
            }
        }
    }
}
