using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Metrics;
using Orrery.Server.Encryption;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>
/// Every object of the store in memory, one <see cref="ResourceCache"/> a resource, kept up to date commit by commit.
/// It is also the door to the store: what <see cref="CommitAsync"/> wrote, the caches show when it returns.
/// </summary>
internal sealed class CacheSet : IAsyncDisposable
{
    /// <summary>The one kind whose objects are large, and alike in many clusters.</summary>
    private static readonly string Definitions = StoreKey.Prefix(new GroupResource("apiextensions.k8s.io", "customresourcedefinitions"));

    private readonly LikeObjects definitions = new();
    private readonly ResourceIndex resources;
    private readonly RevisionWaiters revisions = new();
    private readonly WakeSchedule schedule;
    private readonly PastKeeping past;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private StoreFollower? follower;
    private long knownSince;
    private bool disposed;

    private CacheSet(IStore store, TimeProvider time, ILogger logger)
    {
        Store = store;
        this.time = time;
        schedule = new WakeSchedule(time);
        Wakes = new WakeQueues(time);
        past = new PastKeeping(time);
        resources = new ResourceIndex(added => new ResourceCache(this, schedule, added, Volatile.Read(ref knownSince)));
        this.logger = logger;
    }

    public IStore Store { get; }

    /// <summary>How much each virtual cluster holds.</summary>
    public ClusterContents Contents { get; } = new();

    /// <summary>Who watches a virtual cluster is woken in turn.</summary>
    public WakeQueues Wakes { get; }

    /// <summary>Time that commits took until the caches showed them.</summary>
    public Histogram CommitDurations { get; } = new();

    /// <summary>What was asked of the store that is about no resource.</summary>
    public StoreMetrics Asked { get; } = new();

    /// <summary>Every change up to this revision is in the caches.</summary>
    public long Revision => revisions.Seen;

    /// <summary>All resources that objects were ever seen of, or that were asked for.</summary>
    public IEnumerable<ResourceCache> Resources => resources.All;

    /// <summary>
    /// Reads the whole store and the recent changes in its log, so that watches go on over a restart; then follows it
    /// until disposed.
    /// </summary>
    /// <param name="replaced">See <see cref="StoreFollower"/>.</param>
    public static async Task<CacheSet> StartAsync(
        IStore store, TimeProvider time, ILogger<CacheSet> logger, CancellationToken cancellationToken, Func<IStore, CancellationToken, Task>? replaced = null)
    {
        var set = new CacheSet(store, time, logger);
        set.follower = await StoreFollower.StartAsync(store, set.Load, set.Apply, replaced, time, logger, cancellationToken);
        return set;
    }

    /// <summary>The cache of a resource; empty for one that nobody has used yet.</summary>
    public ResourceCache For(GroupResource resource) => resources.For(resource);

    /// <summary>Waits until the caches show a revision.</summary>
    public ValueTask WaitForAsync(long revision, CancellationToken cancellationToken) => revisions.WaitForAsync(revision, cancellationToken);

    /// <summary>
    /// Nothing keeps the caches from showing what the store holds. A value that cannot be read, such as one that is encrypted by a key which this server has not,
    /// does: no request is answered that comes after it.
    /// </summary>
    public async ValueTask<bool> FollowsAsync(CancellationToken cancellationToken) =>
        follower is { IsReplaced: false } followed && (!followed.IsAway || Revision >= await ReadRevisionAsync(cancellationToken));

    /// <summary>
    /// Waits until the caches show everything that any process had been told was written before this call: what a
    /// consistent read stands on.
    /// </summary>
    public async ValueTask<long> WaitForLatestAsync(CancellationToken cancellationToken)
    {
        long newest = Store is ILocalStore ? await Store.ReadRevisionAsync(cancellationToken) : await ReadRevisionAsync(cancellationToken);
        await revisions.WaitForAsync(newest, cancellationToken);
        return newest;
    }

    /// <summary>
    /// Waits until the caches show what other servers on the same store had acknowledged before this call. Where there
    /// can be none, they always do.
    /// </summary>
    public async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        if (Store is not ILocalStore)
        {
            await WaitForLatestAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Commits, and returns when the caches show it. A transaction should write at most one object of a resource: a
    /// client that resumes a watch by the revision of the first would never get the second.
    /// </summary>
    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        bool failed = true;
        CommitResult result;
        try
        {
            result = await Store.CommitAsync(transaction, cancellationToken);
            failed = false;
        }
        finally
        {
            if (transaction.Writes.Count > 0 && resources.Of(transaction.Writes[0].Key) is { } cache)
            {
                cache.Asked.For(StoreMetrics.OperationOf(transaction)).End(time.GetElapsedTime(began), failed);
            }
        }

        await revisions.WaitForAsync(result.Revision, cancellationToken);
        CommitDurations.Record(time.GetElapsedTime(began));
        return result;
    }

    /// <summary>Drops changes that are too old for anybody to go on from. To be called now and then.</summary>
    /// <returns>About the bytes that were given up.</returns>
    public long Forget() => past.Forget(Revision, resources.Unordered);

    /// <summary>Ends the watches of clients, when the server stops and takes no more of them.</summary>
    public void EndClients()
    {
        foreach (ResourceCache cache in resources.All)
        {
            cache.EndClients();
        }
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
        foreach (ResourceCache cache in resources.All)
        {
            cache.End(CacheWait.Closed);
        }
    }

    /// <summary>The one thing that a read asks of a store elsewhere.</summary>
    private async ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        bool failed = true;
        try
        {
            long newest = await Store.ReadRevisionAsync(cancellationToken);
            failed = false;
            return newest;
        }
        finally
        {
            Asked.For(StoreOperation.Get).End(time.GetElapsedTime(began), failed);
        }
    }

    private void Load(StoreContent content)
    {
        long started = Environment.TickCount64;
        Volatile.Write(ref knownSince, content.KnownSince);

        // 1. Objects by resource, each in key order as the store gave them.
        var objects = new Dictionary<ResourceCache, List<CachedObject>>();
        Contents.Clear();
        foreach (StoredValue value in content.Objects)
        {
            if (resources.Of(value.Key) is { } cache && Read(value) is { } item)
            {
                Contents.Add(item);
                (CollectionsMarshal.GetValueRefOrAddDefault(objects, cache, out _) ??= []).Add(item);
            }
        }

        Dictionary<ResourceCache, SortedTree<CachedObject>> trees = objects.ToDictionary(
            entry => entry.Key, entry => SortedTree<CachedObject>.FromSorted(CollectionsMarshal.AsSpan(entry.Value)));

        // 2. The past that led there, by resource.
        Dictionary<ResourceCache, List<CacheEvent>> past = ReadPast(content.Past, trees);

        // 3. Also resources that hold nothing any more, but did.
        foreach (ResourceCache cache in resources.All)
        {
            cache.Reset(
                trees.GetValueOrDefault(cache) ?? SortedTree<CachedObject>.Empty, content.Revision, content.KnownSince, past.GetValueOrDefault(cache) ?? []);
        }

        revisions.Advance(content.Revision);
        logger.Loaded(content.Objects.Count, objects.Count, content.Revision, content.KnownSince, Environment.TickCount64 - started);
    }

    private Dictionary<ResourceCache, List<CacheEvent>> ReadPast(
        IEnumerable<StoreBatch> batches, Dictionary<ResourceCache, SortedTree<CachedObject>> trees)
    {
        var past = new Dictionary<ResourceCache, List<CacheEvent>>();
        var versions = new Dictionary<string, CachedObject>(StringComparer.Ordinal);
        foreach (StoreBatch batch in batches)
        {
            foreach (StoreEvent change in batch.Events)
            {
                if (resources.Of(change.Key) is not { } cache)
                {
                    continue;
                }

                CachedObject? previous = change.Previous is null ? null : versions.GetValueOrDefault(change.Key) ?? Read(change.Previous);
                CachedObject? live = trees.GetValueOrDefault(cache)?.Find(change.Key);
                bool isLive = change.Value is not null && live?.Revision == batch.Revision;
                CacheEvent? read = isLive
                    ? new CacheEvent(previous is null ? CacheEventType.Added : CacheEventType.Modified, live!, previous)
                    : Read(change, batch.Revision, previous);
                if (read is not null)
                {
                    (CollectionsMarshal.GetValueRefOrAddDefault(past, cache, out _) ??= []).Add(read);
                    versions[change.Key] = read.Object;
                }
            }
        }

        return past;
    }

    private void Apply(StoreBatch batch)
    {
        // 1. Into the cache of each resource: all changes of a revision at once, and almost always there is but one.
        if (batch.Events.Count == 1)
        {
            StoreEvent only = batch.Events[0];
            if (resources.Of(only.Key) is { } cache && Read(only, batch.Revision, cache.Find(only.Key)) is { } change)
            {
                Contents.Apply(change);
                cache.Apply(batch.Revision, [change]);
            }
        }
        else
        {
            foreach (IGrouping<ResourceCache?, StoreEvent> group in batch.Events.GroupBy(change => resources.Of(change.Key)))
            {
                if (group.Key is { } cache)
                {
                    CacheEvent[] changes = [.. group.Select(change => Read(change, batch.Revision, cache.Find(change.Key))).OfType<CacheEvent>()];
                    foreach (CacheEvent change in changes)
                    {
                        Contents.Apply(change);
                    }

                    cache.Apply(batch.Revision, changes);
                }
            }
        }

        // 2. Only now may anyone rely on this revision.
        revisions.Advance(batch.Revision);
    }

    private CacheEvent? Read(StoreEvent change, long revision, CachedObject? previous)
    {
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
            return CachedObject.From(value, value.Key.StartsWith(Definitions, StringComparison.Ordinal) ? definitions : null);
        }
        catch (FormatException fault)
        {
            // Encrypted, and nobody said by what: not a damaged object, but all of a kind that cannot be read.
            ValueEncryption.Unconfigured.Decrypt(value.Key, value.Value);

            // One damaged object must not keep all others from being served.
            logger.Unreadable(value.Key, value.ModRevision, fault);
            return null;
        }
    }
}
