using Orrery.Server.Cache;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

public sealed class PastKeepingTests
{
    [Fact]
    public async Task Forget_LittleAndYoungerThanFiveMinutes_StaysReadable()
    {
        var time = new StandingTime();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        await ChangeAsync(cache, 500);
        cache.Set.Forget();
        time.Advance(PastKeeping.Longest - TimeSpan.FromSeconds(1));

        Assert.Equal(0, cache.Set.Forget());
        Assert.NotNull(cache.PodCache.At(1));
    }

    [Fact]
    public async Task Forget_OlderThanFiveMinutes_KeepsAFewOfEachResource()
    {
        var time = new StandingTime();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        await ChangeAsync(cache, 500);
        cache.Set.Forget();
        time.Advance(PastKeeping.Longest);

        Assert.True(cache.Set.Forget() > 0);
        Assert.Null(cache.PodCache.At(499 - EventRing.Fewest));
        Assert.Equal("499", Note(cache.PodCache.At(500)!));
        Assert.Equal($"{499 - EventRing.Fewest}", Note(cache.PodCache.At(500 - EventRing.Fewest)!));
        Assert.Null(cache.PodCache.Watch(StoreKey.Prefix(Pods), 499 - EventRing.Fewest));
    }

    [Fact]
    public async Task Forget_Much_IsKeptForSeventyFiveSeconds()
    {
        var time = new StandingTime();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        string large = new('x', 64 * 1024);
        await ChangeAsync(cache, 200, large);
        cache.Set.Forget();
        time.Advance(PastKeeping.Least - TimeSpan.FromSeconds(1));
        Assert.Equal(0, cache.Set.Forget());
        Assert.NotNull(cache.PodCache.At(1));
        time.Advance(TimeSpan.FromSeconds(1));

        // Not even the last few, as they are large: kinds come and go, and each would hold on to its own.
        long freed = cache.Set.Forget();
        Assert.InRange(freed, 200 * 64 * 1024, 200 * 65 * 1024);
        Assert.Equal(0, cache.PodCache.PastBytes);
        Assert.Null(cache.PodCache.At(1));
        Assert.Equal(0, cache.Set.Forget());

        // Who has seen the last of them goes on from there.
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 200)!;
        await ChangeAsync(cache, 1);
        Assert.Equal([201L], Drain(watcher).Select(change => change.Revision));
    }

    [Fact]
    public async Task Forget_WithWatcher_GoesOnWithoutGap()
    {
        var time = new StandingTime();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 0)!;
        await ChangeAsync(cache, 500);
        cache.Set.Forget();
        time.Advance(PastKeeping.Longest);
        cache.Set.Forget();
        await ChangeAsync(cache, 200);

        Assert.Equal(Enumerable.Range(1, 700).Select(i => (long)i), Drain(watcher).Select(change => change.Revision));
    }

    private static async Task ChangeAsync(CacheFixture cache, int times, string? note = null)
    {
        for (int i = 0; i < times; i++)
        {
            await cache.PutPod(Shop, "a", note ?? $"{i}");
        }
    }

    private static string Note(CacheSnapshot snapshot) =>
        Orrery.Api.KubeObject.Parse(snapshot.Get(Pod(Shop, "a"))!.Json.Span).At("spec", "note")!.Value.GetString()!;

    /// <summary>A clock that stands until it is moved.</summary>
    private sealed class StandingTime : TimeProvider
    {
        private long ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => ticks += by.Ticks;

        public override long GetTimestamp() => ticks;
    }
}
