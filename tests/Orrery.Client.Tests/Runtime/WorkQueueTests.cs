using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Runtime;

public sealed class WorkQueueTests
{
    private readonly ManualTime time = new();

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public void AddAfter_ClockJumps_WaitsNeitherLongerNorShorter(int seconds)
    {
        using var queue = new WorkQueue<string>(time);
        queue.AddAfter("a", TimeSpan.FromSeconds(5));
        time.Skew = TimeSpan.FromSeconds(seconds);
        queue.AddAfter("b", TimeSpan.FromSeconds(5));

        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, queue.Count);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public async Task Add_TwiceBeforeTaken_ComesOnce()
    {
        using var queue = new WorkQueue<string>(time);
        queue.Add("a");
        queue.Add("b");
        queue.Add("a");

        Assert.Equal(2, queue.Count);
        Assert.Equal("a", await queue.TakeAsync(CancellationToken.None));
        Assert.Equal("b", await queue.TakeAsync(CancellationToken.None));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task Add_WhileWorkedOn_ComesAgainOnlyAfterDone()
    {
        using var queue = new WorkQueue<string>(time);
        queue.Add("a");
        string key = await queue.TakeAsync(CancellationToken.None);
        queue.Add("a");
        queue.Add("a");
        Assert.Equal(0, queue.Count);

        queue.Done(key);

        Assert.Equal(1, queue.Count);
        queue.Done(await queue.TakeAsync(CancellationToken.None));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void AddAfter_TwoDelays_TheSoonerCounts()
    {
        using var queue = new WorkQueue<string>(time);
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(2));
        queue.AddAfter("b", TimeSpan.FromSeconds(5));

        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(0, queue.Count);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(1, queue.Count);
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public async Task AddRateLimited_RepeatedFailures_WaitsDoubleUpToTheCap()
    {
        using var queue = new WorkQueue<string>(time, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500));
        foreach (int wait in new[] { 100, 200, 400, 500, 500 })
        {
            queue.AddRateLimited("a");
            time.Advance(TimeSpan.FromMilliseconds(wait - 2));
            Assert.Equal(0, queue.Count);
            time.Advance(TimeSpan.FromMilliseconds(4));
            Assert.Equal(1, queue.Count);
            queue.Done(await queue.TakeAsync(CancellationToken.None));
        }

        Assert.Equal(5, queue.Failures("a"));
        queue.Forget("a");
        queue.AddRateLimited("a");
        time.Advance(TimeSpan.FromMilliseconds(102));
        Assert.Equal(1, queue.Count);
    }

    [Fact]
    public async Task TakeAsync_ManyWorkers_NeverShareAKey()
    {
        using var queue = new WorkQueue<int>(TimeProvider.System);
        using var stop = new CancellationTokenSource();
        int[] inWork = new int[8];
        int[] taken = new int[8];
        bool shared = false;
        Task[] workers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                int key = await queue.TakeAsync(stop.Token);
                shared |= Interlocked.Increment(ref inWork[key]) != 1;
                Interlocked.Increment(ref taken[key]);
                await Task.Yield();
                Interlocked.Decrement(ref inWork[key]);
                queue.Done(key);
            }
        }))];
        for (int i = 0; i < 4000; i++)
        {
            queue.Add(i % 8);
        }

        await Until.TrueAsync(() => queue.Count == 0 && inWork.All(n => n == 0), "all worked");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(workers));
        Assert.False(shared);
        Assert.All(taken, n => Assert.True(n > 0));
    }
}
