using System.Threading.Tasks.Sources;
using Orrery.Server.Cache;

namespace Orrery.Server.Tests.Cache;

/// <summary>What a watcher's one reader waits by.</summary>
public sealed class WaitingTests
{
    private readonly Lock gate = new();
    private Waiting waiting;

    [Fact]
    public void End_SomebodyFollows_GoesOnThere()
    {
        waiting.Reset();
        object? with = null;
        waiting.Follow(gate, state => with = state, "state", waiting.Version);
        Assert.Equal(ValueTaskSourceStatus.Pending, waiting.Status(gate, waiting.Version));

        waiting.End(gate, CacheWait.TimedOut);

        Assert.Equal("state", with);
        Assert.Equal(CacheWait.TimedOut, waiting.Result(gate, waiting.Version));
    }

    [Fact]
    public async Task Follow_OverAlready_GoesOnInThePool()
    {
        waiting.Reset();
        waiting.End(gate, CacheWait.Events);
        var gone = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);

        waiting.Follow(gate, _ => gone.SetResult(Thread.CurrentThread.IsThreadPoolThread && !gate.IsHeldByCurrentThread), null, waiting.Version);

        Assert.True(await gone.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(ValueTaskSourceStatus.Succeeded, waiting.Status(gate, waiting.Version));
    }

    [Fact]
    public void Result_Cancelled_ThrowsThatAndTheNextWaitDoesNot()
    {
        waiting.Reset();
        using var source = new CancellationTokenSource();
        waiting.End(gate, default, new OperationCanceledException(source.Token));

        Assert.Equal(ValueTaskSourceStatus.Canceled, waiting.Status(gate, waiting.Version));
        Assert.Equal(source.Token, Assert.Throws<OperationCanceledException>(() => waiting.Result(gate, waiting.Version)).CancellationToken);
        waiting.Reset();
        waiting.End(gate, CacheWait.Closed);
        Assert.Equal(CacheWait.Closed, waiting.Result(gate, waiting.Version));
    }

    [Fact]
    public void Use_OfAnotherWaitOrTwice_IsRefused()
    {
        waiting.Reset();
        short before = waiting.Version;
        Assert.Throws<InvalidOperationException>(() => waiting.Result(gate, before));
        waiting.Follow(gate, _ => { }, null, before);
        Assert.Throws<InvalidOperationException>(() => waiting.Follow(gate, _ => { }, null, before));
        waiting.End(gate, CacheWait.Events);

        waiting.Reset();

        Assert.Throws<InvalidOperationException>(() => waiting.Status(gate, before));
        Assert.Throws<InvalidOperationException>(() => waiting.Result(gate, before));
        Assert.Throws<InvalidOperationException>(() => waiting.Follow(gate, _ => { }, null, before));
    }
}
