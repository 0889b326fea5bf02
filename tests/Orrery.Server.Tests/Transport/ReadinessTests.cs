using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Tests.Transport;

public sealed class ReadinessTests
{
    private readonly Readiness readiness = new();

    [Fact]
    public async Task Tell_BeforeSomebodyAwaits_IsKeptForOne()
    {
        Assert.False(readiness.Tell());
        Assert.False(readiness.Tell());

        await readiness;

        Assert.False(readiness.IsCompleted);
    }

    [Fact]
    public void Tell_WhileSomebodyAwaits_LeavesItToWhoeverTellsToGoOn()
    {
        bool wentOn = false;
        readiness.UnsafeOnCompleted(() => wentOn = true);

        Assert.True(readiness.Tell());
        Assert.False(wentOn);

        // Told again before that one goes on: it is for the next.
        Assert.False(readiness.Tell());
        readiness.Execute();
        Assert.True(wentOn);
        Assert.True(readiness.IsCompleted);
        Assert.False(readiness.IsCompleted);
    }

    [Fact]
    public async Task UnsafeOnCompleted_ToldSinceItWasAsked_GoesOn()
    {
        Assert.False(readiness.IsCompleted);
        readiness.Tell();
        var wentOn = new TaskCompletionSource();

        readiness.UnsafeOnCompleted(wentOn.SetResult);

        await wentOn.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.False(readiness.IsCompleted);
    }
}
