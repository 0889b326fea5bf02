using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Informers;

/// <summary>A resource that the server does not serve, or does not let one list, where that counts as none of it.</summary>
public sealed class UnservedTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    public async Task RunAsync_Unreadable_IsAskedForEverLess_AndAtOnceWhenTold(int code)
    {
        var resource = new FakeResource();
        resource.Put("a");
        bool served = false;
        int asked = 0, told = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c =>
        {
            Interlocked.Increment(ref asked);
            return served ? resource.AnswerAsync(c) : ScriptedServer.JsonAsync(c, new Status { Code = code, Reason = code == 403 ? StatusReason.Forbidden : StatusReason.NotFound, Message = "no" }.ToJson().ToJsonString(), code);
        });
        using var client = new KubeClient(server.Config);
        using var stop = new CancellationTokenSource();
        var time = new ManualTime();
        var informer = new Informer(client, ConfigMaps, new InformerOptions { UnreadableIsEmpty = true, Time = time, Seed = 1 });
        informer.Unserved += () => Interlocked.Increment(ref told);
        Task running = informer.RunAsync(stop.Token);
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60));

        // 1. An hour: at waits of 2.5 to 5 s, then doubled to between one and two minutes.
        for (TimeSpan gone = TimeSpan.Zero; gone < TimeSpan.FromHours(1); gone += Step)
        {
            await Until.TrueAsync(() => time.Waiting > 0, "it waits");
            time.Advance(Step);
        }

        Assert.InRange(asked, 30, 66);
        Assert.Equal(code == 403, informer.IsServed);
        Assert.Equal(code == 403 ? 0 : 1, told);

        // 2. It may be read now, and somebody says that it may be so.
        served = true;
        informer.LookNow();
        await Until.TrueAsync(() => informer.Count == 1 && informer.IsServed, "it is listed, and known to be served");
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
        await informer.HasSynced.WaitAsync(TimeSpan.FromSeconds(60));

        informer.Forget();

        Assert.Equal(["a", "b"], gone.Order());
        Assert.Empty(informer.All());
        await stop.CancelAsync();
        await running;
    }
}
