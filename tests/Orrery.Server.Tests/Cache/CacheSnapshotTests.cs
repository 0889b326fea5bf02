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

    [Fact]
    public async Task StartAsync_StoreWithContent_LoadsAll()
    {
        await using CacheFixture first = await CacheFixture.StartAsync();
        await first.PutPod(Shop, "a");
        await first.Commit(Put(StoreKey.Of(Deployments, Shop, "default", "d")));
        await first.PutPod(Shop, "b");
        await first.DeletePod(Shop, "a");

        await using CacheFixture second = await CacheFixture.StartAsync(first.Store);

        Assert.Equal(4, second.Set.Revision);
        Assert.Equal(["b@3/3"], second.PodCache.Current.Range("/").Select(pod => $"{pod.Name}@{pod.Revision}/{pod.CreateRevision}"));
        Assert.Equal(["d"], second.Set.For(Deployments).Current.Range("/").Select(item => item.Name));
    }

    [Fact]
    public async Task StartAsync_DamagedObject_ServesTheOthers()
    {
        await using CacheFixture first = await CacheFixture.StartAsync();
        await first.PutPod(Shop, "a");
        await first.Commit(new Write(Pod(Shop, "b"), "damaged"u8.ToArray()), Put(Pod(Shop, "c")));
        Assert.Equal(["a", "c"], first.PodCache.Current.Range("/").Select(pod => pod.Name));

        await using CacheFixture second = await CacheFixture.StartAsync(first.Store);
        Assert.Equal(["a", "c"], second.PodCache.Current.Range("/").Select(pod => pod.Name));
    }

    [Fact]
    public async Task StartAsync_DuringWrites_LosesNone()
    {
        await using CacheFixture first = await CacheFixture.StartAsync();
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 3_000; i++)
            {
                await first.PutPod(Shop, $"{i % 500}", $"{i}");
            }
        });

        for (int i = 0; i < 10; i++)
        {
            await using CacheFixture late = await CacheFixture.StartAsync(new Undisposed(first.Store));
            CacheSnapshot now = late.PodCache.Current;
            Assert.Equal(
                first.PodCache.At(now.Revision)!.Range("/").Select(pod => (pod.Name, pod.Revision)),
                now.Range("/").Select(pod => (pod.Name, pod.Revision)));
        }

        await writing;
    }

    [Fact]
    public async Task StartAsync_StoreThatIsNotLocal_ReadsItsOwnWritesToo()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync(new Undisposed(new Storage.Memory.MemoryStore(TimeProvider.System)));
        for (int i = 1; i <= 200; i++)
        {
            long revision = await cache.PutPod(Shop, "a", $"{i}");
            Assert.Equal(revision, cache.PodCache.Current.Get(Pod(Shop, "a"))!.Revision);
            Assert.Equal(revision, await cache.Set.WaitForLatestAsync(Token));
        }
    }

    [Fact]
    public async Task WaitForAsync_RevisionToCome_EndsWhenItIsThere()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        Task second = cache.Set.WaitForAsync(2, Token).AsTask();
        Task third = cache.Set.WaitForAsync(3, Token).AsTask();
        using var stop = new CancellationTokenSource();
        Task cancelled = cache.Set.WaitForAsync(99, stop.Token).AsTask();

        await cache.PutPod(Shop, "a");
        Assert.False(second.IsCompleted);
        await cache.PutPod(Shop, "b");
        await second.WaitAsync(Token);
        Assert.False(third.IsCompleted);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await cache.Set.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => third);
    }

    /// <summary>Hides that a store is local, and outlives the one that uses it.</summary>
    private sealed class Undisposed(IStore inner) : IStore
    {
        public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => inner.ReadRevisionAsync(cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) => inner.CommitAsync(transaction, cancellationToken);

        public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

        public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken) =>
            inner.RangeAsync(prefix, startAfter, limit, revision, cancellationToken);

        public IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
            inner.WatchAsync(prefix, afterRevision, cancellationToken);

        public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
