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
    public async Task TakeAsync_ThousandsOfOneOwner_HoldUpNobodyElse()
    {
        using var queue = new WorkQueue<string>(time, ownerOf: k => k[..1]);
        for (int i = 0; i < 1000; i++)
        {
            queue.Add($"a{i}");
        }

        queue.Add("b0");
        queue.Add("b1");
        queue.Add("c0");

        Assert.Equal(["a0", "b0", "c0", "a1", "b1", "a2", "a3"], await TakeAsync(queue, 7));
        Assert.Equal(996, queue.Count);
        queue.Add("c0");
        queue.Add("c1");
        queue.Done("c0");
        Assert.Equal(["a4", "c1", "a5", "c0"], await TakeAsync(queue, 4));
    }

    [Fact]
    public async Task TakeAsync_OwnerWithAllThatIsWorkedOnAtOnce_WaitsForOneToBeDone()
    {
        using var queue = new WorkQueue<string>(time, ownerOf: k => k[..1], mostOfOne: 2);
        foreach (string key in (string[])["a0", "a1", "a2", "a3"])
        {
            queue.Add(key);
        }

        Assert.Equal(["a0", "a1"], await TakeAsync(queue, 2));
        ValueTask<string> next = queue.TakeAsync(CancellationToken.None);
        Assert.False(next.IsCompleted);
        queue.Add("b0");
        Assert.Equal("b0", await next);

        queue.Add("a1");
        queue.Done("a1");
        queue.Done("b0");
        Assert.Equal("a2", await queue.TakeAsync(CancellationToken.None));
        queue.Done("a0");
        queue.Done("a2");
        Assert.Equal(["a3", "a1"], await TakeAsync(queue, 2));
        queue.Done("a3");
        queue.Done("a1");
        Assert.Equal(0, queue.Count);
    }

    private static async Task<string[]> TakeAsync(WorkQueue<string> queue, int count)
    {
        var taken = new List<string>();
        while (taken.Count < count)
        {
            taken.Add(await queue.TakeAsync(CancellationToken.None));
        }

        return [.. taken];
    }

    [Fact]
    public async Task TakeAsync_ManyWorkers_NeverShareAKey()
    {
        using var queue = new WorkQueue<int>(TimeProvider.System, ownerOf: k => (k % 3).ToString(System.Globalization.CultureInfo.InvariantCulture), mostOfOne: 2);
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
