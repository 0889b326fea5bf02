using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Runtime;

public sealed class ReconcilerHostTests
{
    [Fact]
    public async Task RunAsync_Failures_AreTriedAgainUntilItWorks()
    {
        int tries = 0;
        var work = new Reconciler(key => ++tries switch
        {
            1 => throw new HttpRequestException("no connection"),
            2 => throw ApiErrors.Conflict(new GroupResource("", "pods"), key),
            3 => throw new InvalidOperationException("a bug"),
            _ => ReconcileResult.Done,
        });
        using var host = new ReconcilerHost<string>("test", work);
        host.Queue.Add("a");

        await RunUntilAsync(host, () => tries == 4 && host.Queue.Failures("a") == 0);

        Assert.Equal(["a", "a", "a", "a"], work.Keys);
    }

    [Fact]
    public async Task RunAsync_WhatIsWrittenToIsNotThereYet_WarnsOnlyWhenThatLasts()
    {
        var loggers = new RecordingLoggers();
        int tries = 0;
        var work = new Reconciler(_ => ++tries <= 9 ? throw ApiErrors.NotFound(new GroupResource("", "namespaces"), "dp-new") : ReconcileResult.Done);
        using var host = new ReconcilerHost<string>("test", work, new ReconcilerOptions<string> { Loggers = loggers });
        host.Queue.Add("a");

        await RunUntilAsync(host, () => tries == 10);

        Assert.Equal(["test: a: failed 9 times, trying again: namespaces \"dp-new\" not found"], loggers.Lines);
    }

    [Fact]
    public async Task RunAsync_NoConnection_IsSaidOnceForAllKeys()
    {
        var loggers = new RecordingLoggers(LogLevel.Information);
        int tries = 0;
        var work = new Reconciler(_ => Interlocked.Increment(ref tries) <= 12 ? throw new HttpRequestException("refused") : ReconcileResult.Done);
        using var host = new ReconcilerHost<string>("test", work, new ReconcilerOptions<string> { Loggers = loggers, Workers = 1 });
        host.Queue.Add("a");
        host.Queue.Add("b");

        await RunUntilAsync(host, () => tries >= 14);

        Assert.Equal(["test: no connection, trying again with a and all others: refused"], loggers.Lines);
    }

    [Fact]
    public async Task RunAsync_TerminalFault_WaitsForTheNextAdd()
    {
        var time = new ManualTime();
        var work = new Reconciler(_ => throw new TerminalException("never"));
        using var host = new ReconcilerHost<string>("test", work, new ReconcilerOptions<string> { Time = time });
        host.Queue.Add("a");
        using var stop = new CancellationTokenSource();
        Task running = host.RunAsync(stop.Token);
        await Until.TrueAsync(() => work.Keys.Count == 1, "first try");

        time.Advance(TimeSpan.FromHours(1));
        host.Queue.Add("b");
        await Until.TrueAsync(() => work.Keys.Count == 2, "another key");
        Assert.Equal(["a", "b"], work.Keys);
        host.Queue.Add("a");
        await Until.TrueAsync(() => work.Keys.Count == 3, "the next event");

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task RunAsync_LevelInterval_LooksAtEveryKeyAgain()
    {
        var time = new ManualTime();
        var work = new Reconciler(_ => ReconcileResult.Done);
        using var host = new ReconcilerHost<string>("test", work, new ReconcilerOptions<string>
        {
            Time = time, Workers = 1, LevelInterval = TimeSpan.FromMinutes(5), LevelKeys = () => ["a", "b"],
        });
        using var stop = new CancellationTokenSource();
        Task running = host.RunAsync(stop.Token);

        await Until.TrueAsync(() =>
        {
            // A key that is worked on when the interval ends comes again at once, so that no order is promised between the two.
            time.Advance(TimeSpan.FromMinutes(5));
            return work.Keys.Count(key => key == "a") >= 2 && work.Keys.Count(key => key == "b") >= 2;
        }, "two looks at each");
        await stop.CancelAsync();
        await running;

        Assert.Equal(["a", "b"], work.Keys.Distinct().Order());
    }

    [Fact]
    public async Task RunAsync_ResultAfter_ComesAgainThen()
    {
        var time = new ManualTime();
        var work = new Reconciler(_ => ReconcileResult.After(TimeSpan.FromSeconds(40)));
        using var host = new ReconcilerHost<string>("test", work, new ReconcilerOptions<string> { Time = time });
        host.Queue.Add("a");
        using var stop = new CancellationTokenSource();
        Task running = host.RunAsync(stop.Token);
        await Until.TrueAsync(() => work.Keys.Count == 1, "first look");

        time.Advance(TimeSpan.FromSeconds(39));
        Assert.Equal(0, host.Queue.Count);
        Assert.Single(work.Keys);
        await Until.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return work.Keys.Count > 1;
        }, "second look");

        await stop.CancelAsync();
        await running;
    }

    private static async Task RunUntilAsync(ReconcilerHost<string> host, Func<bool> condition)
    {
        using var stop = new CancellationTokenSource();
        Task running = host.RunAsync(stop.Token);
        await Until.TrueAsync(condition, "reconciled");
        await stop.CancelAsync();
        await running;
    }

    private sealed class Reconciler(Func<string, ReconcileResult> work) : IReconciler<string>
    {
        public ConcurrentQueue<string> Keys { get; } = new();

        public Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
        {
            Keys.Enqueue(key);
            return Task.FromResult(work(key));
        }
    }
}
