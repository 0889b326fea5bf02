using Orrery.Server.Cache;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

/// <summary>Where many watch one prefix those that wait are woken by a list of their own, and the others find what there is when they are done.</summary>
public sealed class ManyWatchersTests
{
    private const int Many = 3 * Watched.Few;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private static readonly string Prefix = StoreKey.Prefix(Pods, Shop);

    /// <summary>Of each round some wait, some have just been told, some wait for a moment only, and some give up: none may miss an event, whatever falls between.</summary>
    [Theory]
    [InlineData(Watched.Few / 2)]
    [InlineData(Many)]
    public async Task Watch_WhileChangesComeAtAnyMoment_EachIsToldOfAllInOrder(int count)
    {
        const int Changes = 600;
        await using CacheFixture cache = await CacheFixture.StartAsync();
        CacheWatcher[] watchers = [.. Enumerable.Range(0, count).Select(_ => cache.PodCache.Watch(Prefix, 0, WatchedBy.Client)!)];
        Task<List<long>>[] readers = [.. watchers.Select((watcher, number) => Task.Run(() => ReadAsync(watcher, number, Changes), Token))];

        var expected = new List<long>();
        for (int i = 0; i < Changes; i++)
        {
            expected.Add(await cache.PutPod(Shop, $"pod-{i % 7}", $"{i}"));
            if (i % 50 == 0)
            {
                // Long enough for all of them to wait.
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
            }
        }

        foreach (Task<List<long>> reader in readers)
        {
            Assert.Equal(expected, await reader.WaitAsync(Long, Token));
        }

        foreach (CacheWatcher watcher in watchers)
        {
            watcher.Dispose();
        }

        Assert.Equal(0, cache.PodCache.WatcherCount);
    }

    /// <summary>The moment after a reader has found nothing, and before it stands in the list.</summary>
    [Fact]
    public async Task Wait_ForWhatComesAsItBegins_IsOverAtOnce()
    {
        var time = new TimeThatIsLookedAt();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        CacheWatcher[] watchers = [.. Enumerable.Range(0, Many).Select(_ => cache.PodCache.Watch(Prefix, 0, WatchedBy.Client)!)];

        ValueTask<CacheWait> waiting = Begin();

        Assert.Equal(CacheWait.Events, await waiting.AsTask().WaitAsync(Long, Token));
        Assert.Equal(["Added a @1"], Drain(watchers[0]).Select(Show));

        // On one thread: the change is made while the wait reckons when it would be over.
        ValueTask<CacheWait> Begin()
        {
            TimeThatIsLookedAt.Arm(() => Task.Run(() => cache.PutPod(Shop, "a"), Token).GetAwaiter().GetResult());
            return watchers[0].WaitAsync(TimeSpan.FromHours(1), Token);
        }
    }

    [Fact]
    public async Task Watch_OneThatReadsNothing_ExpiresThoughTheOthersAreWokenAlone()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        CacheWatcher[] watchers = [.. Enumerable.Range(0, Many).Select(_ => cache.PodCache.Watch(Prefix, 0, WatchedBy.Client)!)];
        int told = 0;
        for (int i = 1; i <= CacheWatcher.QueueLimit + (2 * Watched.EachLook); i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
            if (i % 100 == 0)
            {
                told += watchers.Skip(1).Sum(watcher => Drain(watcher).Count);
            }
        }

        told += watchers.Skip(1).Sum(watcher => Drain(watcher).Count);
        Assert.Equal((Many - 1) * (CacheWatcher.QueueLimit + (2 * Watched.EachLook)), told);
        Assert.InRange(Drain(watchers[0]).Count, CacheWatcher.QueueLimit, CacheWatcher.QueueLimit + Watched.EachLook);
        Assert.Equal(CacheWait.Expired, await watchers[0].WaitAsync(Long, Token));
    }

    [Fact]
    public async Task Dispose_WhileItWaits_IsNotHeldByTheList()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        using CacheWatcher stays = cache.PodCache.Watch(Prefix, 0, WatchedBy.Client)!;
        WeakReference gone = await WaitAndGoAsync(cache);

        for (int i = 0; i < 10 && gone.IsAlive; i++)
        {
            GC.Collect();
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }

        Assert.False(gone.IsAlive);
        Assert.Empty(Drain(stays));
    }

    private static async Task<WeakReference> WaitAndGoAsync(CacheFixture cache)
    {
        CacheWatcher watcher = cache.PodCache.Watch(Prefix, 0, WatchedBy.Client)!;
        ValueTask<CacheWait> waiting = watcher.WaitAsync(Timeout.InfiniteTimeSpan, Token);
        watcher.Dispose();
        Assert.Equal(CacheWait.Closed, await waiting);
        return new WeakReference(watcher);
    }

    private static async Task<List<long>> ReadAsync(CacheWatcher watcher, int number, int count)
    {
        var seen = new List<long>();
        for (int round = 0; seen.Count < count; round++)
        {
            while (watcher.TryRead(out CacheEvent? next))
            {
                seen.Add(next.Revision);
            }

            if (seen.Count == count)
            {
                break;
            }

            if ((round + number) % 5 == 0)
            {
                using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
                try
                {
                    await watcher.WaitAsync(Long, soon.Token);
                }
                catch (OperationCanceledException) when (soon.IsCancellationRequested)
                {
                    // It looks again.
                }
            }
            else
            {
                await watcher.WaitAsync((round + number) % 3 == 0 ? TimeSpan.Zero : Long, Token);
            }
        }

        return seen;
    }

    private sealed class TimeThatIsLookedAt : TimeProvider
    {
        [ThreadStatic]
        private static Action? whenLookedAt;

        /// <summary>Once, on the thread that sets it.</summary>
        public static void Arm(Action act) => whenLookedAt = act;

        public override long GetTimestamp()
        {
            if (whenLookedAt is { } act)
            {
                whenLookedAt = null;
                act();
            }

            return base.GetTimestamp();
        }
    }
}
