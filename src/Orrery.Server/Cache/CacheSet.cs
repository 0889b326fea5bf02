using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Every object of the store in memory, one <see cref="ResourceCache"/> a resource, kept up to date commit by commit.
/// It is also the door to the store: what <see cref="CommitAsync"/> wrote, the caches show when it returns.
/// </summary>
internal sealed class CacheSet : IAsyncDisposable
{
    private readonly ConcurrentDictionary<GroupResource, ResourceCache> caches = new();
    private readonly RevisionWaiters revisions = new();
    private readonly WakeSchedule schedule;
    private readonly ILogger logger;
    private StoreFollower? follower;
    private long loadedAt;
    private bool disposed;

    private CacheSet(IStore store, TimeProvider time, ILogger logger)
    {
        Store = store;
        schedule = new WakeSchedule(time);
        this.logger = logger;
    }

    public IStore Store { get; }

    /// <summary>Every change up to this revision is in the caches.</summary>
    public long Revision => revisions.Seen;

    /// <summary>All resources that objects were ever seen of, or that were asked for.</summary>
    public IEnumerable<ResourceCache> Resources => caches.Values;

    /// <summary>Reads the whole store, then follows it until disposed.</summary>
    public static async Task<CacheSet> StartAsync(IStore store, TimeProvider time, ILogger<CacheSet> logger, CancellationToken cancellationToken)
    {
        var set = new CacheSet(store, time, logger);
        set.follower = await StoreFollower.StartAsync(store, set.Load, set.Apply, time, logger, cancellationToken);
        return set;
    }

    /// <summary>The cache of a resource; empty for one that nobody has used yet.</summary>
    public ResourceCache For(GroupResource resource) =>
        caches.TryGetValue(resource, out ResourceCache? cache)
            ? cache
            : caches.GetOrAdd(resource, static (added, set) => new ResourceCache(set, set.schedule, added, SortedTree<CachedObject>.Empty, set.loadedAt), this);

    /// <summary>Waits until the caches show a revision.</summary>
    public ValueTask WaitForAsync(long revision, CancellationToken cancellationToken) => revisions.WaitForAsync(revision, cancellationToken);

    /// <summary>
    /// Waits until the caches show everything that any process had been told was written before this call: what a
    /// consistent read stands on.
    /// </summary>
    public async ValueTask<long> WaitForLatestAsync(CancellationToken cancellationToken)
    {
        long newest = await Store.ReadRevisionAsync(cancellationToken);
        await revisions.WaitForAsync(newest, cancellationToken);
        return newest;
    }

    /// <summary>Commits, and returns when the caches show it.</summary>
    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        CommitResult result = await Store.CommitAsync(transaction, cancellationToken);
        await revisions.WaitForAsync(result.Revision, cancellationToken);
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        if (follower is not null)
        {
            await follower.DisposeAsync();
        }

        schedule.Dispose();
        revisions.Close(new ObjectDisposedException(nameof(CacheSet)));
        foreach (ResourceCache cache in caches.Values)
        {
            cache.End(CacheWait.Closed);
        }
    }

    private void Load(RangeResult stored)
    {
        long started = Environment.TickCount64;
        loadedAt = stored.Revision;
        int from = 0;
        while (from < stored.Items.Count)
        {
            // Keys are sorted, so each resource is one run.
            GroupResource? resource = ResourceOf(stored.Items[from].Key);
            var objects = new List<CachedObject>();
            int at = from;
            for (; at < stored.Items.Count && ResourceOf(stored.Items[at].Key) == resource; at++)
            {
                if (Read(stored.Items[at]) is { } item)
                {
                    objects.Add(item);
                }
            }

            if (resource is { } known)
            {
                var tree = SortedTree<CachedObject>.FromSorted(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(objects));
                caches[known] = new ResourceCache(this, schedule, known, tree, stored.Revision);
            }

            from = at;
        }

        revisions.Advance(stored.Revision);
        logger.Loaded(stored.Items.Count, caches.Count, stored.Revision, Environment.TickCount64 - started);
    }

    private void Apply(StoreBatch batch)
    {
        // 1. Almost every commit touches one resource; only others pay for grouping.
        List<(ResourceCache Cache, List<CacheEvent> Events)> changed = [];
        foreach (StoreEvent change in batch.Events)
        {
            if (ResourceOf(change.Key) is not { } resource)
            {
                continue;
            }

            ResourceCache cache = For(resource);
            if (Read(change, batch.Revision, cache) is not { } read)
            {
                continue;
            }

            int at = changed.FindIndex(entry => entry.Cache == cache);
            if (at < 0)
            {
                changed.Add((cache, [read]));
            }
            else
            {
                changed[at].Events.Add(read);
            }
        }

        foreach ((ResourceCache cache, List<CacheEvent> events) in changed)
        {
            cache.Apply(batch.Revision, events);
        }

        // 2. Only now may anyone rely on this revision.
        revisions.Advance(batch.Revision);
    }

    private CacheEvent? Read(StoreEvent change, long revision, ResourceCache cache)
    {
        CachedObject? previous = cache.Find(change.Key);
        if (change.Value is null)
        {
            return previous is null ? null : new CacheEvent(CacheEventType.Deleted, previous.AsDeleted(revision), previous);
        }

        return Read(change.Value) is { } item
            ? new CacheEvent(previous is null ? CacheEventType.Added : CacheEventType.Modified, item, previous)
            : null;
    }

    private CachedObject? Read(StoredValue value)
    {
        try
        {
            return CachedObject.From(value);
        }
        catch (FormatException fault)
        {
            // One damaged object must not keep all others from being served.
            logger.Unreadable(value.Key, value.ModRevision, fault);
            return null;
        }
    }

    private static GroupResource? ResourceOf(string key)
    {
        if (!KeyParts.TryParse(key, out KeyParts parts))
        {
            return null;
        }

        ReadOnlySpan<char> path = key.AsSpan(1, parts.Cluster - 2);
        int slash = path.IndexOf('/');
        ReadOnlySpan<char> group = path[..slash];
        return new GroupResource(group is "core" ? "" : group.ToString(), path[(slash + 1)..].ToString());
    }
}
