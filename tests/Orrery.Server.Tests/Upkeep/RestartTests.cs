using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Server.Tests.Clusters;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

public sealed class RestartTests
{
    private readonly TaskCompletionSource opened = new();

    [Fact]
    public async Task Start_OnAUsedStore_ServesWhatWasAcknowledged()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        string uid;
        await using (TestServer first = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token))
        {
            uid = (await first.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), ServerFixture.Token)).Uid;
            await first.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition(), ServerFixture.Token);
        }

        await using TestServer second = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);

        Assert.Equal(uid, (await second.Admin.GetAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.Token)).Uid);
        Assert.Empty((await second.Admin.ListAsync(ServerFixture.Custom(), "default", null, ServerFixture.Token)).Items);
    }

    [Fact]
    public async Task Watch_FromBeforeTheRestart_GoesOnWithoutGap()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        string start;
        await using (TestServer first = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token))
        {
            start = (await first.Admin.ListAsync(ServerFixture.ConfigMaps, "default", null, ServerFixture.Token)).ResourceVersion;
            await first.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("before"), ServerFixture.Token);
        }

        await using TestServer second = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        await second.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("after"), ServerFixture.Token);

        Assert.Equal(["before", "after"], await NamesAsync(second, start, "after"));
    }

    [Fact]
    public async Task Watch_FromWhatIsNoLongerKept_IsToldToListAgain()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using (await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token))
        {
        }

        await store.CompactAsync(await store.ReadRevisionAsync(ServerFixture.Token), ServerFixture.Token);
        await using TestServer second = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => NamesAsync(second, "1", "none"));

        Assert.True(fault.IsExpired);
    }

    /// <summary>Neither the first reads are answered nor the first writes; of every second one of these nobody hears that it was made.</summary>
    [Fact]
    public async Task Start_WhileTheStoreIsAway_WaitsForIt()
    {
        await using var beneath = new MemoryStore(TimeProvider.System);
        var tried = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        int faults = 0;
        var store = new InterruptedStore(beneath)
        {
            FailingRanges = 2,
            Before = async (inner, transaction) =>
            {
                if (!tried.TryAdd(transaction.Writes[0].Key, true))
                {
                    return;
                }

                bool unknown = Interlocked.Increment(ref faults) % 2 == 0;
                if (unknown)
                {
                    await inner.CommitAsync(transaction, ServerFixture.Token);
                }

                throw new StoreException("no answer in time", unknown);
            },
        };

        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);

        Assert.Contains(tried.Keys, k => k.EndsWith("/services/-/default/kubernetes", StringComparison.Ordinal));
        Assert.Equal("kubernetes", (await server.Admin.GetAsync(new GroupVersionResource("", "v1", "services"), "default", "kubernetes", ServerFixture.Token)).Name);
        Assert.Equal(
            ["default", "kube-node-lease", "kube-public", "kube-system"],
            (await server.Admin.ListAsync(new GroupVersionResource("", "v1", "namespaces"), "", null, ServerFixture.Token)).Items.Select(i => i.Name).Order(StringComparer.Ordinal));
    }

    /// <summary>Whoever started it is to know at once: only its operator can make room.</summary>
    [Fact]
    public async Task Start_OnAFullStore_SaysSo()
    {
        await using var beneath = new MemoryStore(TimeProvider.System);
        var store = new InterruptedStore(beneath) { Before = (_, _) => throw new StoreException("no space", outcomeUnknown: false) { IsFull = true } };

        StoreException full = await Assert.ThrowsAsync<StoreException>(() => TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token));

        Assert.True(full.IsFull);
    }

    [Fact]
    public async Task Stop_WithOpenWatches_EndsThemInOrder()
    {
        TestServer server = await TestServer.StartAsync(cancellationToken: ServerFixture.Token);
        Task watch = Task.Run(
            async () =>
            {
                await foreach (var _ in server.Admin.WatchAsync(ServerFixture.ConfigMaps, "default", new Client.WatchQuery(), ServerFixture.Token))
                {
                    opened.TrySetResult();
                }
            },
            ServerFixture.Token);
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, ServerFixture.Token);

        await server.DisposeAsync();

        // It ends as watches do. One that the server waits for in vain is cut off after some seconds, which a client sees as a fault.
        await watch.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, ServerFixture.Token);
    }

    /// <summary>Each of these servers has an authority of its own: that its certificate comes into the namespaces is another's matter.</summary>
    private static async Task<List<string>> NamesAsync(TestServer server, string after, string last)
    {
        var names = new List<string>();
        var query = new Client.WatchQuery { ResourceVersion = after, AllowBookmarks = false };
        await foreach (Client.WatchEvent found in server.Admin.WatchAsync(ServerFixture.ConfigMaps, "default", query, ServerFixture.Token))
        {
            if (found.Object.Name != "kube-root-ca.crt")
            {
                names.Add(found.Object.Name);
            }

            if (found.Object.Name == last)
            {
                break;
            }
        }

        return names;
    }
}
