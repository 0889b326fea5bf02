using Orrery.Api;
using Orrery.Server.Fairness;
using Orrery.Testing;
using static Orrery.Server.Tests.Fairness.FairQueues;

namespace Orrery.Server.Tests.Fairness;

public sealed class FairQueueTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Enter_ClusterWithNothingUnderWay_NeverWaits()
    {
        FairQueue queue = Make();
        List<Task<Seat>> flood = Enter(queue, Loud, "a", 8);
        List<Task<Seat>> third = Enter(queue, Third, "a", 1);
        Assert.Equal(4, queue.Taken);

        Task<Seat> quiet = queue.EnterAsync(Quiet, "b", 1, true, Cancel).AsTask();

        Assert.True(quiet.IsCompletedSuccessfully);
        Assert.Equal(3, flood.Count(t => t.IsCompleted));
        Assert.True(third[0].IsCompleted);
    }

    [Theory]
    [InlineData(2, true, 2, 3)]
    [InlineData(0, true, 5, 0)]
    [InlineData(0, false, 5, 0)]
    [InlineData(null, true, 3, 2)]
    public void Enter_WithABoundOfItsOwn_WaitsBeyondIt(int? seats, bool queues, int admitted, int waiting)
    {
        var queue = new FairQueue(Small.Bounded(seats, queues), TimeProvider.System);

        List<Task<Seat>> asked = Enter(queue, Loud, "a", 5);

        Assert.Equal((admitted, waiting), (asked.Count(t => t.IsCompletedSuccessfully), queue.Queued));
    }

    [Fact]
    public async Task Enter_WhereNobodyWaits_IsSentAwayBeyondTheBound()
    {
        var queue = new FairQueue(Small.Bounded(1, queues: false), TimeProvider.System);
        Enter(queue, Loud, "a", 1);

        Assert.Same(Seat.SentAway, await queue.EnterAsync(Loud, "a", 1, true, Cancel));
    }

    [Fact]
    public async Task Leave_SeveralClustersWait_SeatsGoRoundThem()
    {
        FairQueue queue = Make();
        List<Task<Seat>> loud = Enter(queue, Loud, "a", 8);
        List<Task<Seat>> quiet = Enter(queue, Quiet, "b", 3);
        Assert.True(quiet[0].IsCompleted);
        Assert.False(quiet[1].IsCompleted);

        // All four seats are taken: three by the loud one. The next that is free is for whoever comes first in the round, the
        // one after it for the other.
        (await loud[0]).Dispose();
        (await loud[1]).Dispose();
        await AdmittedAsync(queue, [.. loud, .. quiet]);

        Assert.Equal(1, loud.Skip(3).Count(t => t.IsCompleted));
        Assert.True(quiet[1].IsCompleted);
    }

    [Fact]
    public async Task Leave_SeveralUsersOfAClusterWait_TheyTakeTurns()
    {
        FairQueue queue = Make();
        List<Task<Seat>> many = Enter(queue, Loud, "many", 3 + 5);
        List<Task<Seat>> one = Enter(queue, Loud, "one", 1);

        (await many[0]).Dispose();
        (await many[1]).Dispose();
        (await many[2]).Dispose();
        await AdmittedAsync(queue, [.. many, .. one]);

        Assert.True(one[0].IsCompleted, "five of another user stood before it");
        Assert.Equal(2, many.Skip(3).Count(t => t.IsCompleted));
    }

    [Fact]
    public async Task Enter_WideRequests_SpendMoreOfTheirTurn()
    {
        FairQueue queue = Make(Small with { Seats = 8, SeatsOfCluster = 8, QueueOfFlow = 100, QueueOfCluster = 200, Queue = 200 });
        List<Task<Seat>> held = Enter(queue, Loud, "holder", 1, width: 8);
        List<Task<Seat>> wide = Enter(queue, Loud, "wide", 40, width: 4);
        List<Task<Seat>> narrow = Enter(queue, Loud, "narrow", 100);
        int narrowDone = 0, wideDone = 0;
        (await held[0]).Dispose();
        while (narrowDone < 60)
        {
            foreach (Task<Seat> done in wide.Concat(narrow).Where(t => t.IsCompleted).ToList())
            {
                _ = wide.Remove(done) ? wideDone++ : narrow.Remove(done) ? narrowDone++ : 0;
                (await done).Dispose();
            }
        }

        // As many seats each: a quarter of the requests for four times the width.
        Assert.InRange(wideDone, narrowDone / 8, narrowDone / 2);
    }

    [Fact]
    public async Task Enter_QueueOfUserIsFull_IsSentAway()
    {
        FairQueue queue = Make();
        Enter(queue, Loud, "a", 3 + 5);

        Assert.Same(Seat.SentAway, await queue.EnterAsync(Loud, "a", 1, true, Cancel));
        Assert.Equal(1, queue.Rejected);
        Assert.False(queue.EnterAsync(Loud, "b", 1, true, Cancel).IsCompleted, "another user's queue has room");
    }

    [Fact]
    public async Task Enter_ClientGoesWhileWaiting_ItsPlaceIsFree()
    {
        FairQueue queue = Make();
        Enter(queue, Loud, "a", 3);
        using var gone = new CancellationTokenSource();
        Task<Seat> waiting = queue.EnterAsync(Loud, "a", 1, true, gone.Token).AsTask();

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, queue.Queued);
        Assert.Equal(3, queue.Taken);
        Assert.Equal(0, queue.Rejected);
    }

    [Fact]
    public async Task Leave_EverybodyHasGone_NothingIsKept()
    {
        FairQueue queue = Make();
        List<Task<Seat>> all = [.. Enter(queue, Loud, "a", 8), .. Enter(queue, Quiet, "b", 4), .. Enter(queue, Quiet, "c", 2)];
        foreach (Task<Seat> one in all)
        {
            (await one).Dispose();
            (await one).Dispose();
        }

        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public async Task Enter_ManyThreads_SeatsAreNeverExceededAndAllAreServed()
    {
        var queue = new FairQueue(new FairnessOptions { Seats = 6, SeatsOfCluster = 4, BusySeatsOfCluster = 4, GuaranteedSeats = 1, QueueOfFlow = 10_000, QueueOfCluster = 10_000, Queue = 100_000 }, TimeProvider.System);
        int served = 0, most = 0, inside = 0;
        await Task.WhenAll(Enumerable.Range(0, 3).SelectMany(c => Enumerable.Range(0, 40).Select(u => Task.Run(
            async () =>
            {
                for (int i = 0; i < 50; i++)
                {
                    using Seat seat = await queue.EnterAsync(new ClusterName("t", "c" + c), "u" + u, 1, true, Cancel);
                    int now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    await Task.Yield();
                    Interlocked.Decrement(ref inside);
                    Interlocked.Increment(ref served);
                }
            },
            Cancel))));

        Assert.Equal(3 * 40 * 50, served);

        // Six, and a first seat that each of three clusters has in any case.
        Assert.InRange(most, 1, 6 + 2);
        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public async Task SetAside_AllRequestsOfAClusterWaitElsewhere_OthersHaveTheirSeatsAndItsOwnDoNot()
    {
        FairQueue queue = Make();
        List<Task<Seat>> hung = Enter(queue, Loud, "a", 4);
        Aside[] asides = [queue.SetAside(Loud), queue.SetAside(Loud), queue.SetAside(Loud)];

        List<Task<Seat>> quiet = Enter(queue, Quiet, "b", 3);

        Assert.All(quiet, t => Assert.True(t.IsCompletedSuccessfully));
        Assert.False(hung[3].IsCompleted, "a cluster has no more seats for waiting");
        Assert.Equal(3, queue.Taken);

        // Those that go on count at once; whoever comes then waits until there is room again.
        Array.ForEach(asides, a => a.Dispose());
        Assert.Equal(6, queue.Taken);
        foreach (Task<Seat> seat in hung.Take(3).Concat(quiet))
        {
            (await seat).Dispose();
        }

        (await hung[3]).Dispose();
        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public async Task Untold_AsManyAsThereMayBe_FurtherChangesWaitAndNothingElseDoes()
    {
        FairQueue queue = Make(Small with { UntoldOfCluster = 2 });
        IDisposable[] untold = [queue.Untold(Loud), queue.Untold(Loud)];

        Task<Seat> change = queue.EnterAsync(Loud, "a", 1, true, Cancel, changes: true).AsTask();
        Task<Seat> read = queue.EnterAsync(Loud, "a", 1, true, Cancel).AsTask();
        Task<Seat> elsewhere = queue.EnterAsync(Quiet, "a", 1, true, Cancel, changes: true).AsTask();
        (await read).Dispose();
        (await elsewhere).Dispose();
        Assert.False(change.IsCompleted);

        untold[0].Dispose();
        (await change).Dispose();
        untold[1].Dispose();
        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public async Task SetAside_NoSeatIsTaken_ChangesNothing()
    {
        FairQueue queue = Make();
        Aside nobody = queue.SetAside(Quiet);
        Seat seat = await queue.EnterAsync(Loud, "a", 1, true, Cancel);
        Aside own = queue.SetAside(Loud), another = queue.SetAside(Loud);
        Assert.Equal(0, queue.Taken);

        // The request ends before what it waited for: its seat is not given back twice.
        seat.Dispose();
        nobody.Dispose();
        own.Dispose();
        another.Dispose();

        Assert.Equal((0, 0, 0), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public void Enter_OthersAskToo_FewOfOneClusterGoOnAtOnceUntilItIsAloneAgain()
    {
        var time = new ManualTime();
        var queue = new FairQueue(Shared, time);
        Assert.All(Enter(queue, Loud, "a", 6), t => Assert.True(t.IsCompletedSuccessfully));
        Assert.True(Enter(queue, Quiet, "b", 1)[0].IsCompletedSuccessfully);

        // Six go on, which was fine while it was alone.
        Assert.False(Enter(queue, Loud, "a", 1)[0].IsCompleted);

        time.Advance(Shared.Together + TimeSpan.FromMilliseconds(1));
        Assert.True(Enter(queue, Third, "c", 1)[0].IsCompletedSuccessfully);
        Assert.Equal(1, queue.Queued);
        time.Advance(Shared.Together + TimeSpan.FromMilliseconds(1));
        Assert.All(Enter(queue, Third, "c", 4), t => Assert.True(t.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task SetAside_OthersAskToo_TheNextGoesOnWhileItWaitsUpToWhatOneClusterMayHaveUnderWay()
    {
        var queue = new FairQueue(Shared, new ManualTime());
        Assert.True(Enter(queue, Quiet, "b", 1)[0].IsCompletedSuccessfully);
        List<Task<Seat>> loud = Enter(queue, Loud, "a", 10);
        var asides = new List<Aside>();
        for (int waits = 0; waits < Shared.SeatsOfCluster; waits++)
        {
            await AdmittedAsync(queue, loud);
            Assert.Equal(Math.Min(Shared.SeatsOfCluster, Shared.BusySeatsOfCluster + waits), loud.Count(t => t.IsCompleted));
            asides.Add((await loud[waits]).SetAside());
        }

        // Eight wait for the disk, and none goes on.
        Assert.Equal((1, 2), (queue.Taken, queue.Queued));
        asides.ForEach(a => a.Dispose());
        Assert.Equal(1 + Shared.SeatsOfCluster, queue.Taken);
        foreach (Task<Seat> seat in loud)
        {
            (await seat).Dispose();
        }

        Assert.Equal((1, 0, 1), (queue.Taken, queue.Queued, queue.Active));
    }

    [Fact]
    public async Task SetAside_WideRequest_ItsWholeWidthIsForOthers()
    {
        var queue = new FairQueue(Shared, new ManualTime());
        Assert.True(Enter(queue, Quiet, "b", 1)[0].IsCompletedSuccessfully);
        Seat list = await Enter(queue, Loud, "a", 1, width: 6)[0];
        List<Task<Seat>> plain = Enter(queue, Loud, "a", 2);
        Assert.All(plain, t => Assert.False(t.IsCompleted));

        using (list.SetAside())
        {
            await AdmittedAsync(queue, plain);
            Assert.All(plain, t => Assert.True(t.IsCompletedSuccessfully));
            Assert.Equal(3, queue.Taken);
        }

        Assert.Equal(9, queue.Taken);
        list.Dispose();
        Assert.Equal(3, queue.Taken);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen = Volatile.Read(ref target);
        while (value > seen && Interlocked.CompareExchange(ref target, value, seen) is var was && was != seen)
        {
            seen = was;
        }
    }

    private static FairQueue Make(FairnessOptions? options = null) => new(options ?? Small, TimeProvider.System);
}
