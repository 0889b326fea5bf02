using Orrery.Api;
using Orrery.Server.Fairness;
using Orrery.Testing;
using static Orrery.Server.Tests.Fairness.FairQueues;

namespace Orrery.Server.Tests.Fairness;

/// <summary>How much each has.</summary>
public sealed class FairQueueShareTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leave_ClustersOfDifferentWeightsWait_TheHeavierHasMoreOfEachRound()
    {
        FairnessOptions options = Small with { Seats = 8, SeatsOfCluster = 8, BusySeatsOfCluster = 8, GuaranteedSeats = 0, QueueOfFlow = 20, QueueOfCluster = 20, Queue = 40 };
        var queue = new FairQueue(options, new ManualTime(), cluster => cluster == Loud ? 3 : 1);
        Seat all = await Enter(queue, Third, "c", 1, width: 8)[0];
        List<Task<Seat>> plain = Enter(queue, Quiet, "b", 10);
        List<Task<Seat>> heavy = Enter(queue, Loud, "a", 10);
        Assert.Equal((1, 1), (plain.Count(t => t.IsCompleted), heavy.Count(t => t.IsCompleted)));

        all.Dispose();
        await AdmittedAsync(queue, [.. plain, .. heavy]);

        // Six are free: one for the plain one, three for the other, and once more round.
        Assert.Equal((3, 5), (plain.Count(t => t.IsCompleted), heavy.Count(t => t.IsCompleted)));
        foreach (Task<Seat> seat in plain.Concat(heavy).OrderBy(t => !t.IsCompleted))
        {
            (await seat).Dispose();
        }

        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 6)]
    [InlineData(100, 8)]
    public void Enter_OthersAskToo_ByItsWeightMoreOfAClusterGoesOnAtOnce(int weight, int wanted)
    {
        var queue = new FairQueue(Shared, new ManualTime(), cluster => cluster == Loud ? weight : 1);
        Assert.True(Enter(queue, Quiet, "b", 1)[0].IsCompletedSuccessfully);

        Assert.Equal(wanted, Enter(queue, Loud, "a", 20).Count(t => t.IsCompletedSuccessfully));
    }

    [Fact]
    public void Enter_ManyTenantsHaveTakenEverything_RootGoesOn()
    {
        var queue = new FairQueue(Shared with { Queue = 1_000 }, new ManualTime());
        for (int tenant = 0; tenant < 50; tenant++)
        {
            Enter(queue, new ClusterName("tenants", "t" + tenant), "a", 10);
        }

        Assert.True(queue.Queued > 400);

        Task<Seat>[] satellites = [.. Enumerable.Range(0, Shared.WeightOfRoot).Select(i => queue.EnterAsync(ClusterName.Root, "satellite-" + i, 1, true, Cancel).AsTask())];

        Assert.All(satellites, s => Assert.True(s.IsCompletedSuccessfully, "it waits behind tenants"));
    }
}
