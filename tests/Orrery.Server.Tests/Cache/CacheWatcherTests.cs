using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

public sealed class CacheWatcherTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Watch_Changes_ComeTypedWithTheirStates()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods, Shop), 0)!;
        await cache.PutPod(Shop, "a", "1");
        await cache.PutPod(Shop, "a", "2");
        await cache.DeletePod(Shop, "a");
        await cache.PutPod(Shop, "a", "3");

        List<CacheEvent> events = Drain(watcher);

        Assert.Equal(["Added a @1", "Modified a @2", "Deleted a @3", "Added a @4"], events.Select(Show));
        Assert.Null(events[0].Previous);
        Assert.Same(events[0].Object, events[1].Previous);
        Assert.Same(events[1].Object, events[2].Previous);
        Assert.Null(events[3].Previous);
        Assert.Contains("\"resourceVersion\":\"3\"", System.Text.Encoding.UTF8.GetString(events[2].Object.Json.Span));
        Assert.Contains("\"note\":\"2\"", System.Text.Encoding.UTF8.GetString(events[2].Object.Json.Span));
    }

    [Fact]
    public async Task Watch_TwoWatchers_ShareTheEvents()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher first = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        using CacheWatcher second = cache.PodCache.Watch(Pod(Shop, "a"), 0)!;
        await cache.PutPod(Shop, "a");
        using CacheWatcher late = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;

        CacheEvent one = Assert.Single(Drain(first));
        Assert.Same(one, Assert.Single(Drain(second)));
        Assert.Same(one, Assert.Single(Drain(late)));
        Assert.Same(one.Object, cache.PodCache.Current.Get(Pod(Shop, "a")));
    }

    [Fact]
    public async Task Watch_OfAllClusters_IsNotWokenByRoot()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher clients = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0, WatchedBy.ClientOfAllClusters)!;
        using CacheWatcher everything = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        await cache.PutPod(ClusterName.Root, "r");
        await cache.PutPod(Shop, "a");

        Assert.Equal(["Added a @2"], Drain(clients).Select(Show));
        Assert.Equal(["Added r @1", "Added a @2"], Drain(everything).Select(Show));
        Assert.True(clients.TryGetProgress(out long revision));
        Assert.Equal(2, revision);
    }

    [Fact]
    public async Task EndClients_OfAllWatches_LeavesTheServersOwn()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher client = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0, WatchedBy.Client)!;
        using CacheWatcher own = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        ValueTask<CacheWait> waiting = client.WaitAsync(Long, Token);

        cache.Set.EndClients();
        await cache.PutPod(Shop, "a");

        Assert.Equal(CacheWait.Closed, await waiting);
        Assert.Equal(CacheWait.Events, await own.WaitAsync(Long, Token));
    }

    [Fact]
    public async Task Watch_Scopes_SeeTheirOwnOnly()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        (string Prefix, string[] Expected)[] scopes =
        [
            (StoreKey.Prefix(Pods), ["a", "b", "c", "ab", "a", "r"]),
            (StoreKey.Prefix(Pods, Shop), ["a", "b", "ab"]),
            (StoreKey.Prefix(Pods, Shop, "default"), ["a", "ab"]),
            (StoreKey.Prefix(Pods, Bank), ["c"]),
            (Pod(Shop, "a"), ["a"]),
            (StoreKey.Prefix(Pods, ClusterName.Root), ["r"]),
            (StoreKey.Prefix(Pods, new ClusterName("acme", "none")), []),
        ];
        CacheWatcher[] live = [.. scopes.Select(scope => cache.PodCache.Watch(scope.Prefix, 0)!)];

        await cache.PutPod(Shop, "a");
        await cache.PutPod(Shop, "b", @namespace: "other");
        await cache.PutPod(Bank, "c");
        await cache.PutPod(Shop, "ab");
        await cache.PutPod(new ClusterName("acme", "shop2"), "a");
        await cache.PutPod(ClusterName.Root, "r");
        await cache.Commit(Put(StoreKey.Of(Deployments, Shop, "default", "d")));
        CacheWatcher[] resumed = [.. scopes.Select(scope => cache.PodCache.Watch(scope.Prefix, 0)!)];

        for (int i = 0; i < scopes.Length; i++)
        {
            Assert.Equal(scopes[i].Expected, Drain(live[i]).Select(change => change.Object.Name));
            Assert.Equal(scopes[i].Expected, Drain(resumed[i]).Select(change => change.Object.Name));
        }

        Assert.Equal(2 * scopes.Length, cache.PodCache.WatcherCount);
        foreach (CacheWatcher watcher in live.Concat(resumed))
        {
            watcher.Dispose();
        }

        Assert.Equal(0, cache.PodCache.WatcherCount);
    }

    [Fact]
    public async Task Watch_OtherClustersChange_DoesNotWake()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods, Shop), 0)!;
        ValueTask<CacheWait> wait = watcher.WaitAsync(Long, Token);

        await cache.PutPod(Bank, "a");
        Assert.False(wait.IsCompleted);
        await cache.PutPod(Shop, "a");

        Assert.Equal(CacheWait.Events, await wait);
    }

    [Fact]
    public async Task Watch_OtherResource_IsRefused()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();

        Assert.Throws<ArgumentException>(() => cache.PodCache.Watch(StoreKey.Prefix(Deployments), 0));
    }

    [Fact]
    public async Task Watch_FromARevisionToCome_SkipsUpToIt()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 2)!;
        await cache.PutPod(Shop, "a");
        await cache.PutPod(Shop, "b");
        await cache.PutPod(Shop, "c");

        Assert.Equal(["Added c @3"], Drain(watcher).Select(Show));
    }

    [Fact]
    public async Task Watch_OfWhatIsNoneOfItsOwn_IsNotTooSlowForIt()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher clients = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0, WatchedBy.ClientOfAllClusters)!;
        using CacheWatcher future = cache.PodCache.Watch(StoreKey.Prefix(Pods), CacheWatcher.QueueLimit + 10)!;
        for (int i = 0; i < CacheWatcher.QueueLimit + 10; i++)
        {
            await cache.PutPod(ClusterName.Root, "r", $"{i}");
        }

        await cache.PutPod(Shop, "a");

        Assert.Equal(["Added a"], Drain(clients).Select(change => $"{change.Type} {change.Object.Name}"));
        Assert.Equal(["Added a"], Drain(future).Select(change => $"{change.Type} {change.Object.Name}"));
        Assert.False(clients.WaitAsync(Long, Token).IsCompleted);
        Assert.False(future.WaitAsync(Long, Token).IsCompleted);
    }

    [Fact]
    public async Task TryRead_OfWhatItWasNotToldOfYet_PassesWhatComesBeforeItsRevision()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        await cache.PutPod(Shop, "a");
        await cache.PutPod(Shop, "a");
        using CacheWatcher reader = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        using var schedule = new WakeSchedule(TimeProvider.System);
        var chain = new EventChunk(0, 0, 2);
        using var watcher = new CacheWatcher(cache.PodCache, schedule, StoreKey.Prefix(Pods), after: 1, missed: null, new ChainPlace(chain, 0), turns: null);
        Assert.True(reader.TryRead(out CacheEvent first));
        Assert.True(reader.TryRead(out CacheEvent second));

        EventChunk end = chain.Add(first, 1);
        Assert.False(watcher.TryRead(out _));
        Assert.False(watcher.WaitAsync(Long, Token).IsCompleted);

        end.Add(second, 1);
        Assert.Equal("Modified a @2", Show(Assert.Single(Drain(watcher))));
    }

    [Fact]
    public async Task Watch_ThatEnded_HoldsNothingOfWhatComesLater()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher slow = cache.PodCache.Watch(StoreKey.Prefix(Pods, Shop), 0)!;
        using CacheWatcher quick = cache.PodCache.Watch(StoreKey.Prefix(Pods, Shop), 0)!;
        for (int i = 0; i < CacheWatcher.QueueLimit + 1; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            Drain(quick);
        }

        WeakReference later = await ReadOneAsync(cache, quick);
        for (int i = 0; i < EventRing.Most; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            Drain(quick);
        }

        GC.Collect();
        Assert.False(later.IsAlive);
        Assert.Equal(CacheWait.Events, await slow.WaitAsync(Long, Token));
    }

    [Fact]
    public async Task Watch_OlderThanKept_IsNull()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        for (int i = 0; i < EventRing.Most + 5; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
        }

        Assert.Null(cache.PodCache.Watch(StoreKey.Prefix(Pods), 4));
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 5)!;
        Assert.Equal(Enumerable.Range(6, EventRing.Most).Select(i => (long)i), Drain(watcher).Select(change => change.Revision));
    }

    [Fact]
    public async Task Watch_SlowReader_GetsWhatWasQueuedThenExpires()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher slow = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        using CacheWatcher quick = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        int read = 0;
        for (int i = 0; i < CacheWatcher.QueueLimit + 10; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            read += Drain(quick).Count;
        }

        Assert.Equal(CacheWatcher.QueueLimit + 10, read);
        Assert.Equal(CacheWait.Events, await slow.WaitAsync(Long, Token));
        Assert.Equal(Enumerable.Range(1, CacheWatcher.QueueLimit).Select(i => (long)i), Drain(slow).Select(change => change.Revision));
        Assert.Equal(CacheWait.Expired, await slow.WaitAsync(Long, Token));
        Assert.False(slow.TryGetProgress(out _));
        Assert.Equal(1, cache.PodCache.WatcherCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Watch_SlowReaderOfLargeObjects_ExpiresBeforeTheyTakeMuch(bool ofTwoResources)
    {
        const int Large = 1 << 20;
        await using CacheFixture cache = await CacheFixture.StartAsync();
        string pods = StoreKey.Prefix(Pods);
        using CacheWatcher slow = ofTwoResources
            ? cache.PodCache.Watch(pods, 0, WatchedBy.Upkeep, cache.Set.For(Deployments), StoreKey.Prefix(Deployments))!
            : cache.PodCache.Watch(pods, 0)!;
        for (int i = 0; i < EventRing.Fewest + 2; i++)
        {
            // Nothing of one is like the one before, so that it could be kept as the difference.
            await cache.PutPod(Shop, "a", new string((char)('A' + (i % 50)), Large));
        }

        List<CacheEvent> read = Drain(slow);

        Assert.InRange(read.Sum(change => (long)change.Object.Kept), CacheWatcher.BytesLimit, (EventRing.Fewest + 1) * (Large + 1024L));
        Assert.Equal(CacheWait.Expired, await slow.WaitAsync(Long, Token));
    }

    [Fact]
    public async Task TryGetProgress_FollowsEveryCommit_UpToTheNextEventThatWaits()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods, Shop), 0)!;
        await cache.PutPod(Bank, "a");
        await cache.Commit(Put(StoreKey.Of(Deployments, Shop, "default", "d")));

        Assert.True(watcher.TryGetProgress(out long progress));
        Assert.Equal(2, progress);

        await cache.PutPod(Shop, "a");
        await cache.PutPod(Shop, "a");
        Assert.True(watcher.TryGetProgress(out progress));
        Assert.Equal(2, progress);
        Assert.True(watcher.TryRead(out _));
        Assert.True(watcher.TryGetProgress(out progress));
        Assert.Equal(3, progress);
        Drain(watcher);
        Assert.True(watcher.TryGetProgress(out progress));
        Assert.Equal(4, progress);
    }

    [Fact]
    public async Task WaitAsync_NothingHappens_TimesOut()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        CacheWatcher[] watchers = [.. Enumerable.Range(0, 50).Select(_ => cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!)];
        long started = TimeProvider.System.GetTimestamp();

        CacheWait[] waits = await Task.WhenAll(watchers.Select((watcher, i) => watcher.WaitAsync(TimeSpan.FromMilliseconds(150 + (i * 5)), Token).AsTask()));

        Assert.All(waits, wait => Assert.Equal(CacheWait.TimedOut, wait));
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(395));

        // Waited on again with another length, by a watcher that an event woke before its time.
        ValueTask<CacheWait> again = watchers[0].WaitAsync(Long, Token);
        await cache.PutPod(Shop, "a");
        Assert.Equal(CacheWait.Events, await again);
        Drain(watchers[0]);
        Assert.Equal(CacheWait.TimedOut, await watchers[0].WaitAsync(TimeSpan.FromMilliseconds(50), Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(-100_000)]
    public async Task WaitAsync_DeadlineThatHasPassed_TimesOutAtOnce(int milliseconds)
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;

        Assert.Equal(CacheWait.TimedOut, await watcher.WaitAsync(TimeSpan.FromMilliseconds(milliseconds), Token).AsTask().WaitAsync(Long, Token));
    }

    [Fact]
    public async Task WaitAsync_Cancelled_ThrowsAndCanBeCalledAgain()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        using var stop = new CancellationTokenSource();
        ValueTask<CacheWait> wait = watcher.WaitAsync(Timeout.InfiniteTimeSpan, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);

        await cache.PutPod(Shop, "a");
        Assert.Equal(CacheWait.Events, await watcher.WaitAsync(Long, Token));
        Assert.Equal(["Added a @1"], Drain(watcher).Select(Show));
    }

    [Fact]
    public async Task Dispose_OfTheSet_ClosesWatchers()
    {
        CacheFixture cache = await CacheFixture.StartAsync();
        CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        ValueTask<CacheWait> wait = watcher.WaitAsync(Long, Token);

        await cache.DisposeAsync();

        Assert.Equal(CacheWait.Closed, await wait);
    }

    [Fact]
    public async Task Watch_UnderManyWriters_EachWatcherRebuildsTheState()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        const int Writers = 4;
        const int Each = 400;
        using var listed = new CountdownEvent(6);
        Task<Dictionary<string, long>>[] watching = [.. Enumerable.Range(0, 6).Select(i => Task.Run(() => Follow(cache, i % 2 == 0 ? Shop : ClusterName.All, listed)))];
        Assert.True(listed.Wait(Long, Token));

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (int i = 0; i < Each; i++)
            {
                ClusterName cluster = random.Next(2) == 0 ? Shop : Bank;
                string name = $"{random.Next(20)}";
                await (random.Next(3) == 0 ? cache.DeletePod(cluster, name) : cache.PutPod(cluster, name, $"{writer} {i}"));
                await Task.Yield();
            }
        })));
        long last = await cache.PutPod(Shop, "last");
        await cache.Set.WaitForAsync(last, Token);

        for (int i = 0; i < watching.Length; i++)
        {
            Dictionary<string, long> seen = await watching[i].WaitAsync(Long, Token);
            IEnumerable<CachedObject> now = cache.PodCache.Current.Range(StoreKey.Prefix(Pods, i % 2 == 0 ? Shop : ClusterName.All));
            Assert.Equal(now.ToDictionary(pod => pod.Key, pod => pod.Revision), seen);
        }
    }

    /// <summary>Lists, watches, and after some events drops the watch and resumes, until it meets the pod "last".</summary>
    private static async Task<Dictionary<string, long>> Follow(CacheFixture cache, ClusterName cluster, CountdownEvent listed)
    {
        string prefix = StoreKey.Prefix(Pods, cluster);
        CacheSnapshot list = cache.PodCache.Current;
        Dictionary<string, long> state = list.Range(prefix).ToDictionary(pod => pod.Key, pod => pod.Revision);
        long position = list.Revision;
        listed.Signal();
        while (true)
        {
            using CacheWatcher watcher = cache.PodCache.Watch(prefix, position)!;
            for (int read = 0; read < 37;)
            {
                Assert.Equal(CacheWait.Events, await watcher.WaitAsync(Long, Token));
                while (watcher.TryRead(out CacheEvent? change))
                {
                    // Nothing older than before, and each change fits the state that this watcher has built.
                    Assert.True(change.Revision > position);
                    position = change.Revision;
                    Assert.Equal(state.TryGetValue(change.Object.Key, out long known) ? known : null, change.Previous?.Revision);
                    Assert.Equal(change.Type == CacheEventType.Added, change.Previous is null);
                    read++;
                    if (change.Type == CacheEventType.Deleted)
                    {
                        state.Remove(change.Object.Key);
                        continue;
                    }

                    state[change.Object.Key] = change.Revision;
                    if (change.Object.Name == "last")
                    {
                        return state;
                    }
                }

                if (watcher.TryGetProgress(out long progress))
                {
                    Assert.True(progress >= position);
                    position = progress;
                }
            }
        }
    }

    /// <summary>By itself, so that no local of the test holds the event.</summary>
    private static async Task<WeakReference> ReadOneAsync(CacheFixture cache, CacheWatcher watcher)
    {
        await cache.PutPod(Shop, "a", "later");
        return new WeakReference(Drain(watcher)[0]);
    }
}
