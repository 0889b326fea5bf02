using System.Collections.Concurrent;
using System.Text;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Informers;

public sealed class InformerTests : IAsyncLifetime
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly FakeResource resource = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> changes = new();
    private ScriptedServer server = null!;
    private KubeClient client = null!;
    private Informer informer = null!;
    private Task running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        server = await ScriptedServer.StartAsync(resource.AnswerAsync);
        client = new KubeClient(server.Config);
        informer = Make(client);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        client.Dispose();
        await server.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task RunAsync_Changes_AreToldInOrderAndStored()
    {
        resource.Put("a");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");

        resource.Put("b");
        resource.Put("a");
        resource.Delete("b");

        await Until.TrueAsync(() => changes.Count == 4, "4 changes");
        Assert.Equal(["+a", "+b", "~a", "-b"], changes);
        Assert.Equal("a", Assert.Single(informer.All()).Name);
        Assert.Equal("13", informer.Get(ClusterName.Root, "ns", "a")!.ResourceVersion);
        Assert.Null(informer.Get(ClusterName.Root, "ns", "b"));
    }

    [Fact]
    public async Task RunAsync_BrokenConnection_ResumesWhereItWas()
    {
        resource.Put("a");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        resource.Bookmark();
        resource.Put("b");
        await Until.TrueAsync(() => changes.Count == 2, "b");

        resource.Down = true;
        resource.Break();
        await Until.TrueAsync(() => resource.Watchers == 0, "broken");
        resource.Put("c");
        resource.Delete("a");
        resource.Down = false;

        await Until.TrueAsync(() => changes.Count == 4, "what was missed");
        Assert.Equal(["+a", "+b", "+c", "-a"], changes);
        string[] asked = [.. server.Requests.Select(r => r.Url)];
        Assert.Single(asked, u => !u.Contains("watch=true", StringComparison.Ordinal));
        Assert.All(asked[2..], u => Assert.Contains("resourceVersion=13&", u, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_QuietResource_ResumesFromTheBookmark()
    {
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        resource.Bookmark();
        resource.Put("a");
        resource.Bookmark();
        resource.Put("b");
        await Until.TrueAsync(() => changes.Count == 2, "b");
        resource.OldestKept = 13;

        resource.Break();
        await Until.TrueAsync(() => server.Requests.Count(r => r.Url.Contains("watch=true", StringComparison.Ordinal)) >= 2 && resource.Watchers == 1, "watching again");

        Assert.Single(server.Requests, r => !r.Url.Contains("watch=true", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_VersionNoLongerKept_ListsAgainAndTellsOnlyTheDifference()
    {
        resource.Put("same");
        resource.Put("gone");
        resource.Put("changed");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        changes.Clear();
        resource.Down = true;
        resource.Break();
        await Until.TrueAsync(() => resource.Watchers == 0, "broken");

        resource.Delete("gone");
        resource.Put("changed");
        resource.Put("new");
        resource.OldestKept = 1000;
        resource.Down = false;

        await Until.TrueAsync(() => changes.Count == 3, "the difference");
        resource.OldestKept = 0;
        Assert.Equal(["~changed", "+new", "-gone"], changes);
    }

    /// <summary>A cluster of somebody else's is restored from a backup while it is watched: its versions are those of an earlier time.</summary>
    [Fact]
    public async Task RunAsync_ServerPutBack_ShowsWhatItHasNow()
    {
        resource.Put("a");
        resource.Put("gone-again");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        resource.Delete("gone-again");
        resource.Put("a");
        resource.Put("b");
        await Until.TrueAsync(() => changes.Count == 5, "all changes");

        resource.PutBack(12);
        await Until.TrueAsync(() => resource.Watchers == 1, "watching again");

        // From a version that it has not reached again a server tells nothing, but how far it is.
        resource.Bookmark();

        await Until.TrueAsync(() => changes.Count == 8, "the earlier state");
        Assert.Equal(["+a", "+gone-again", "-gone-again", "~a", "+b", "~a", "+gone-again", "-b"], changes);
        Assert.Equal("11", informer.Get(ClusterName.Root, "ns", "a")!.ResourceVersion);
        await Until.TrueAsync(() => resource.Watchers == 1, "watching from there");
        resource.Put("a");
        await Until.TrueAsync(() => changes.Count == 9, "what comes next");
    }

    /// <summary>It has come further meanwhile than it was seen: nothing that it says tells that what was seen has not happened.</summary>
    [Fact]
    public async Task RunAsync_ServerPutBackAndGoneFurther_ShowsWhatItHasNowOnceThatIsSaid()
    {
        var history = new ServerHistory();
        informer = Make(client, new InformerOptions { Seed = 1, BackoffMin = TimeSpan.FromMilliseconds(5), History = history });
        resource.Put("a");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        resource.Put("a");
        resource.Put("b");
        await Until.TrueAsync(() => changes.Count == 3, "all changes");

        resource.PutBack(11);
        resource.Put("c");
        resource.Put("d");
        resource.Put("e");
        await Until.TrueAsync(() => changes.Count == 4, "the one that comes after what was seen");
        Assert.Equal(["+a", "~a", "+b", "+e"], changes);
        history.PutBack();

        await Until.TrueAsync(() => changes.Count == 8, "the other history");
        Assert.Equal(["+c", "+d", "-b", "~a"], changes.Skip(4).Order(StringComparer.Ordinal));
        Assert.Equal("11", informer.Get(ClusterName.Root, "ns", "a")!.ResourceVersion);
        await Until.TrueAsync(() => resource.Watchers == 1, "watching from there");
        resource.Put("a");
        await Until.TrueAsync(() => changes.Count == 9, "what comes next");
        Assert.Equal(2, resource.Lists);
    }

    [Fact]
    public async Task RunAsync_EveryPositionHasExpired_ListsWithPauses()
    {
        var time = new ManualTime();
        resource.OldestKept = long.MaxValue;
        informer = new Informer(client, ConfigMaps, new InformerOptions { Seed = 1, Time = time });
        await StartAsync();

        // The first expiry lists at once; from the second on it waits.
        await Until.TrueAsync(() => time.Waiting == 1, "a pause");
        Assert.Equal(2, resource.Lists);

        time.Advance(TimeSpan.FromSeconds(5));
        await Until.TrueAsync(() => time.Waiting == 1, "another pause");
        Assert.Equal(3, resource.Lists);
    }

    [Fact]
    public async Task RunAsync_NotToAskYet_AsksNothingUntilItMay()
    {
        var may = new TaskCompletionSource();
        var waits = new ConcurrentQueue<bool>();
        informer = Make(client, new InformerOptions
        {
            Seed = 1,
            BackoffMin = TimeSpan.FromMilliseconds(5),
            Until = token =>
            {
                waits.Enqueue(may.Task.IsCompleted);
                return may.Task.WaitAsync(token);
            },
        });
        resource.Put("a");
        running = informer.RunAsync(stop.Token);
        await Until.TrueAsync(() => waits.Count == 1, "waiting");
        Assert.Empty(server.Requests);
        may.SetResult();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        Assert.Equal(["+a"], changes);

        // A watch that ends goes on when it may.
        may = new TaskCompletionSource();
        int asked = server.Requests.Count;
        resource.Break();
        await Until.TrueAsync(() => waits.Count == 2, "waiting again");
        resource.Put("b");
        Assert.Equal(asked, server.Requests.Count);
        may.SetResult();
        await Until.TrueAsync(() => changes.Count == 2, "b");
    }

    [Fact]
    public async Task HasSynced_ServerDown_WaitsForTheFirstList()
    {
        resource.Put("a");
        resource.Down = true;
        running = informer.RunAsync(stop.Token);
        await Until.TrueAsync(() => server.Requests.Count >= 2, "tried again");
        Assert.False(informer.HasSynced.IsCompleted);

        resource.Down = false;

        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(["+a"], changes);
    }

    [Fact]
    public async Task Observe_OwnWrite_IsSeenAtOnceAndToldOnce()
    {
        resource.Put("a");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");

        // 50 will come from the watch only as 51 of another object; until then the store shows the write.
        informer.Observe(KubeObject.Parse("""{"metadata":{"name":"mine","namespace":"ns","uid":"u-mine","resourceVersion":"50"}}"""u8));

        Assert.NotNull(informer.Get(ClusterName.Root, "ns", "mine"));
        Assert.Equal(["+a", "+mine"], changes);
    }

    [Fact]
    public async Task Observe_OlderThanTheWatch_IsIgnored()
    {
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");
        string old = resource.Put("a");
        resource.Delete("a");
        await Until.TrueAsync(() => changes.Count == 2, "a came and went");

        informer.Observe(KubeObject.Parse(Encoding.UTF8.GetBytes(old)));

        Assert.Empty(informer.All());
        Assert.Equal(["+a", "-a"], changes);
    }

    /// <summary>What the watch tells later of the one that had its name before is past.</summary>
    [Fact]
    public async Task Observe_AnotherOfTheName_IsNotLostToWhatTheWatchTellsOfTheFormer()
    {
        resource.Put("a");
        await StartAsync();
        await Until.TrueAsync(() => resource.Watchers == 1, "watching");

        informer.Observe(KubeObject.Parse("""{"metadata":{"name":"a","namespace":"ns","uid":"u-another","resourceVersion":"50"}}"""u8));
        resource.Put("a");
        resource.Delete("a");
        resource.Put("b");

        await Until.TrueAsync(() => changes.Count == 3, "b");
        Assert.Equal(["+a", "~a", "+b"], changes);
        Assert.Equal("u-another", informer.Get(ClusterName.Root, "ns", "a")!.Uid);
        Assert.Equal(14, informer.Seen);
    }

    [Fact]
    public async Task ByIndex_LabelChanges_FindsTheObjectUnderItsPresentValue()
    {
        informer.AddIndex("app", o => o.Labels.TryGetValue("app", out string? app) ? [app] : []);
        resource.Put("a", ""","labels":{"app":"one"}""");
        await StartAsync();
        Assert.Equal("a", Assert.Single(informer.ByIndex("app", "one")).Name);

        resource.Put("a", ""","labels":{"app":"two"}""");

        await Until.TrueAsync(() => changes.Count == 2, "changed");
        Assert.Empty(informer.ByIndex("app", "one"));
        Assert.Equal("a", Assert.Single(informer.ByIndex("app", "two")).Name);
        Assert.Equal("a", Assert.Single(informer.InNamespace(ClusterName.Root, "ns")).Name);
    }

    [Fact]
    public async Task RunAsync_AllClusters_KeysCarryEachObjectsCluster()
    {
        var keys = new ConcurrentQueue<string>();
        informer = new Informer(client.InCluster(ClusterName.All), ConfigMaps).Subscribe(c => keys.Enqueue(c.Key.ToString()));
        resource.Put("a", ""","clusterName":"acme/shop" """);
        await StartAsync();

        Assert.Equal(["acme/shop:ns/a"], keys);
        Assert.NotNull(informer.Get(new ClusterName("acme", "shop"), "ns", "a"));
        Assert.StartsWith("/clusters/*/api/v1/configmaps", server.Requests.First().Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_OfOneOfAllClusters_IsKeptAsTheWatchWouldTellIt()
    {
        var shop = new ClusterName("acme", "shop");
        informer = new Informer(client.InCluster(ClusterName.All), ConfigMaps).AddIndex("cluster", o => [o.Cluster.ToString()]);
        resource.Put("a", ""","clusterName":"acme/shop" """);
        await StartAsync();

        informer.Observe(KubeObject.Parse("""{"metadata":{"name":"mine","namespace":"ns","uid":"u-mine","resourceVersion":"50"}}"""u8), shop);

        KubeObject kept = Assert.IsType<KubeObject>(informer.Get(shop, "ns", "mine"));
        Assert.Equal(shop, informer.KeyOf(kept).Cluster);
        Assert.Equal(2, informer.CountByIndex("cluster", "acme/shop"));
    }

    [Fact]
    public async Task Subscribe_AfterTheList_TellsWhatIsKnown()
    {
        resource.Put("a");
        await StartAsync();
        var late = new ConcurrentQueue<string>();

        informer.Subscribe(c => late.Enqueue(c.Key.Name));

        Assert.Equal(["a"], late);
    }

    [Fact]
    public async Task Transform_ManagedFields_AreDropped()
    {
        informer = new Informer(client, ConfigMaps, new InformerOptions { Transform = InformerOptions.WithoutManagedFields });
        resource.Put("a", ""","managedFields":[{"manager":"m"}]""");
        await StartAsync();

        KubeObject kept = Assert.Single(informer.All());
        Assert.Null(kept.At("metadata", "managedFields"));
        Assert.Equal("u-a", kept.Uid);
    }

    private Informer Make(KubeClient from) => Make(from, new InformerOptions { Seed = 1, BackoffMin = TimeSpan.FromMilliseconds(5) });

    private Informer Make(KubeClient from, InformerOptions options) => new Informer(from, ConfigMaps, options)
        .Subscribe(c => changes.Enqueue((c.IsDeleted ? "-" : c.IsAdded ? "+" : "~") + c.Key.Name));

    private async Task StartAsync()
    {
        running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }
}
