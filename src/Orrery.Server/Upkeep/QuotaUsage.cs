using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Quotas;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Counts a ResourceQuota again when it changes, soon after anything that it counts changes, and every few minutes.
/// A resource is followed only once some quota counts it.
/// </summary>
internal sealed class QuotaUsage(CacheSet caches, QuotaCount count, TimeProvider time, ILogger<QuotaUsage> log) : UpkeepTask(caches, Quotas, time, log)
{
    /// <summary>Many changes in a row are counted once.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    /// <summary>A count that took long is not repeated before this many times as long has passed, so that one large namespace leaves time for all others.</summary>
    private const int RestFactor = 20;

    /// <summary>Time alone gives back too: a pod that should have gone by now is no longer charged.</summary>
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(5);

    private static readonly GroupResource Quotas = new("", "resourcequotas");

    private readonly ConcurrentDictionary<string, TimeSpan> rests = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly HashSet<GroupResource> wanted = [];
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            rests.TryRemove(key, out _);
            return true;
        }

        lock (gate)
        {
            foreach (GroupResource resource in ResourceList.Read(StoredJson.Parse(item.Json.Span).NodeAt("spec", "hard")).Keys.SelectMany(QuotaEvaluator.DecidersOf))
            {
                if (wanted.Add(resource))
                {
                    more.TrySetResult();
                }
            }
        }

        long started = Time.GetTimestamp();
        bool isRight = await count.CountAsync(item, cancellationToken);
        rests[key] = Time.GetElapsedTime(started) * RestFactor;
        return isRight;
    }

    protected override async Task FollowOthersAsync(CancellationToken cancellationToken)
    {
        var followed = new Dictionary<GroupResource, Task>();
        Task resync = ResyncAsync(cancellationToken);
        try
        {
            while (true)
            {
                await more.Task.WaitAsync(cancellationToken);
                lock (gate)
                {
                    more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    foreach (GroupResource resource in wanted.Where(r => !followed.ContainsKey(r)))
                    {
                        followed[resource] = FollowAsync(resource, cancellationToken);
                    }
                }
            }
        }
        finally
        {
            await Task.WhenAll(followed.Values.Append(resync));
        }
    }

    private async Task FollowAsync(GroupResource resource, CancellationToken cancellationToken)
    {
        // The caller holds a lock.
        await Task.Yield();
        ResourceCache cache = Caches.For(resource);
        CacheWait wait = CacheWait.Expired;
        while (wait == CacheWait.Expired)
        {
            using CacheWatcher? watcher = cache.Watch(StoreKey.Prefix(resource), cache.Current.Revision);
            CountAll();
            while (watcher is not null && (wait = await watcher.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken)) == CacheWait.Events)
            {
                while (watcher.TryRead(out CacheEvent change))
                {
                    CountSoon(StoreKey.Prefix(Quotas, change.Object.Cluster, change.Object.Namespace));
                }
            }
        }
    }

    private void CountAll() => CountSoon(StoreKey.Prefix(Quotas));

    private void CountSoon(string prefix)
    {
        foreach (CachedObject quota in Caches.For(Quotas).Current.Range(prefix))
        {
            LookLater(quota.Key, rests.TryGetValue(quota.Key, out TimeSpan rest) && rest > Settle ? rest : Settle);
        }
    }

    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Resync, Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            CountAll();
        }
    }
}
