namespace Orrery.Client;

/// <summary>
/// Keys that wait to be worked on. A key stands in it at most once, however often it is added; a key added while it is
/// worked on comes again when that is done; no key is handed out twice at once. First come, first served; where keys are
/// somebody's, whoever has some takes turns with the others, so that thousands of one hold up nobody else's.
/// Safe for any number of threads.
/// </summary>
/// <param name="backoffMin">Wait after a key's first failure; doubles with each further one.</param>
/// <param name="backoffMax">The longest such wait.</param>
/// <param name="ownerOf">Whose a key is, asked when it is queued; null where they are all one's.</param>
/// <param name="mostOfOne">Keys of one owner that are worked on at once; 0 knows no bound.</param>
/// <param name="name">By which metrics tell of it; null where they do not.</param>
public sealed class WorkQueue<TKey>(
    TimeProvider time, TimeSpan? backoffMin = null, TimeSpan? backoffMax = null, Func<TKey, string>? ownerOf = null, int mostOfOne = 0, string? name = null) : IMeasuredQueue, IDisposable
    where TKey : notnull
{
    private readonly TimeSpan backoffMin = backoffMin ?? TimeSpan.FromMilliseconds(5);
    private readonly TimeSpan backoffMax = backoffMax ?? TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly SemaphoreSlim available = new(0);
    private readonly WorkTurns<TKey> ready = new(mostOfOne);
    private readonly QueueMeasures? measures = name is null ? null : new QueueMeasures(name);

    /// <summary>Waiting, or to be queued again when done with; since when.</summary>
    private readonly Dictionary<TKey, TimeSpan> wanted = [];

    /// <summary>Keys that are worked on, whose they were when they were queued, and since when.</summary>
    private readonly Dictionary<TKey, (string Owner, TimeSpan Since)> working = [];
    private readonly Dictionary<TKey, int> failures = [];

    /// <summary>Waits are counted from here by the clock that never jumps: the time of day may, and keys would then wait for hours.</summary>
    private readonly long began = time.GetTimestamp();

    /// <summary>When each delayed key is due; entries of <see cref="agenda"/> that say otherwise are out of date.</summary>
    private readonly Dictionary<TKey, TimeSpan> due = [];
    private readonly PriorityQueue<TKey, TimeSpan> agenda = new();
    private ITimer? timer;

    /// <summary>Keys that wait, without those delayed or being worked on.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return ready.Count;
            }
        }
    }

    (TimeSpan Sum, TimeSpan Longest) IMeasuredQueue.Unfinished
    {
        get
        {
            lock (gate)
            {
                TimeSpan now = Now, sum = default, longest = default;
                foreach ((_, TimeSpan since) in working.Values)
                {
                    sum += now - since;
                    longest = now - since > longest ? now - since : longest;
                }

                return (sum, longest);
            }
        }
    }

    public void Add(TKey key)
    {
        lock (gate)
        {
            AddLocked(key);
        }
    }

    /// <summary>Adds the key after a while, unless it is already due sooner.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        measures?.Retried();
        lock (gate)
        {
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key);
                return;
            }

            TimeSpan at = Now + delay;
            if (due.TryGetValue(key, out TimeSpan sooner) && sooner <= at)
            {
                return;
            }

            due[key] = at;
            agenda.Enqueue(key, at);
            SetTimer();
        }
    }

    /// <summary>Adds the key after a wait that doubles with each failure since <see cref="Forget"/>.</summary>
    public void AddRateLimited(TKey key)
    {
        TimeSpan wait;
        lock (gate)
        {
            int times = failures.GetValueOrDefault(key);
            failures[key] = times + 1;
            wait = TimeSpan.FromMilliseconds(Math.Min(backoffMax.TotalMilliseconds, backoffMin.TotalMilliseconds * Math.Pow(2, Math.Min(times, 40))));
        }

        AddAfter(key, Planted.Fault == PlantedFault.QueueLosesRetries ? TimeSpan.FromDays(1) : wait);
    }

    /// <summary>The key's failures are over; its next one waits shortest again.</summary>
    public void Forget(TKey key)
    {
        lock (gate)
        {
            failures.Remove(key);
        }
    }

    /// <summary>How often the key failed since it was last forgotten.</summary>
    public int Failures(TKey key)
    {
        lock (gate)
        {
            return failures.GetValueOrDefault(key);
        }
    }

    /// <summary>Waits for a key and hands it out; the taker must call <see cref="Done"/> afterwards.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        await available.WaitAsync(cancellationToken).ConfigureAwait(false);
        TKey key;
        TimeSpan waited;
        lock (gate)
        {
            (key, string owner) = ready.Take();
            TimeSpan now = Now;
            waited = now - wanted[key];
            wanted.Remove(key);
            working.Add(key, (owner, now));
        }

        measures?.Waited(waited);
        return key;
    }

    public void Done(TKey key)
    {
        lock (gate)
        {
            if (working.Remove(key, out (string Owner, TimeSpan Since) done))
            {
                Offer(ready.Done(done.Owner));
                measures?.Worked(Now - done.Since);
            }

            if (wanted.ContainsKey(key) && (Planted.Fault != PlantedFault.QueueLosesKeyBeingWorkedOn || !wanted.Remove(key)))
            {
                Enqueue(key);
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            timer?.Dispose();
            timer = null;
        }

        available.Dispose();
    }

    private TimeSpan Now => time.GetElapsedTime(began);

    private void AddLocked(TKey key)
    {
        if (!wanted.TryAdd(key, Now))
        {
            return;
        }

        measures?.Added();
        if (!working.ContainsKey(key))
        {
            Enqueue(key);
        }
    }

    private void Enqueue(TKey key) => Offer(ready.Add(key, ownerOf?.Invoke(key) ?? ""));

    /// <param name="more">Whether one more key may be taken than before.</param>
    private void Offer(bool more)
    {
        if (more)
        {
            available.Release();
        }
    }

    /// <summary>One timer for all delayed keys, set to the first that is due.</summary>
    private void SetTimer()
    {
        if (!agenda.TryPeek(out _, out TimeSpan first))
        {
            return;
        }

        TimeSpan wait = first - Now;
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
        timer ??= time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        // A millisecond more: timers count whole milliseconds and must not fire before the key is due.
        timer.Change(wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        lock (gate)
        {
            if (timer is null)
            {
                return;
            }

            TimeSpan now = Now;
            while (agenda.TryPeek(out TKey? key, out TimeSpan at) && at <= now)
            {
                agenda.Dequeue();
                if (due.TryGetValue(key, out TimeSpan current) && current == at)
                {
                    due.Remove(key);
                    AddLocked(key);
                }
            }

            if (Planted.Fault != PlantedFault.QueueRingsOnce) SetTimer();
        }
    }
}
