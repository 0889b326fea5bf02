using Orrery.Api;
using Orrery.Server.Cache;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

/// <summary>Watches that begin at a revision after which something has changed.</summary>
public sealed class WatchPastTests
{
    /// <summary>Whatever was asked for before, and whatever has been forgotten: each change after its revision, once, in order.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Watch_FromAnyRevisionThatIsKept_IsToldOfAllThatCameAfter(int seed)
    {
        // Fewer changes than a reader may be behind.
        const int Steps = 1_800;
        var random = new Random(seed);
        await using CacheFixture cache = await CacheFixture.StartAsync();
        string[] prefixes = [StoreKey.Prefix(Pods), StoreKey.Prefix(Pods, Shop), StoreKey.Prefix(Pods, Shop, "default"), Pod(Shop, "p1")];
        var open = new List<(CacheWatcher Watcher, string Prefix, long After, List<CacheEvent> Read)>();
        var all = new List<CacheEvent>();
        using CacheWatcher witness = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        long floor = 0;
        for (int step = 0; step < Steps; step++)
        {
            switch (random.Next(12))
            {
                case < 6:
                    await cache.PutPod(random.Next(3) == 0 ? Bank : Shop, "p" + random.Next(4), $"{step}", random.Next(3) == 0 ? "other" : "default");
                    all.AddRange(Drain(witness));
                    break;
                case < 9:
                    string prefix = prefixes[random.Next(prefixes.Length)];
                    long after = Math.Max(floor, cache.Set.Revision - (random.Next(2) == 0 ? random.Next(20) : random.Next(1_000)));
                    open.Add((cache.PodCache.Watch(prefix, after)!, prefix, after, []));
                    break;
                case < 11 when open.Count > 0:
                    (CacheWatcher reader, _, _, List<CacheEvent> read) = open[random.Next(open.Count)];
                    for (int i = random.Next(100); i > 0 && reader.TryRead(out CacheEvent next); i--)
                    {
                        read.Add(next);
                    }

                    break;
                case 11 when random.Next(20) == 0:
                    floor = Math.Max(floor, cache.Set.Revision - random.Next(500));
                    cache.PodCache.Forget(floor);
                    break;
            }
        }

        Assert.True(open.Count > 100);
        foreach ((CacheWatcher watcher, string prefix, long after, List<CacheEvent> read) in open)
        {
            read.AddRange(Drain(watcher));
            Assert.Equal(all.Where(e => e.Revision > after && WatchIndex.Covers(prefix, e.Object)), read);
            watcher.Dispose();
        }
    }

    [Fact]
    public async Task Watch_ManyFromOneRevision_ShareWhatTheyHaveMissed()
    {
        const int Missed = 1_000, Watchers = 100;
        await using CacheFixture cache = await CacheFixture.StartAsync();
        for (int i = 0; i < Missed; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
        }

        string prefix = StoreKey.Prefix(Pods, Shop);
        using CacheWatcher first = cache.PodCache.Watch(prefix, 0)!;
        long before = GC.GetAllocatedBytesForCurrentThread();
        CacheWatcher[] watchers = [.. Enumerable.Range(0, Watchers).Select(_ => cache.PodCache.Watch(prefix, 0)!)];
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(bytes / Watchers, 0, 1_000);
        Assert.All(watchers, w => Assert.Equal(Missed, Drain(w).Count));
    }

    /// <summary>Those that have read all stand in a chunk that is closed where somebody begins in the past; what is none of theirs comes next, and then what is.</summary>
    [Fact]
    public async Task Watch_OfAllClusters_WhereSomebodyBeginsInThePast_GoesOnBehindWhatHappensInRoot()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        string prefix = StoreKey.Prefix(Pods);
        CacheWatcher[] watchers = [.. Enumerable.Range(0, EventChunk.Most).Select(_ => cache.PodCache.Watch(prefix, 0, WatchedBy.ClientOfAllClusters)!)];

        // The first chunk, made before anybody watched, holds one; the second is left half full.
        for (int i = 0; i < 2; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            Assert.All(watchers, w => Assert.Single(Drain(w)));
        }

        Assert.InRange(EventChunk.RoomFor(watchers.Length), 2, EventChunk.Most);
        using CacheWatcher late = cache.PodCache.Watch(prefix, 0)!;
        await cache.PutPod(ClusterName.Root, "a", "root's");
        Assert.All(watchers, w => Assert.Empty(Drain(w)));
        await cache.PutPod(Shop, "a", "last");
        Assert.All(watchers, w => Assert.Single(Drain(w)));
        Array.ForEach(watchers, w => w.Dispose());
    }

    [Fact]
    public async Task Forget_OfWhatAWatchBeganFrom_LetsGoOfIt()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        string prefix = StoreKey.Prefix(Pods, Shop);
        await cache.PutPod(Shop, "a", "first");
        WeakReference old = FirstOf(cache, prefix);
        using CacheWatcher late = cache.PodCache.Watch(prefix, 0)!;
        for (int i = 0; i < EventRing.Most + 1; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            Drain(late);
        }

        GC.Collect();
        Assert.False(old.IsAlive);
    }

    /// <summary>A reference in a method of its own: none is left on the stack.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference FirstOf(CacheFixture cache, string prefix)
    {
        using CacheWatcher watcher = cache.PodCache.Watch(prefix, 0)!;
        return new WeakReference(Drain(watcher)[0]);
    }
}
