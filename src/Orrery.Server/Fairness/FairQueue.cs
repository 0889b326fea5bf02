using Orrery.Api;

namespace Orrery.Server.Fairness;

/// <summary>
/// Shares the server among its clusters, and each cluster's part among its users. A request takes seats; when there are
/// none it waits in its user's queue. Free seats go round the clusters that wait, and within each round its users, by
/// deficit round robin: whoever asks for wide requests waits longer for each.
/// <para>
/// A cluster that uses little never waits: the first seats are guaranteed to it. Uncontended, a request costs one lock and
/// one small object.
/// </para>
/// </summary>
/// <param name="weightOf">Weight of a virtual cluster, at least one; null weighs all alike.</param>
internal sealed class FairQueue(FairnessOptions options, TimeProvider time, Func<ClusterName, int>? weightOf = null)
{
    private readonly Lock gate = new();
    private readonly Dictionary<ClusterName, ClusterShare> clusters = [];
    private readonly LinkedList<ClusterShare> waiting = [];
    private int taken;
    private int queued;

    // Who asked last, and when that was last another than before; 0 is never.
    private ClusterName? latest;
    private long alternated;

    /// <summary>Seats taken now, without those set aside.</summary>
    public int Taken
    {
        get
        {
            lock (gate)
            {
                return taken;
            }
        }
    }

    /// <summary>Requests that wait now.</summary>
    public int Queued
    {
        get
        {
            lock (gate)
            {
                return queued;
            }
        }
    }

    /// <summary>Requests that were sent away so far.</summary>
    public long Rejected
    {
        get
        {
            lock (gate)
            {
                return field;
            }
        }
        private set;
    }

    /// <summary>Two clusters have asked lately. While nobody else has, a cluster may keep all processors busy, and the queues behind them full.</summary>
    public bool IsShared => Volatile.Read(ref alternated) is not 0 and long when && time.GetElapsedTime(when) <= options.Together;

    /// <summary>Clusters that have something under way or waiting.</summary>
    internal int Active
    {
        get
        {
            lock (gate)
            {
                return clusters.Count;
            }
        }
    }

    /// <param name="width">Seats wanted, at least one; more than a cluster may have counts as all that it may have.</param>
    /// <param name="mayWait">False: it is sent away where it would have to.</param>
    /// <param name="changes">It may change something that others watch.</param>
    /// <returns>To be disposed when the request has been answered. <see cref="Seat.SentAway"/>: too many wait already, it has waited too long, or it may not wait.</returns>
    public ValueTask<Seat> EnterAsync(ClusterName cluster, string user, int width, bool mayWait, CancellationToken cancellationToken, bool changes = false)
    {
        width = Math.Clamp(width, 1, options.SeatsOfCluster);
        int weight = cluster.IsRoot ? options.WeightOfRoot : weightOf?.Invoke(cluster) ?? 1;
        Waiter waiter;
        lock (gate)
        {
            if (latest != cluster)
            {
                Volatile.Write(ref alternated, latest is null ? 0 : time.GetTimestamp());
                latest = cluster;
            }

            ClusterShare share = ShareOf(cluster);
            share.Weigh(weight);
            if (share.Queued == 0 && (!changes || MayChange(share)) && Fits(share, width))
            {
                Take(share, width);
                return new ValueTask<Seat>(new Seat(this, share, width));
            }

            Flow flow = share.FlowOf(user, changes);
            if (!mayWait || queued >= options.Queue || share.Queued >= options.QueueOfCluster || flow.Count >= options.QueueOfFlow)
            {
                share.Forget(flow);
                Rejected++;
                return new ValueTask<Seat>(Seat.SentAway);
            }

            waiter = new Waiter(share, flow, width);
            share.Add(waiter);
            queued++;
            if (share.Place.List is null)
            {
                waiting.AddLast(share.Place);
            }

            Serve();
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>
    /// For as long as a request of that cluster waits for somebody elsewhere, such as a webhook that its tenant runs: it spends nothing of the server, so others
    /// may have its seat, while its own cluster goes without. Seats of a cluster are alike; where none is taken, nothing is set aside.
    /// </summary>
    /// <returns>To be disposed when the request goes on. It does so at once, even if there are more seats taken then than there are.</returns>
    public Aside SetAside(ClusterName cluster)
    {
        lock (gate)
        {
            if (!clusters.TryGetValue(cluster, out ClusterShare? share) || share.Aside == share.Taken)
            {
                return default;
            }

            return SetAside(share, 1);
        }
    }

    /// <summary>
    /// A change of that cluster was answered, and not all who watch have been told of it. A few such may be; further changes wait until it is disposed, other requests do not.
    /// </summary>
    /// <returns>To be disposed, once.</returns>
    public IDisposable Untold(ClusterName cluster)
    {
        lock (gate)
        {
            ClusterShare share = ShareOf(cluster);
            share.Untold++;
            return new UntoldChange(this, share);
        }
    }

    internal void Told(ClusterShare share)
    {
        lock (gate)
        {
            share.Untold--;
            Serve();
            Tidy(share);
        }
    }

    internal Aside SetAsideOf(ClusterShare share, int width)
    {
        lock (gate)
        {
            return SetAside(share, Math.Min(width, share.Busy));
        }
    }

    internal void Return(ClusterShare share, int width)
    {
        lock (gate)
        {
            // Its request may have left before, and another's seat was counted again for it.
            int back = Math.Min(width, share.Aside);
            share.Aside -= back;
            taken += back;
        }
    }

    internal void Leave(ClusterShare share, int width)
    {
        lock (gate)
        {
            taken -= width;
            share.Taken -= width;
            int gone = Math.Max(0, share.Aside - share.Taken);
            share.Aside -= gone;
            taken += gone;
            Serve();
            Tidy(share);
        }
    }

    private Aside SetAside(ClusterShare share, int width)
    {
        share.Aside += width;
        taken -= width;
        Serve();
        return new Aside(this, share, width);
    }

    private async ValueTask<Seat> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Admitted.WaitAsync(options.LongestWait, time, cancellationToken);
            return new Seat(this, waiter.Share, waiter.Width);
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException)
        {
            if (!Withdraw(waiter))
            {
                // Admitted in the same moment: the seats are given back.
                Leave(waiter.Share, waiter.Width);
            }

            if (fault is TimeoutException)
            {
                lock (gate)
                {
                    Rejected++;
                }

                return Seat.SentAway;
            }

            throw;
        }
    }

    private bool Withdraw(Waiter waiter)
    {
        lock (gate)
        {
            if (waiter.IsAdmitted)
            {
                return false;
            }

            waiter.Share.Remove(waiter);
            queued--;
            Serve();
            Tidy(waiter.Share);
            return true;
        }
    }

    /// <summary>Goes round the waiting clusters as long as somebody's next request fits.</summary>
    private void Serve()
    {
        int passed = 0;
        while (waiting.First is { } place && passed < waiting.Count)
        {
            ClusterShare share = place.Value;
            waiting.RemoveFirst();
            if (share.Queued > 0)
            {
                waiting.AddLast(place);
            }

            if (share.Next(MayChange(share)) is { } next && Fits(share, next.Width))
            {
                share.Remove(next);
                queued--;
                Take(share, next.Width);
                next.IsAdmitted = true;
                ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: false);
                passed = 0;
                TakeTurn(share);
            }
            else
            {
                passed++;
            }
        }
    }

    /// <summary>After a request of its was let in: it goes on while its weight lasts, then the next cluster does.</summary>
    private void TakeTurn(ClusterShare share)
    {
        if (--share.Turns > 0 && share.Queued > 0)
        {
            waiting.Remove(share.Place);
            waiting.AddFirst(share.Place);
            return;
        }

        share.Turns = share.Weight;
        if (share.Queued == 0 && share.Place.List is not null)
        {
            waiting.Remove(share.Place);
        }
    }

    private bool Fits(ClusterShare share, int width) =>
        share.Taken == 0
        || (share.Taken + width <= options.SeatsOfCluster
            && (share.Taken + width <= Weighted(share, options.GuaranteedSeats)
                || (taken + width <= options.Seats && (share.Busy == 0 || share.Busy + width <= Weighted(share, options.BusySeatsOfCluster) || !IsShared))));

    private bool MayChange(ClusterShare share) => share.Untold < options.UntoldOfCluster;

    private static long Weighted(ClusterShare share, int seats) => (long)share.Weight * seats;


    private ClusterShare ShareOf(ClusterName cluster)
    {
        if (!clusters.TryGetValue(cluster, out ClusterShare? share))
        {
            clusters.Add(cluster, share = new ClusterShare(cluster));
        }

        return share;
    }

    private void Take(ClusterShare share, int width)
    {
        taken += width;
        share.Taken += width;
    }

    /// <summary>An idle cluster leaves nothing behind.</summary>
    private void Tidy(ClusterShare share)
    {
        if (share.IsIdle)
        {
            if (share.Place.List is not null)
            {
                waiting.Remove(share.Place);
            }

            clusters.Remove(share.Cluster);
        }
    }
}

/// <summary>What a request has taken; disposing gives it back, once.</summary>
internal sealed class Seat(FairQueue? queue, ClusterShare? share, int width) : IDisposable
{
    /// <summary>Of requests that are not counted.</summary>
    public static readonly Seat None = new(null, null, 0);

    /// <summary>Of those that are not let in. No exception: a flood is sent away by the ten thousand, and each would cost more than what it is refused.</summary>
    public static readonly Seat SentAway = new(null, null, 0);

    private FairQueue? queue = queue;

    /// <summary>Null once it was given back: a watch that goes on for hours keeps its seat, and need not keep what its cluster had under way when it began.</summary>
    private ClusterShare? share = share;

    /// <summary>
    /// For as long as its request waits for the disk or for its client: it wants no processor, so others may have its seat, while its cluster has it under way.
    /// </summary>
    /// <returns>To be disposed, once, when the request goes on, which it does at once.</returns>
    public Aside SetAside() => queue is { } held && share is { } own ? held.SetAsideOf(own, width) : default;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref queue, null) is { } held)
        {
            held.Leave(share!, width);
            share = null;
        }
    }
}

/// <summary>A seat that is set aside; disposing, once, takes it again.</summary>
internal readonly struct Aside(FairQueue? queue, ClusterShare? share, int width) : IDisposable
{
    public void Dispose() => queue?.Return(share!, width);
}

/// <summary>A change that not all who watch have been told of; disposing, once, says that they have.</summary>
internal sealed class UntoldChange(FairQueue queue, ClusterShare share) : IDisposable
{
    public void Dispose() => queue.Told(share);
}
