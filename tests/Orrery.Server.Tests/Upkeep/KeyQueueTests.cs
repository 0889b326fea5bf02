using Orrery.Server.Tests.Cache;
using Orrery.Server.Upkeep;

namespace Orrery.Server.Tests.Upkeep;

public sealed class KeyQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_ManyOfOneCluster_LetsAnothersPassBetween()
    {
        using var queue = new KeyQueue(TimeProvider.System);
        for (int i = 0; i < 100; i++)
        {
            queue.Add(CacheFixture.Pod(CacheFixture.Shop, $"p{i}"));
        }

        queue.Add(CacheFixture.Pod(CacheFixture.Bank, "a"));
        queue.Add(CacheFixture.Pod(CacheFixture.Bank, "b"));

        var taken = new List<string>();
        for (int i = 0; i < 102; i++)
        {
            taken.Add((await queue.TakeAsync(Token)).Split('/')[^1]);
        }

        Assert.Equal(["p0", "a", "p1", "b", "p2", "p3"], taken.Take(6));
        Assert.Equal("p99", taken[^1]);
    }

    [Fact]
    public async Task Add_WhileItIsLookedAt_ComesAgainOnce()
    {
        using var queue = new KeyQueue(TimeProvider.System);
        string key = CacheFixture.Pod(CacheFixture.Shop, "a");
        queue.Add(key);
        Assert.Equal(key, await queue.TakeAsync(Token));
        queue.Add(key);
        queue.Add(key);
        queue.Done(key);

        Assert.Equal(key, await queue.TakeAsync(Token));
        queue.Done(key);
        queue.Add("z");
        Assert.Equal("z", await queue.TakeAsync(Token));
    }
}
