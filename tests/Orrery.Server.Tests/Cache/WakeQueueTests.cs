using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Transport.Sockets;
using Orrery.Testing;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

/// <summary>Of a change that many watch, those of one virtual cluster are told in turn, and others have theirs in between.</summary>
public sealed class WakeQueueTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Publish_ToManyOfOneCluster_ServesFewAtATimeAndLetsOthersGoBetween()
    {
        const int Watchers = 400;
        await using CacheFixture fixture = await StartAsync();
        var other = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Crowd? crowd = null;
        int asked = 0, turns = 0;

        // Whoever is told first has other work to be done, by whichever thread comes to it, and that more of the same. One look alone would tell of a thread
        // that is held up between taking the work and looking.
        void Work(object? _)
        {
            if (crowd!.Served < Watchers)
            {
                turns++;
                ThreadPool.UnsafeQueueUserWorkItem(Work, null);
            }
            else
            {
                other.SetResult();
            }
        }

        crowd = new Crowd(fixture, Watchers, () =>
        {
            if (Interlocked.Exchange(ref asked, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(Work, null);
            }

            return Task.CompletedTask;
        });
        await fixture.PutPod(Shop, "web-0");
        await crowd.AllServedAsync();
        await other.Task.WaitAsync(Long, Token);

        // Behind all of them it would have had none or one.
        Assert.True(turns >= Watchers / 40, $"other work had {turns} turns among {Watchers}");
        Assert.InRange(crowd.MostAtOnce, 1, Math.Max(2, Environment.ProcessorCount));
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Publish_ToMany_HasFewOfThemWaitForTheirClients()
    {
        const int Watchers = 800;
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var crowd = new Crowd(fixture, Watchers);

        await fixture.PutPod(Shop, "web-0");
        await crowd.AllServedAsync();

        // One of sixteen, and those who came when there were not many yet, or any longer.
        Assert.InRange(crowd.Waited, Watchers / 20, Watchers / 2);
        await crowd.StopAsync();
    }

    /// <summary>What a wait leaves in a watcher is looked through by each collection.</summary>
    [Fact]
    public async Task Publish_ToMany_HasTheSameOnesWaitEachTime()
    {
        const int Watchers = 803, Changes = 10;
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var crowd = new Crowd(fixture, Watchers);

        for (int i = 1; i <= Changes; i++)
        {
            await fixture.PutPod(Shop, "web-0", $"{i}");
            await crowd.ServedAsync(i * Watchers);
        }

        // Those who came when there were few differ.
        Assert.InRange(crowd.WhoWaited(Changes - 1), Watchers / 20, Watchers / 14);
        Assert.InRange(crowd.WhoWaited(2), Watchers / 20, Watchers / 4);
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Publish_ToFew_HasAllWaitForTheirClients()
    {
        const int Watchers = 4;
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var crowd = new Crowd(fixture, Watchers);

        await fixture.PutPod(Shop, "web-0");
        await crowd.AllServedAsync();

        Assert.Equal(Watchers, crowd.Waited);
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Publish_ToReadersThatTakeTheirTime_HasFewOnTheirWayAtOnce()
    {
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var crowd = new Crowd(fixture, 400, () => Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Token));

        await fixture.PutPod(Shop, "web-0");
        await crowd.AllServedAsync();

        Assert.InRange(crowd.MostAtOnce, 1, WakeQueue.EachProcessor * Environment.ProcessorCount);
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Publish_ToReadersThatTakeNothing_ServesTheOthers()
    {
        await using CacheFixture fixture = await StartAsync();
        var others = new Crowd(fixture, 50);
        var taken = new TaskCompletionSource();
        var stuck = new Crowd(fixture, 5 * WakeQueue.EachProcessor * Environment.ProcessorCount, () => taken.Task);

        for (int i = 0; i < 3; i++)
        {
            await fixture.PutPod(Shop, "web-0", $"{i}");
        }

        await others.AllServedAsync();
        Assert.Equal(0, stuck.Served);
        taken.SetResult();
        await stuck.AllServedAsync();
        await others.StopAsync();
        await stuck.StopAsync();
    }

    [Fact]
    public async Task Publish_ToOneWhoseConnectionTakesNothing_ServesItOnceThatDoes()
    {
        var time = new ManualTime();
        await using CacheFixture fixture = await StartAsync(time: time);
        var others = new Crowd(fixture, 50);
        var connection = new HeldUp { IsHeldUp = true };
        var held = new Crowd(fixture, 100, connection: connection);
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;

        // 1. The others are told, and whoever made the change waits for the rest.
        await fixture.PutPod(Shop, "web-0");
        await others.AllServedAsync();
        var follower = new Follower(() => held.Served);
        wakes.Follow(follower);
        time.Advance(WakeQueue.Patience);
        Assert.Equal(0, held.Served);
        Assert.False(follower.At.IsCompleted);

        // 2. It takes something.
        connection.IsHeldUp = false;
        time.Advance(WakeQueue.Patience);
        await held.AllServedAsync();
        time.Advance(WakeQueue.Patience);
        Assert.InRange(await follower.At.WaitAsync(Long, Token), 100 - (2 * WakeQueue.EachProcessor * Environment.ProcessorCount), 100);
        await others.StopAsync();
        await held.StopAsync();
    }

    [Fact]
    public async Task Publish_ToOneWhoseConnectionTakesNothingForLong_ServesItAllTheSame()
    {
        var time = new ManualTime();
        await using CacheFixture fixture = await StartAsync(time: time);
        var held = new Crowd(fixture, 20, connection: new HeldUp { IsHeldUp = true });
        await fixture.PutPod(Shop, "web-0");
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;
        await Eventually.TrueAsync(() => wakes.Held == 20, "all are passed by", cancellationToken: Token);

        for (int i = 1; i < WakeQueue.LongestHeld; i++)
        {
            time.Advance(WakeQueue.Patience);
        }

        Assert.Equal(20, wakes.Held);
        Assert.Equal(0, held.Served);
        time.Advance(WakeQueue.Patience);
        await held.AllServedAsync();
        await held.StopAsync();
    }

    [Fact]
    public async Task Follow_ManyAreToBeTold_ComesAfterThem()
    {
        const int Watchers = 400;
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var crowd = new Crowd(fixture, Watchers, () => taken.Task);
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;
        Assert.False(wakes.IsBehind);

        await fixture.PutPod(Shop, "web-0");
        Assert.True(wakes.IsBehind);
        var follower = new Follower(() => crowd.Served);
        wakes.Follow(follower);
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token);
        Assert.False(follower.At.IsCompleted);

        taken.SetResult();
        Assert.InRange(await follower.At.WaitAsync(Long, Token), Watchers - (2 * WakeQueue.EachProcessor * Environment.ProcessorCount), Watchers);
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Follow_ClientsTakeNothing_ComesAfterAWhile()
    {
        var time = new ManualTime();
        await using CacheFixture fixture = await StartAsync(time: time);
        var crowd = new Crowd(fixture, 5 * WakeQueue.EachProcessor * Environment.ProcessorCount, () => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token));
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;
        await fixture.PutPod(Shop, "web-0");
        var follower = new Follower(() => crowd.Served);
        wakes.Follow(follower);

        for (int i = 1; i < WakeQueue.LongestFollow; i++)
        {
            time.Advance(WakeQueue.Patience);
        }

        Assert.False(follower.At.IsCompleted);
        time.Advance(WakeQueue.Patience);
        Assert.Equal(0, await follower.At.WaitAsync(Long, Token));
    }

    [Fact]
    public async Task Follow_FewAreToBeTold_ComesAtOnce()
    {
        await using CacheFixture fixture = await StartAsync();
        using CacheWatcher watcher = fixture.PodCache.Watch(StoreKey.Prefix(Pods, Shop), fixture.PodCache.Current.Revision, WatchedBy.Client)!;
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;
        var follower = new Follower(() => 0);

        wakes.Follow(follower);

        Assert.True(follower.At.IsCompleted);
        Assert.Null(fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Bank)));
    }

    [Fact]
    public async Task Follow_WatchersHaveJustGone_ComesAtOnce()
    {
        await using CacheFixture fixture = await StartAsync(time: new TimeWithoutTimers());
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var crowd = new Crowd(fixture, 100, () => taken.Task);
        WakeQueue wakes = fixture.Set.Wakes.Find(StoreKey.ClusterSegment(Shop))!;
        await fixture.PutPod(Shop, "web-0");
        var before = new Follower(() => 0);
        wakes.Follow(before);

        // As the last watcher that goes does.
        wakes.Dispose();
        var after = new Follower(() => 0);
        wakes.Follow(after);

        Assert.True(before.At.IsCompleted);
        Assert.True(after.At.IsCompleted);
        taken.SetResult();
        await crowd.StopAsync();
    }

    [Fact]
    public async Task Wait_WithEventsLeft_GoesBehindTheOthers()
    {
        await using CacheFixture fixture = await StartAsync();
        using CacheWatcher watcher = fixture.PodCache.Watch(StoreKey.Prefix(Pods, Shop), fixture.PodCache.Current.Revision, WatchedBy.Client)!;
        await fixture.PutPod(Shop, "web-0");
        await fixture.PutPod(Shop, "web-1");

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(CacheWait.Events, await watcher.WaitAsync(Long, Token));
            Assert.True(watcher.TryRead(out CacheEvent change));
            Assert.Equal($"web-{i}", change.Object.Name);
        }
    }

    [Fact]
    public async Task Queues_OfClustersThatNobodyWatches_AreGone()
    {
        await using CacheFixture fixture = await StartAsync();
        long revision = fixture.PodCache.Current.Revision;
        using (CacheWatcher one = fixture.PodCache.Watch(StoreKey.Prefix(Pods, Shop), revision, WatchedBy.Client)!)
        using (CacheWatcher another = fixture.PodCache.Watch(StoreKey.Prefix(Pods, Shop, "default"), revision, WatchedBy.Client)!)
        using (CacheWatcher root = fixture.PodCache.Watch(StoreKey.Prefix(Pods, ClusterName.Root), revision, WatchedBy.Client)!)
        using (CacheWatcher all = fixture.PodCache.Watch(StoreKey.Prefix(Pods), revision, WatchedBy.ClientOfAllClusters)!)
        {
            Assert.Equal(1, fixture.Set.Wakes.Count);
        }

        Assert.Equal(0, fixture.Set.Wakes.Count);
    }

    /// <summary>Watchers of whom each takes a moment for what it is told.</summary>
    private sealed class Crowd
    {
        private readonly CancellationTokenSource stop = new();
        private readonly List<CacheWatcher> watchers = [];
        private readonly List<Task> reading = [];
        private readonly ConcurrentDictionary<CacheWatcher, int> waits = new();
        private readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly int size;
        private readonly Func<Task>? take;
        private int served;
        private int waited;
        private int now;
        private int most;

        /// <param name="take">What each does with what it was told, beside looking at it.</param>
        public Crowd(CacheFixture fixture, int size, Func<Task>? take = null, HeldUp? connection = null)
        {
            this.size = size;
            this.take = take;
            for (int i = 0; i < size; i++)
            {
                CacheWatcher watcher = fixture.PodCache.Watch(StoreKey.Prefix(Pods, Shop), fixture.PodCache.Current.Revision, WatchedBy.Client)!;
                watcher.Connection = connection;
                watchers.Add(watcher);
                reading.Add(ReadAsync(watcher));
            }
        }

        public int Served => Volatile.Read(ref served);

        /// <summary>Those who were to wait for their clients.</summary>
        public int Waited => Volatile.Read(ref waited);

        /// <summary>Those who were to wait at least so many times.</summary>
        public int WhoWaited(int times) => waits.Count(w => w.Value >= times);

        public int MostAtOnce => Volatile.Read(ref most);

        public Task AllServedAsync() => all.Task.WaitAsync(Long, Token);

        /// <summary>Until so many were told of something, each time counted.</summary>
        public async Task ServedAsync(int times)
        {
            while (Served < times)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
            }
        }

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            foreach (Task task in reading)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
            }

            watchers.ForEach(w => w.Dispose());
            stop.Dispose();
        }

        private async Task ReadAsync(CacheWatcher watcher)
        {
            while (await watcher.WaitAsync(Timeout.InfiniteTimeSpan, stop.Token) == CacheWait.Events)
            {
                int at = Interlocked.Increment(ref now);
                if (watcher.WaitsForClient)
                {
                    Interlocked.Increment(ref waited);
                    waits.AddOrUpdate(watcher, 1, static (_, times) => times + 1);
                }

                InterlockedMax(at);
                while (watcher.TryRead(out _))
                {
                    Thread.SpinWait(20_000);
                }

                if (take is not null)
                {
                    await take();
                }

                Interlocked.Decrement(ref now);
                if (Interlocked.Increment(ref served) == size)
                {
                    all.SetResult();
                }
            }
        }

        private void InterlockedMax(int value)
        {
            for (int seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
            {
                Interlocked.CompareExchange(ref most, value, seen);
            }
        }
    }

    private sealed class HeldUp : IHeldUpConnection
    {
        private volatile bool isHeldUp;

        public bool IsHeldUp
        {
            get => isHeldUp;
            set => isHeldUp = value;
        }
    }

    /// <summary>Notes what there was when it was let go.</summary>
    private sealed class Follower(Func<int> look) : IDisposable
    {
        private readonly TaskCompletionSource<int> at = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> At => at.Task;

        public void Dispose() => at.SetResult(look());
    }

    /// <summary>Nobody is given up as slow.</summary>
    private sealed class TimeWithoutTimers : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Stopped(base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));

        private sealed class Stopped(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
