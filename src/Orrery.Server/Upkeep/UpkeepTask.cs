using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Keeps something right about every object of one resource in every cluster: looks at each object once at the start and
/// again at each of its changes; what failed is tried again.
/// </summary>
/// <param name="isOfRoot">Only root's objects are meant: what a virtual cluster stores under the same name is its own affair.</param>
internal abstract class UpkeepTask(CacheSet caches, GroupResource resource, TimeProvider time, ILogger log, bool isOfRoot = false)
{
    /// <summary>How long something unfinished, such as a namespace that is not yet empty, is left alone at most.</summary>
    private static readonly TimeSpan UnfinishedWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PerHeld = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FailedWait = TimeSpan.FromSeconds(30);

    private readonly KeyQueue queue = new(time);
    private readonly string prefix = isOfRoot ? StoreKey.Prefix(resource, ClusterName.Root) : StoreKey.Prefix(resource);

    protected CacheSet Caches => caches;

    protected TimeProvider Time => time;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll([FollowAsync(cancellationToken), FollowOthersAsync(cancellationToken), .. Enumerable.Range(0, Workers).Select(_ => WorkAsync(cancellationToken))]);
        }
        finally
        {
            queue.Dispose();
        }
    }

    /// <summary>Objects looked at at once. More than one where a look mostly waits for the disk.</summary>
    protected virtual int Workers => 1;

    /// <summary>Objects that need no look are left out by this.</summary>
    protected virtual bool Concerns(string key) => true;

    /// <summary>Looks at one object: never twice at once at the same.</summary>
    /// <param name="item">Null when it is gone.</param>
    /// <returns>False: look again after a while.</returns>
    protected abstract ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken);

    /// <summary>Watches what else an object's state depends on, until cancelled, and asks for a look by <see cref="LookLater"/>.</summary>
    protected virtual Task FollowOthersAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Asks for a look at an object after a while; asking again within that while changes nothing.</summary>
    protected void LookLater(string key, TimeSpan wait) => queue.AddLater(key, wait);

    /// <summary>What a look answers of something that others hold: the more they are, the longer it is left alone, since each look reads all of them.</summary>
    protected bool Unfinished(string key, int held)
    {
        if (held * PerHeld <= UnfinishedWait)
        {
            return false;
        }

        LookLater(key, held * PerHeld);
        return true;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        ResourceCache cache = caches.For(resource);
        while (true)
        {
            CacheSnapshot start = cache.Current;
            using CacheWatcher? watcher = cache.Watch(prefix, start.Revision);
            if (watcher is null)
            {
                continue;
            }

            foreach (CachedObject item in start.Range(prefix).Where(o => Concerns(o.Key)))
            {
                queue.Add(item.Key);
            }

            CacheWait wait;
            while ((wait = await watcher.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken)) == CacheWait.Events)
            {
                while (watcher.TryRead(out CacheEvent change))
                {
                    if (Concerns(change.Object.Key))
                    {
                        queue.Add(change.Object.Key);
                    }
                }
            }

            if (wait == CacheWait.Closed)
            {
                return;
            }
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string key = await queue.TakeAsync(cancellationToken);
            try
            {
                if (await LookAsync(key, caches.For(resource).Current.Get(key), cancellationToken))
                {
                    queue.Done(key);
                }
                else
                {
                    queue.Retry(key, UnfinishedWait);
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                log.LookFailed(fault, key);
                queue.Retry(key, FailedWait);
            }
        }
    }
}
