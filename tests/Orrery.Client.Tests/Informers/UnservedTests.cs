using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Informers;

/// <summary>A resource that the server does not serve, where that counts as none of it.</summary>
public sealed class UnservedTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task RunAsync_NotServed_IsAskedForEverLess_AndAtOnceWhenTold()
    {
        var resource = new FakeResource();
        resource.Put("a");
        bool served = false;
        int asked = 0, told = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
        {
            Interlocked.Increment(ref asked);
            return served ? resource.AnswerAsync(c) : ScriptedServer.JsonAsync(c, ApiErrors.NoSuchResource().Status.ToJson().ToJsonString(), 404);
        });
        using var client = new KubeClient(server.Config);
        using var stop = new CancellationTokenSource();
        var time = new ManualTime();
        var informer = new Informer(client, ConfigMaps, new InformerOptions { UnreadableIsEmpty = true, Time = time, Seed = 1 });
        informer.Unserved += () => Interlocked.Increment(ref told);
        Task running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(30));

        // 1. An hour: at waits of 2.5 to 5 s, then doubled to between one and two minutes.
        for (TimeSpan gone = TimeSpan.Zero; gone < TimeSpan.FromHours(1); gone += Step)
        {
            await Until.TrueAsync(() => time.Waiting > 0, "it waits");
            time.Advance(Step);
        }

        Assert.InRange(asked, 30, 66);
        Assert.False(informer.IsServed);
        Assert.Equal(1, told);

        // 2. It is served now, and somebody says that it may be.
        served = true;
        informer.LookNow();
        await Until.TrueAsync(() => informer.Count == 1, "it is listed");
        Assert.True(informer.IsServed);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Forget_LetsGoOfAllThatIsKnown_AndTellsOfEach()
    {
        var resource = new FakeResource();
        resource.Put("a");
        resource.Put("b");
        await using ScriptedServer server = await ScriptedServer.StartAsync(resource.AnswerAsync);
        using var client = new KubeClient(server.Config);
        using var stop = new CancellationTokenSource();
        var informer = new Informer(client, ConfigMaps);
        List<string> gone = [];
        informer.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                gone.Add(change.Key.Name);
            }
        });
        Task running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(30));

        informer.Forget();

        Assert.Equal(["a", "b"], gone.Order());
        Assert.Empty(informer.All());
        await stop.CancelAsync();
        await running;
    }
}
