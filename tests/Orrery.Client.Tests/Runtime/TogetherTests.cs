namespace Orrery.Client.Tests.Runtime;

public sealed class TogetherTests
{
    [Fact]
    public async Task RunAsync_OneFails_StopsTheOthersAndThrows()
    {
        bool wasStopped = false;
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => Together.RunAsync(
            [
                _ => throw new InvalidOperationException("one"),
                async token =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    wasStopped = token.IsCancellationRequested;
                },
            ],
            TestContext.Current.CancellationToken));

        Assert.Equal("one", thrown.Message);
        Assert.True(wasStopped);
    }

    [Fact]
    public async Task RunAsync_ConnectionBreaksWhileStopping_EndsWithoutAnException()
    {
        using var stop = new CancellationTokenSource();
        Task running = Together.RunAsync(
            [
                async token =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    throw new HttpRequestException("the other side went too");
                },
            ],
            stop.Token);

        await stop.CancelAsync();

        await running;
    }

    [Fact]
    public async Task RunAsync_BugWhileStopping_IsThrown()
    {
        using var stop = new CancellationTokenSource();
        Task running = Together.RunAsync(
            [
                async token =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    throw new InvalidOperationException("ours");
                },
            ],
            stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
    }
}
