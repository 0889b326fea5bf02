using System.Text;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

public sealed class CacheSnapshotTests
{
    [Fact]
    public async Task Current_AfterCommit_ShowsIt()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        for (int i = 1; i <= 100; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");

            CacheSnapshot now = cache.PodCache.Current;
            Assert.Equal(i, now.Revision);
            Assert.Contains($"\"note\":\"{i}\"", Encoding.UTF8.GetString(now.Get(Pod(Shop, "a"))!.Json.Span));
        }
    }

    [Fact]
    public async Task Current_OtherResourceWritten_IsAtTheNewestRevision()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        await cache.PutPod(Shop, "a");
        long revision = await cache.Commit(Put(StoreKey.Of(Deployments, Shop, "default", "d")));

        Assert.Equal(2, revision);
        Assert.Equal(2, cache.PodCache.Current.Revision);
        Assert.Equal(1, cache.PodCache.Current.Get(Pod(Shop, "a"))!.Revision);
    }

    [Fact]
    public async Task Range_Scopes_AreApart()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        foreach (ClusterName cluster in (ClusterName[])[ClusterName.Root, Shop, Bank, new("acme", "shop2")])
        {
            await cache.PutPod(cluster, "a");
            await cache.PutPod(cluster, "b");
            await cache.PutPod(cluster, "a", @namespace: "default2");
        }

        CacheSnapshot now = cache.PodCache.Current;
        Assert.Equal(["a", "b"], now.Range(StoreKey.Prefix(Pods, Shop, "default")).Select(pod => pod.Name));
        Assert.Equal(["b"], now.Range(StoreKey.Prefix(Pods, Shop, "default"), Pod(Shop, "a")).Select(pod => pod.Name));
        Assert.All(now.Range(StoreKey.Prefix(Pods, Shop)), pod => Assert.Equal(Shop, pod.Cluster));
        Assert.Equal(3, now.Count(StoreKey.Prefix(Pods, Shop)));
        Assert.Equal(3, now.Count(StoreKey.Prefix(Pods, ClusterName.Root)));
        Assert.Equal(12, now.Count(StoreKey.Prefix(Pods, ClusterName.All)));
    }

    [Fact]
    public async Task Snapshot_Held_DoesNotChange()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        await cache.PutPod(Shop, "a", "1");
        CacheSnapshot held = cache.PodCache.Current;

        await cache.PutPod(Shop, "a", "2");
        await cache.PutPod(Shop, "b");

        Assert.Equal(1, held.Get(Pod(Shop, "a"))!.Revision);
        Assert.Equal(1, held.Count(StoreKey.Prefix(Pods)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task At_EveryRevisionKept_IsTheStateThen(int seed)
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        var random = new Random(seed);
        var states = new List<string> { "" };
        for (int i = 0; i < 1_000; i++)
        {
            string name = $"{random.Next(40)}";
            bool delete = random.Next(3) == 0 && cache.PodCache.Current.Get(Pod(Shop, name)) is not null;
            await (delete ? cache.DeletePod(Shop, name) : cache.PutPod(Shop, name, $"{i}"));
            states.Add(Show(cache.PodCache.Current));
        }

        for (int i = 0; i < 300; i++)
        {
            int revision = random.Next(states.Count);
            CacheSnapshot then = cache.PodCache.At(revision)!;
            Assert.Equal(revision, then.Revision);
            Assert.Equal(states[revision], Show(then));
        }

        static string Show(CacheSnapshot snapshot) =>
            string.Join(" ", snapshot.Range(StoreKey.Prefix(Pods)).Select(pod => $"{pod.Name}@{pod.Revision}"));
    }

    [Fact]
    public async Task At_OlderThanKept_IsNull()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        for (int i = 0; i < EventRing.Most + 10; i++)
        {
            await cache.PutPod(Shop, "a", $"{i}");
        }

        Assert.Null(cache.PodCache.At(9));
        Assert.Equal(10, cache.PodCache.At(10)!.Get(Pod(Shop, "a"))!.Revision);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PodCache.At(EventRing.Most + 11));

        // A resource that nobody changes stays readable at every revision.
        Assert.Empty(cache.Set.For(Deployments).At(1)!.Range(StoreKey.Prefix(Deployments)));
    }

    [Fact]
    public async Task At_LargeObjects_KeepsFewer()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        string large = new('x', 1 << 20);
        for (int i = 1; i <= 100; i++)
        {
            await cache.PutPod(Shop, "a", large);
        }

        Assert.Null(cache.PodCache.At(10));
        Assert.NotNull(cache.PodCache.At(100 - EventRing.Fewest));
    }
}
