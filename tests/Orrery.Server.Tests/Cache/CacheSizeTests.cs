using System.Diagnostics;
using System.Text;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Storage.Sqlite;
using static Orrery.Server.Tests.Cache.CacheFixture;

namespace Orrery.Server.Tests.Cache;

/// <summary>What 100,000 objects of 1 KiB cost. Alone, because it measures.</summary>
[Collection("measures")]
public sealed class CacheSizeTests
{
    private const int Objects = 100_000;

    [Fact]
    public async Task StartAsync_HundredThousandObjectsInSqlite_StaysWithinTheBudget()
    {
        string directory = Directory.CreateTempSubdirectory("orrery-cache-").FullName;
        try
        {
            await using (SqliteStore store = SqliteStore.Open(Path.Combine(directory, "store.db"), TimeProvider.System))
            {
                await FillAsync(store);
            }

            long before = GC.GetTotalMemory(forceFullCollection: true);
            await using CacheFixture cache = await CacheFixture.StartAsync(SqliteStore.Open(Path.Combine(directory, "store.db"), TimeProvider.System));
            long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Objects;

            TestContext.Current.SendDiagnosticMessage($"SQLite and cache: {each} bytes an object");
            Assert.Equal(Objects, cache.PodCache.Current.Count("/"));
            Assert.True(each < 2_560, $"{each} bytes an object");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Load_HundredThousandObjectsInMemory_StaysWithinTheBudget()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await using CacheFixture cache = await CacheFixture.StartAsync(new MemoryStore(TimeProvider.System));
        await FillAsync(cache.Store);
        await cache.Store.CompactAsync(cache.Set.Revision, Token);
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Objects;

        TestContext.Current.SendDiagnosticMessage($"memory engine and cache: {each} bytes an object");
        Assert.Equal(Objects, cache.PodCache.Current.Count("/"));
        Assert.True(each < 2_560, $"{each} bytes an object");
    }

    [Fact]
    public async Task Watchers_TenThousandIdle_AreSmallAndAskedForNothing()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        CacheWatcher[] watchers = [.. Enumerable.Range(0, 10_000).Select(i => cache.PodCache.Watch(StoreKey.Prefix(Pods, new ClusterName("acme", $"c{i}")), 0)!)];
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / watchers.Length;

        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < 10_000; i++)
        {
            await cache.PutPod(new ClusterName("acme", "c7"), "a", $"{i}");
            Assert.True(watchers[7].TryRead(out _));
        }

        TestContext.Current.SendDiagnosticMessage(
            $"idle watcher: {each} bytes; commit, apply and one event among 10,000 watchers: {Stopwatch.GetElapsedTime(started).TotalMicroseconds / 10_000:n1} µs");
        Assert.True(each < 1_024, $"{each} bytes a watcher");
        Assert.All(watchers, watcher => Assert.False(watcher.TryRead(out _)));
    }

    private static async Task FillAsync(IStore store)
    {
        string filler = new('x', 800);
        var commits = new List<Task>();
        for (int i = 0; i < Objects; i += 20)
        {
            Write[] writes = [.. Enumerable.Range(i, 20).Select(n => new Write(Pod(new ClusterName("acme", $"c{n % 100}"), $"productpage-{n:d6}"), Value(n)))];
            commits.Add(store.CommitAsync(new Transaction([], writes), Token).AsTask());
        }

        await Task.WhenAll(commits);

        byte[] Value(int n) => Encoding.UTF8.GetBytes(
            $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"productpage-{{{n:d6}}}","namespace":"default","uid":"{{{n:d36}}}","labels":{"app":"productpage"}},"spec":{"note":"{{{filler}}}"}}""");
    }
}

[CollectionDefinition("measures", DisableParallelization = true)]
public sealed class MeasuresCollection;
