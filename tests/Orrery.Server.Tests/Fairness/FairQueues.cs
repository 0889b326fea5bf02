using Orrery.Api;
using Orrery.Server.Fairness;

namespace Orrery.Server.Tests.Fairness;

/// <summary>Clusters that ask a queue, and how it is set.</summary>
internal static class FairQueues
{
    public static readonly ClusterName Loud = new("acme", "loud");
    public static readonly ClusterName Quiet = new("acme", "quiet");
    public static readonly ClusterName Third = new("acme", "third");

    public static readonly FairnessOptions Small = new() { Seats = 4, SeatsOfCluster = 3, BusySeatsOfCluster = 3, GuaranteedSeats = 1, QueueOfFlow = 5, QueueOfCluster = 8, Queue = 20, LongestWait = TimeSpan.FromMinutes(10) };

    public static readonly FairnessOptions Shared = new() { Seats = 12, SeatsOfCluster = 8, BusySeatsOfCluster = 2, GuaranteedSeats = 1, QueueOfFlow = 20, QueueOfCluster = 20, Queue = 20, LongestWait = TimeSpan.FromMinutes(10) };

    /// <summary>Whoever was let in learns it on another thread.</summary>
    public static Task AdmittedAsync(FairQueue queue, List<Task<Seat>> all) => Orrery.Testing.Eventually.TrueAsync(
        () => all.Count(t => t.IsCompleted) >= all.Count - queue.Queued, "all who were let in know of it", cancellationToken: TestContext.Current.CancellationToken);

    public static List<Task<Seat>> Enter(FairQueue queue, ClusterName cluster, string user, int count, int width = 1) =>
        [.. Enumerable.Range(0, count).Select(_ => queue.EnterAsync(cluster, user, width, true, TestContext.Current.CancellationToken).AsTask())];
}
