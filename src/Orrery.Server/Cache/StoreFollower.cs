using Microsoft.Extensions.Logging;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Hands over everything a store holds and then each commit, in revision order. A local store calls within the
/// commit; any other is watched, and its caller waits for the revision.
/// </summary>
internal sealed class StoreFollower : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private IDisposable? observation;
    private Task following = Task.CompletedTask;

    private StoreFollower()
    {
    }

    public static async Task<StoreFollower> StartAsync(
        IStore store, Action<RangeResult> load, Action<StoreBatch> apply, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var follower = new StoreFollower();
        if (store is ILocalStore local)
        {
            await follower.ObserveAsync(local, load, apply, cancellationToken);
        }
        else
        {
            RangeResult all = await store.RangeAsync("", null, 0, 0, cancellationToken);
            load(all);
            follower.following = FollowAsync(store, all.Revision, apply, time, logger, follower.stop.Token);
        }

        return follower;
    }

    public async ValueTask DisposeAsync()
    {
        observation?.Dispose();
        await stop.CancelAsync();
        await following;
        stop.Dispose();
    }

    /// <summary>Commits that happen while the store is being read are held back until it has been.</summary>
    private async Task ObserveAsync(ILocalStore store, Action<RangeResult> load, Action<StoreBatch> apply, CancellationToken cancellationToken)
    {
        var gate = new Lock();
        List<StoreBatch>? held = [];
        observation = store.Observe(
            batch =>
            {
                lock (gate)
                {
                    if (held is null)
                    {
                        apply(batch);
                    }
                    else
                    {
                        held.Add(batch);
                    }
                }
            },
            out _);

        RangeResult all = await store.RangeAsync("", null, 0, 0, cancellationToken);
        lock (gate)
        {
            load(all);
            foreach (StoreBatch batch in held.Where(batch => batch.Revision > all.Revision))
            {
                apply(batch);
            }

            held = null;
        }
    }

    private static async Task FollowAsync(IStore store, long after, Action<StoreBatch> apply, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (StoreBatch batch in store.WatchAsync("", after, stop))
                {
                    apply(batch);
                    after = batch.Revision;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StoreException fault)
            {
                logger.FollowFailed(after, fault);
                await Task.Delay(RetryAfter, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
