using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Cache;
using Orrery.Server.Upkeep;
using Orrery.Storage;

namespace Orrery.Server.Tests.Upkeep;

public sealed class UpkeepLoopTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweep_OneThatFails_IsFollowedByTheNext()
    {
        int times = 0;
        var second = new TaskCompletionSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = Sweep.RunAsync(
            "events", TimeSpan.FromMilliseconds(1), TimeProvider.System, NullLogger.Instance,
            _ =>
            {
                if (++times == 1)
                {
                    throw new StoreException("the disk is full", outcomeUnknown: false);
                }

                second.TrySetResult();
                return Task.CompletedTask;
            },
            stop.Token);

        await second.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>What a look asks somebody else may take too long, which is told by a cancellation that nobody here asked for.</summary>
    [Fact]
    public async Task Look_CancelledByItself_IsTriedAgain()
    {
        await using CacheFixture cache = await CacheFixture.StartAsync();
        await cache.PutPod(CacheFixture.Shop, "a");
        var task = new ImpatientTask(cache.Set);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = task.RunAsync(stop.Token);

        await task.Looked.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private sealed class ImpatientTask(CacheSet caches) : UpkeepTask(caches, CacheFixture.Pods, TimeProvider.System, NullLogger.Instance)
    {
        private int looks;

        public TaskCompletionSource Looked { get; } = new();

        protected override ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
        {
            if (++looks == 1)
            {
                throw new TaskCanceledException("no answer within ten seconds");
            }

            Looked.TrySetResult();
            return ValueTask.FromResult(true);
        }
    }
}
