using Microsoft.Extensions.Logging;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Hands over everything a store holds and then each commit, in revision order. A local store calls within the
/// commit; any other is watched, and its caller waits for the revision.
/// </summary>
/// <param name="replaced">Called with the store before what somebody else put into it is read; it may write to it.</param>
internal sealed class StoreFollower(
    IStore store, Action<StoreContent> load, Action<StoreBatch> apply, Func<IStore, CancellationToken, Task>? replaced, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private IDisposable? observation;
    private Task following = Task.CompletedTask;

    /// <summary>A store that is away is away for a while: its going and its coming back are news, each try between is not.</summary>
    private volatile bool isAway;

    /// <summary>What is followed is no longer what was read.</summary>
    private volatile bool isReplaced;

    /// <summary>What is written now cannot be read, or nothing has come since it could not.</summary>
    public bool IsAway => isAway;

    /// <summary>Somebody else put another state there, which was not read yet.</summary>
    public bool IsReplaced => isReplaced;

    public static async Task<StoreFollower> StartAsync(
        IStore store, Action<StoreContent> load, Action<StoreBatch> apply, Func<IStore, CancellationToken, Task>? replaced, TimeProvider time, ILogger logger,
        CancellationToken cancellationToken)
    {
        var follower = new StoreFollower(store, load, apply, replaced, time, logger);
        if (store is ILocalStore local)
        {
            await follower.ObserveAsync(local, cancellationToken);
        }
        else
        {
            StoreContent content = await StoreContent.ReadAsync(store, cancellationToken);
            load(content);
            follower.following = follower.FollowAsync(content.Revision, follower.stop.Token);
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

    private async Task ObserveAsync(ILocalStore local, CancellationToken cancellationToken)
    {
        var gate = new StartGate(apply);
        observation = local.Observe(gate.Take, out _);
        try
        {
            StoreContent content = await StoreContent.ReadAsync(local, cancellationToken);
            gate.Open(content, load);
        }
        catch
        {
            observation.Dispose();
            throw;
        }
    }

    private async Task FollowAsync(long after, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (isReplaced)
                {
                    await (replaced?.Invoke(store, cancellationToken) ?? Task.CompletedTask);
                    StoreContent content = await StoreContent.ReadAsync(store, cancellationToken);
                    load(content);
                    after = content.Revision;
                    isReplaced = false;
                    Back(after);
                }

                await foreach (StoreBatch batch in store.WatchAsync("", after, cancellationToken))
                {
                    apply(batch);
                    after = batch.Revision;
                    Back(after);
                }
            }
            catch (CompactedException)
            {
                logger.FellBehind(after);
                after = await ReloadAsync(after, cancellationToken);
            }
            catch (ReplacedException other)
            {
                logger.Replaced(after, other.Message);
                isReplaced = true;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreException fault)
            {
                await AwayAsync(after, fault, cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // A fault of ours. To end here would leave a server that answers nothing and does not know it; what is half taken in is read anew.
                logger.FollowFailed(after, fault);
                await Task.Delay(RetryAfter, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                after = isReplaced ? after : await ReloadAsync(after, cancellationToken);
            }
        }
    }

    private async Task AwayAsync(long after, Exception fault, CancellationToken cancellationToken)
    {
        if (!isAway)
        {
            isAway = true;
            logger.StoreAway(after, fault.Message);
        }

        await Task.Delay(RetryAfter, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Back(long revision)
    {
        if (isAway)
        {
            isAway = false;
            logger.StoreBack(revision);
        }
    }

    /// <returns>The revision to follow from: that of what was read, or the old one when reading failed.</returns>
    private async Task<long> ReloadAsync(long after, CancellationToken cancellationToken)
    {
        try
        {
            StoreContent content = await StoreContent.ReadAsync(store, cancellationToken);
            load(content);
            Back(content.Revision);
            return content.Revision;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return after;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await AwayAsync(after, fault, cancellationToken);
            return after;
        }
    }
}
