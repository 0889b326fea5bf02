namespace Orrery.Server.Fairness;

/// <summary>How many requests may be under way at once, and how many may wait. Seats are what a plain request takes one of.</summary>
internal sealed record FairnessOptions
{
    /// <summary>Seats of the whole server, whoever sits on them: enough that writes share waits for the disk, and few enough that they do not queue for the processors.</summary>
    public int Seats { get; init; } = 12 * Math.Max(1, Environment.ProcessorCount);

    /// <summary>
    /// Of what one cluster has under way, so many seats' worth may want a processor at once while others ask too; what waits for the disk, for its client or
    /// for a webhook does not count. Each step of somebody else's request stands behind as many of its steps.
    /// </summary>
    public int BusySeatsOfCluster { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>For so long after two clusters have taken turns a cluster is not alone.</summary>
    public TimeSpan Together { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Of these, what one cluster may take. The rest stays free for everybody else.</summary>
    public int SeatsOfCluster { get; init; } = 8 * Math.Max(1, Environment.ProcessorCount);

    /// <summary>Seats that a cluster has in any case, even when all others are taken.</summary>
    public int GuaranteedSeats { get; init; } = 2;

    /// <summary>
    /// Changes of one cluster that those who watch there have not been told of; further ones wait. A few, so that one telling serves for several.
    /// </summary>
    public int UntoldOfCluster { get; init; } = 4 * Math.Max(1, Environment.ProcessorCount);

    /// <summary>
    /// Root's <see cref="ClusterShare.Weight"/>: satellites and the operator's own programs, whose work is everybody's, do not wait for tenants however many of them flood.
    /// </summary>
    public int WeightOfRoot { get; init; } = 4;

    /// <summary>Requests of one user of one cluster that may wait.</summary>
    public int QueueOfFlow { get; init; } = 4_000;

    /// <summary>Requests of one cluster that may wait.</summary>
    public int QueueOfCluster { get; init; } = 6_000;

    /// <summary>Requests that may wait altogether.</summary>
    public int Queue { get; init; } = 24_000;

    /// <summary>After this a waiting request is sent away (upstream: a quarter of the request timeout).</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <param name="seats">For the server and each cluster; zero for no bound, null leaves both as they are.</param>
    /// <param name="queues">False: nobody waits.</param>
    public FairnessOptions Bounded(int? seats, bool queues)
    {
        FairnessOptions bounded = seats is { } most ? this with { Seats = most == 0 ? int.MaxValue / 2 : most, SeatsOfCluster = most == 0 ? int.MaxValue / 2 : most, BusySeatsOfCluster = most == 0 ? int.MaxValue / 2 : most } : this;
        return queues ? bounded : bounded with { Queue = 0 };
    }
}
