using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

public sealed class WatchBookmarkTests
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => ServerFixture.Token;

    [Fact]
    public async Task Watch_OthersThatBeganSomewhatLater_HaveTheirBookmarkAtTheSameMoment()
    {
        ManualTime time = Clock();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time });
        var watches = new List<IAsyncEnumerator<WatchEvent>>();
        for (int i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.3));
            watches.Add(await WatchAsync(server, ServerFixture.ConfigMaps));
        }

        _ = await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system", ServerFixture.ConfigMap("elsewhere"), Token);

        // A minute of the server's clock, and before the first of them is a minute old.
        Task<bool>[] next = [.. watches.Select(w => w.MoveNextAsync().AsTask())];
        time.Advance(TimeSpan.FromSeconds(59.2));
        await AdvanceAsync(time, TimeSpan.FromMilliseconds(180), Task.WhenAll(next));

        Assert.All(next, n => Assert.True(n.IsCompletedSuccessfully));
        Assert.All(watches, w => Assert.Equal(WatchEventType.Bookmark, w.Current.Type));
        await EndAsync(watches);
    }

    [Fact]
    public async Task Watch_OfWhatNobodyChanges_IsToldOfWhatElseChangedAtTheThirdMoment()
    {
        ManualTime time = Clock();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time });
        IAsyncEnumerator<WatchEvent> quiet = await WatchAsync(server, ServerFixture.ConfigMaps);
        IAsyncEnumerator<WatchEvent> busy = await WatchAsync(server, Secrets);
        Task<bool> told = quiet.MoveNextAsync().AsTask();
        long last = 0;
        for (int minute = 1; minute < 3; minute++)
        {
            await SecretsAsync(server, $"before-{minute}", 1);
            Task<bool> next = busy.MoveNextAsync().AsTask();
            time.Advance(Minute - Step);
            await AdvanceAsync(time, Look, next);
            Assert.True(next.IsCompletedSuccessfully);
            last = await SecretsAsync(server, $"after-{minute}", 1);
        }

        time.Advance(Minute - Step - Look);
        await AdvanceAsync(time, Minute, told);

        Assert.True(told.IsCompletedSuccessfully);
        Assert.Equal(WatchEventType.Bookmark, quiet.Current.Type);
        Assert.True(Revision(quiet.Current.Object) >= last, $"{quiet.Current.Object.ResourceVersion} was told already when {last} came");
        await EndAsync([quiet, busy]);
    }

    [Fact]
    public async Task Watch_FarBehind_HasItsBookmarkWithinAMinute()
    {
        ManualTime time = Clock();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time });
        IAsyncEnumerator<WatchEvent> quiet = await WatchAsync(server, ServerFixture.ConfigMaps);
        long last = await SecretsAsync(server, "many", 1024);

        Task<bool> told = quiet.MoveNextAsync().AsTask();
        time.Advance(Minute - Step);
        await AdvanceAsync(time, Look, told);

        Assert.True(told.IsCompletedSuccessfully);
        Assert.Equal(WatchEventType.Bookmark, quiet.Current.Type);
        Assert.True(Revision(quiet.Current.Object) >= last);
        await EndAsync([quiet]);
    }

    /// <summary>By which certificates of today hold.</summary>
    private static ManualTime Clock()
    {
        var time = new ManualTime();
        time.Skew = TimeProvider.System.GetUtcNow() - time.GetUtcNow();
        return time;
    }

    /// <summary>One that shows nothing, and has begun.</summary>
    private static async Task<IAsyncEnumerator<WatchEvent>> WatchAsync(TestServer server, GroupVersionResource resource)
    {
        var query = new WatchQuery { SendInitialEvents = true, FieldSelector = "metadata.name=none" };
        IAsyncEnumerator<WatchEvent> watch = server.Admin.WatchAsync(resource, "default", query, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        Assert.True(watch.Current.EndsInitialEvents);
        return watch;
    }

    private static async Task EndAsync(IEnumerable<IAsyncEnumerator<WatchEvent>> watches)
    {
        foreach (IAsyncEnumerator<WatchEvent> watch in watches)
        {
            await watch.DisposeAsync();
        }
    }

    /// <returns>The revision of the last.</returns>
    private static async Task<long> SecretsAsync(TestServer server, string name, int count)
    {
        long last = 0;
        for (int i = 0; i < count; i++)
        {
            last = Revision(await server.Admin.CreateAsync(Secrets, "kube-system", new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"{name}-{i}" } }, Token));
        }

        return last;
    }

    private static long Revision(KubeObject found) => long.Parse(found.ResourceVersion, CultureInfo.InvariantCulture);

    /// <summary>Little by little, as the server does its part by a clock that nobody turns.</summary>
    private static async Task AdvanceAsync(ManualTime time, TimeSpan atMost, Task until)
    {
        for (TimeSpan past = TimeSpan.Zero; past < atMost && !until.IsCompleted; past += Step)
        {
            time.Advance(Step);
            await Task.WhenAny(until, Task.Delay(past < Look ? Look : Step, TimeProvider.System, Token));
        }

        // What is due by now may still be on its way: the clock stands, so that nothing else becomes due.
        await Task.WhenAny(until, Task.Delay(Minute, TimeProvider.System, Token));
    }
}
