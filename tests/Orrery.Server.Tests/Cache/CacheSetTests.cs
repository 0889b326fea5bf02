using System.Runtime.CompilerServices;
using System.Text;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

public sealed class CacheSetTests
{
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
            await using CacheFixture late = await CacheFixture.StartAsync(new Remote(first.Store));
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
        await using CacheFixture cache = await CacheFixture.StartAsync(new Remote(new MemoryStore(TimeProvider.System)));
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StartAsync_Again_KnowsTheRecentPast(bool compacted)
    {
        await using CacheFixture first = await CacheFixture.StartAsync();
        await first.PutPod(Shop, "a", "1");
        await first.PutPod(Shop, "a", "2");
        await first.DeletePod(Shop, "a");
        await first.Commit(Put(StoreKey.Of(Deployments, Shop, "default", "d")));
        await first.PutPod(Shop, "a", "5");
        await first.PutPod(Shop, "b", "6");
        if (compacted)
        {
            await first.Store.CompactAsync(2, Token);
        }

        await using CacheFixture second = await CacheFixture.StartAsync(first.Store);

        // A client that had seen revision 2 before the restart goes on as if there had been none.
        using CacheWatcher watcher = second.PodCache.Watch(StoreKey.Prefix(Pods), 2)!;
        await second.PutPod(Shop, "b", "7");
        List<CacheEvent> events = Drain(watcher);
        Assert.Equal(["Deleted a @3", "Added a @5", "Added b @6", "Modified b @7"], events.Select(Show));
        Assert.Equal(2, events[0].Previous!.Revision);
        Assert.Contains("\"note\":\"2\"", Encoding.UTF8.GetString(events[0].Object.Json.Span));
        Assert.Equal(["a@2"], second.PodCache.At(2)!.Range("/").Select(pod => $"{pod.Name}@{pod.Revision}"));
        Assert.Empty(second.PodCache.At(4)!.Range("/"));
        Assert.Equal(["a@5", "b@6"], second.PodCache.At(6)!.Range("/").Select(pod => $"{pod.Name}@{pod.Revision}"));
        Assert.Equal(compacted, second.PodCache.At(1) is null);
        Assert.Equal(compacted, second.PodCache.Watch(StoreKey.Prefix(Pods), 1) is null);
    }

    [Fact]
    public async Task Follow_StoreForgotWhatWasMissed_ReadsAnewAndExpiresWatchers()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        var remote = new Remote(store);
        var time = new ManualTime();
        await using CacheFixture cache = await CacheFixture.StartAsync(remote, time);
        await cache.PutPod(Shop, "a");
        await cache.PutPod(Shop, "b");
        using CacheWatcher watcher = cache.PodCache.Watch(StoreKey.Prefix(Pods), 2)!;

        // The connection drops; until it is tried again, which waits for the clock, more happens than the store remembers.
        remote.HasForgotten = true;
        remote.Cut();
        await Eventually.TrueAsync(() => time.Waiting == 1, "it waits before it tries again", cancellationToken: Token);
        await store.CommitAsync(new Transaction([], [new Write(Pod(Shop, "a"), null)]), Token);
        await store.CommitAsync(new Transaction([], [Put(Pod(Shop, "c"))]), Token);
        await store.CompactAsync(4, Token);
        time.Advance(TimeSpan.FromSeconds(1));

        await cache.Set.WaitForAsync(4, Token);
        Assert.Equal(["b", "c"], cache.PodCache.Current.Range("/").Select(pod => pod.Name));
        Assert.Equal(CacheWait.Expired, await watcher.WaitAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Null(cache.PodCache.Watch(StoreKey.Prefix(Pods), 3));
        Assert.Equal(5, await cache.PutPod(Shop, "d"));
        Assert.Equal(4, cache.PodCache.At(4)!.Revision);
    }

    /// <summary>Hides that a store is local, and outlives the one that uses it.</summary>
    private sealed class Remote(IStore inner) : IStore
    {
        private readonly CancellationTokenSource cut = new();

        /// <summary>Whether watches find that what they ask for is gone.</summary>
        public bool HasForgotten { get; set; }

        public ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken) => inner.ReadRevisionAsync(cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) => inner.CommitAsync(transaction, cancellationToken);

        public ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

        public ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken) =>
            inner.RangeAsync(prefix, startAfter, limit, revision, cancellationToken);

        /// <summary>Ends the watches that are open, as a lost connection does.</summary>
        public void Cut() => cut.Cancel();

        public async IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, HasForgotten ? CancellationToken.None : cut.Token);
            await using IAsyncEnumerator<StoreBatch> batches = inner.WatchAsync(prefix, afterRevision, ending.Token).GetAsyncEnumerator(ending.Token);
            while (await Next())
            {
                yield return batches.Current;
            }

            async ValueTask<bool> Next()
            {
                try
                {
                    return await batches.MoveNextAsync();
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    throw new StoreException("the connection was lost", outcomeUnknown: false);
                }
            }
        }

        public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
