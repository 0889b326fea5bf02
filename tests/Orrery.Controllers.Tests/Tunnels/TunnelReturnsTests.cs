using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class TunnelReturnsTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly ManualTime time = new();
    private readonly TunnelReturns returns;

    public TunnelReturnsTests() => returns = new TunnelReturns(Grace, time);

    [Fact]
    public void Left_OneThatBroke_IsWaitedForAsLongAsTheGrace()
    {
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.Zero, returns.Left("a", wasConnected: false));
        returns.Broke("a");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(15), returns.Left("a", wasConnected: false));
        Assert.Equal(TimeSpan.Zero, returns.Left("b", wasConnected: false));
        time.Advance(Grace);
        Assert.True(returns.Left("a", wasConnected: true) < TimeSpan.Zero);
    }

    [Fact]
    public void Left_AfterAStart_OfOneThatWasConnectedBeforeIt()
    {
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(15), returns.Left("a", wasConnected: true));
        Assert.Equal(TimeSpan.Zero, returns.Left("a", wasConnected: false));

        // Connected once, and ended here: it does not come back by itself.
        time.Advance(Grace);
        returns.Broke("a");
        returns.Opened("a");
        Assert.True(returns.Left("a", wasConnected: true) < TimeSpan.Zero);
    }

    [Fact]
    public async Task Wait_EndsOnceOneIsConnected_AndWithItsClient()
    {
        Task waiting = returns.WaitAsync(Grace, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        returns.Opened("a");
        await waiting;

        using var client = new CancellationTokenSource();
        Task left = returns.WaitAsync(Grace, client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
    }
}
