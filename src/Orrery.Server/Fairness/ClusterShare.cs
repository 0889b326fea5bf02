using Orrery.Api;

namespace Orrery.Server.Fairness;

/// <summary>What one cluster has under way and waiting. Guarded by the queue's lock; exists only while there is any.</summary>
internal sealed class ClusterShare
{
    /// <summary>What a user may spend in one round, in seats: a plain request, or a part of a wide one.</summary>
    public const int Quantum = 1;

    private readonly Dictionary<(string User, bool Changes), Flow> flows = [];
    private readonly LinkedList<Flow> round = [];

    public ClusterShare(ClusterName cluster)
    {
        Cluster = cluster;
        Place = new LinkedListNode<ClusterShare>(this);
    }

    public ClusterName Cluster { get; }

    /// <summary>
    /// So many times what a plain cluster has: requests in each round of the clusters that wait, seats that are guaranteed, and seats' worth that may be busy
    /// while others ask. All that one cluster may take stays the same.
    /// </summary>
    public int Weight { get; private set; } = 1;

    /// <summary>Requests that it may still send on before the round goes on to the next cluster.</summary>
    public int Turns { get; set; } = 1;

    public int Taken { get; set; }

    /// <summary>Of the seats taken, those whose requests wait for somebody elsewhere; the server does not count them meanwhile.</summary>
    public int Aside { get; set; }

    /// <summary>Seats whose requests go on, and so want a processor.</summary>
    public int Busy => Taken - Aside;

    public int Queued { get; private set; }

    /// <summary>Where it stands in the round of clusters.</summary>
    public LinkedListNode<ClusterShare> Place { get; }

    /// <summary>Changes that those who watch have not been told of yet.</summary>
    public int Untold { get; set; }

    /// <summary>Nothing is under way and nobody waits.</summary>
    public bool IsIdle => Taken == 0 && Queued == 0 && Untold == 0;

    /// <summary>Whose turn it is: the first user in the round who has saved up for the request that waits longest; null when none waits.</summary>
    /// <param name="mayChange">Whether those that change something are among them.</param>
    public Waiter? Next(bool mayChange)
    {
        for (int passed = 0; passed < round.Count;)
        {
            LinkedListNode<Flow> place = round.First!;
            Flow flow = place.Value;
            if (flow.Changes && !mayChange)
            {
                passed++;
            }
            else if (flow.First!.Width <= flow.Credit)
            {
                return flow.First;
            }
            else
            {
                // Not yet: save, and let the next one go.
                flow.Credit += Quantum;
                passed = 0;
            }

            round.RemoveFirst();
            round.AddLast(place);
        }

        return null;
    }

    /// <param name="weight">At least one.</param>
    public void Weigh(int weight)
    {
        if (weight != Weight)
        {
            Weight = weight;
            Turns = weight;
        }
    }

    public Flow FlowOf(string user, bool changes)
    {
        if (!flows.TryGetValue((user, changes), out Flow? flow))
        {
            flows.Add((user, changes), flow = new Flow(user, changes));
        }

        return flow;
    }

    public void Add(Waiter waiter)
    {
        Flow flow = waiter.Flow;
        waiter.Place = flow.Add(waiter);
        Queued++;
        if (flow.Place.List is null)
        {
            round.AddLast(flow.Place);
        }
    }

    /// <summary>Takes a request out: it is admitted, or has given up.</summary>
    public void Remove(Waiter waiter)
    {
        Flow flow = waiter.Flow;
        flow.Credit = Math.Max(0, flow.Credit - waiter.Width);
        flow.Remove(waiter);
        Queued--;
        Forget(flow);
    }

    /// <summary>A user who waits for nothing leaves nothing behind, and saves nothing.</summary>
    public void Forget(Flow flow)
    {
        if (flow.Count == 0)
        {
            if (flow.Place.List is not null)
            {
                round.Remove(flow.Place);
            }

            flows.Remove((flow.User, flow.Changes));
        }
    }
}

/// <summary>Requests of one user that wait, oldest first; those that change something wait by themselves, since what holds them up holds no others up.</summary>
internal sealed class Flow
{
    private readonly LinkedList<Waiter> waiters = [];

    public Flow(string user, bool changes)
    {
        User = user;
        Changes = changes;
        Place = new LinkedListNode<Flow>(this);
    }

    public string User { get; }

    public bool Changes { get; }

    public int Credit { get; set; } = ClusterShare.Quantum;

    public int Count => waiters.Count;

    public Waiter? First => waiters.First?.Value;

    public LinkedListNode<Flow> Place { get; }

    public LinkedListNode<Waiter> Add(Waiter waiter) => waiters.AddLast(waiter);

    public void Remove(Waiter waiter) => waiters.Remove(waiter.Place!);
}

/// <summary>
/// One request that waits. Once it is let in it is work for the pool, behind all that was ready before it. Were it to go on as the continuation of the request that made room for it, it would
/// stand in front: in the queue of that thread, which takes from its own queue first. Each request of a flood lets the next one in, so that no thread would look at what others have ready.
/// </summary>
internal sealed class Waiter(ClusterShare share, Flow flow, int width) : IThreadPoolWorkItem
{
    private readonly TaskCompletionSource admitted = new();

    public ClusterShare Share { get; } = share;

    public Flow Flow { get; } = flow;

    public int Width { get; } = width;

    /// <summary>Ends when it is let in.</summary>
    public Task Admitted => admitted.Task;

    public bool IsAdmitted { get; set; }

    public LinkedListNode<Waiter>? Place { get; set; }

    void IThreadPoolWorkItem.Execute() => admitted.SetResult();
}
