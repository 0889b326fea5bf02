using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Clusters;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Cache;

public sealed class StoreFollowerTests
{
    [Fact]
    public async Task Follow_StoreAwayForAWhile_SaysSoOnceAndOnceThatItIsBack()
    {
        // An empty store has no past to be read by a watch: all that fail are those that follow it.
        var log = new Lines();
        await using var store = new InterruptedStore(new MemoryStore(TimeProvider.System)) { FailingWatches = 2 };
        await using CacheSet caches = await CacheSet.StartAsync(store, TimeProvider.System, log, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => store.FailingWatches < 0, "it is followed again", cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await caches.FollowsAsync(TestContext.Current.CancellationToken), "there is nothing that the caches do not show");

        CommitResult made = await store.CommitAsync(
            new Transaction([], [new Write("/core/configmaps/-/default/a", """{"metadata":{"name":"a"}}"""u8.ToArray())]), TestContext.Current.CancellationToken);
        await caches.WaitForAsync(made.Revision, TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => log.All.Any(l => l.Id == 1105), "it says that the store is back", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(
            ["the store cannot be followed beyond revision 0; trying again until it can: no member answers", "the store can be followed again, at revision 1"],
            log.All.Where(l => l.Id is 1103 or 1105).Select(l => l.Text));
    }

    [Fact]
    public async Task Follow_ABatchThatCannotBeTakenIn_ReadsAnewAndGoesOn()
    {
        int loads = 0, faults = 0;
        var last = new TaskCompletionSource();
        await using var store = new InterruptedStore(new MemoryStore(TimeProvider.System));
        await using StoreFollower follower = await StoreFollower.StartAsync(
            store,
            _ => Interlocked.Increment(ref loads),
            batch =>
            {
                if (Interlocked.Increment(ref faults) == 1)
                {
                    throw new InvalidOperationException("cannot be");
                }

                if (batch.Events[0].Key.EndsWith("/last", StringComparison.Ordinal))
                {
                    last.SetResult();
                }
            },
            null, TimeProvider.System, new Lines(), TestContext.Current.CancellationToken);
        await WriteAsync(store, "first");
        await Eventually.TrueAsync(() => loads == 2, "it is read anew", cancellationToken: TestContext.Current.CancellationToken);

        await WriteAsync(store, "last");

        await last.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    /// <summary>What somebody else put there is not shown before it was made safe to be.</summary>
    [Fact]
    public async Task Follow_AStoreThatWasReplaced_IsReadAnewOnceThatWasSeenTo()
    {
        var done = new ConcurrentQueue<string>();
        bool isBroken = false;
        var log = new Lines();
        await using var store = new InterruptedStore(new MemoryStore(TimeProvider.System))
        {
            Breaks = (_, _) => isBroken || !(isBroken = true) ? null : new ReplacedException("an older state was put back", 0),
        };
        await using StoreFollower follower = await StoreFollower.StartAsync(
            store, _ => done.Enqueue("load"), batch => done.Enqueue(batch.Events[0].Key),
            async (of, token) =>
            {
                done.Enqueue("replaced");
                if (done.Count(d => d == "replaced") == 1)
                {
                    throw new StoreException("away", outcomeUnknown: false);
                }

                await of.CommitAsync(new Transaction([], [new Write("/mark", "{}"u8.ToArray())]), token);
            },
            TimeProvider.System, log, TestContext.Current.CancellationToken);

        await WriteAsync(store, "first");
        await Eventually.TrueAsync(() => done.Count(d => d == "load") == 2, "it is read anew", cancellationToken: TestContext.Current.CancellationToken);
        await WriteAsync(store, "last");
        await Eventually.TrueAsync(() => done.Contains("/core/configmaps/-/default/last"), "it is followed", cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["load", "replaced", "replaced", "load", "/core/configmaps/-/default/last"], done);
        Assert.Contains(log.All, l => l is (1107, var text) && text.StartsWith("what the store holds does not follow from revision 0: an older state was put back.", StringComparison.Ordinal));
    }

    private static async Task WriteAsync(IStore store, string name) => await store.CommitAsync(
        new Transaction([], [new Write($"/core/configmaps/-/default/{name}", """{"metadata":{"name":"a"}}"""u8.ToArray())]), TestContext.Current.CancellationToken);

    private sealed class Lines : ILogger<CacheSet>
    {
        public ConcurrentQueue<(int Id, string Text)> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue((eventId.Id, formatter(state, exception)));
    }
}
