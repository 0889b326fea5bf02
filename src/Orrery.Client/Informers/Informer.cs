using System.Globalization;
using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// Keeps a copy of all objects of one resource up to date: lists once, then watches, resumes a broken watch where it
/// was, and lists again only when the server no longer keeps that far back.
/// <para>
/// Handlers are called one after the other, in the order of the changes, each change once; they must be quick (put a
/// key on a queue). The store already shows a change when its handlers are called.
/// </para>
/// </summary>
public sealed partial class Informer
{
    /// <summary>A watch that ends sooner than this without an event counts as a failure, lest a server that ends each at once is asked without pause.</summary>
    private static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    private readonly KubeClient client;
    private readonly InformerOptions options;
    private readonly ILogger logger;
    private readonly Random random;
    private readonly Backoff backoff;
    private readonly InformerStore store = new();
    private readonly Lock dispatch = new();
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action<InformerChange>> handlers = [];

    /// <summary>Of a kind that is not served, or may not be listed: it may come to be by whatever its cluster's owner does, and hardly ever does.</summary>
    private readonly Backoff unreadable;
    private volatile TaskCompletionSource look = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How far the store has followed the server.</summary>
    private long seen;
    private bool hasListed;
    private int lists;
    private bool isListing;

    /// <summary>What was listed since a watch had expired has not been followed yet: a server that takes no position at all is not asked without pause.</summary>
    private bool hasExpired;
    private string resourceVersion = "";

    /// <summary>How many times the server had been found put back when it was listed.</summary>
    private int putBacks;

    /// <summary>The fault that was last told of. Days without a server are a line in the log, not a line a try.</summary>
    private string said = "";

    /// <param name="client">Its cluster may be <see cref="ClusterName.All"/>; keys then carry each object's own cluster.</param>
    public Informer(KubeClient client, GroupVersionResource resource, InformerOptions? options = null)
    {
        this.client = client;
        this.options = options ?? new InformerOptions();
        Resource = resource;
        logger = this.options.Loggers.CreateLogger<Informer>();
        random = new Random(this.options.Seed != 0 ? this.options.Seed : HashCode.Combine(resource, client.Cluster));
        backoff = new Backoff(this.options.BackoffMin, this.options.BackoffMax, random);
        unreadable = new Backoff(this.options.BackoffMax, this.options.UnreadableMax, random);
    }

    public GroupVersionResource Resource { get; }

    /// <summary>Ends once the first list is in the store and its handlers have run.</summary>
    public Task HasSynced => synced.Task;

    /// <summary>Whether what is here is from the server itself, rather than what it was <see cref="Seed"/>ed with.</summary>
    public bool HasListed
    {
        get
        {
            lock (dispatch)
            {
                return hasListed;
            }
        }
    }

    /// <summary>How many lists were taken in, the one that is being taken in among them: what is missing after it was not told of by a watch.</summary>
    public int Lists => Volatile.Read(ref lists);

    /// <summary>
    /// How far the server was followed: every change up to this resourceVersion is here. Zero before the first list, and where versions are no numbers.
    /// </summary>
    public long Seen
    {
        get
        {
            lock (dispatch)
            {
                return seen;
            }
        }
    }

    public int Count => store.Count;

    /// <summary>What the server said when it did not let the last list through, and what is here is what was seen before: nothing, usually. Null once it lets it.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether the server served this resource when it was last listed. What was known before is kept: another version of the same may be served.</summary>
    public bool IsServed { get; private set; } = true;

    /// <summary>The server does not serve this resource, or not any more, where that counts as none of it (<see cref="InformerOptions.UnreadableIsEmpty"/>). Told once, until it serves it again.</summary>
    public event Action? Unserved;

    /// <summary>A resource that is not served, or may not be listed, may be by now: it is looked at once, and does not wait for its time.</summary>
    public void LookNow() => look.TrySetResult();

    /// <summary>Lets go of all that is known, as none of it is there any more. What the server tells from now on counts.</summary>
    public void Forget()
    {
        lock (dispatch)
        {
            foreach ((ObjectKey key, KubeObject _) in store.Entries())
            {
                Remove(key);
            }
        }
    }

    /// <param name="values">The values under which an object is found with <see cref="ByIndex"/>.</param>
    public Informer AddIndex(string name, Func<KubeObject, IEnumerable<string>> values)
    {
        store.AddIndex(name, values);
        return this;
    }

    /// <summary>Calls the handler for every change from now on, after an Added for each object already known.</summary>
    public Informer Subscribe(Action<InformerChange> handler)
    {
        lock (dispatch)
        {
            foreach ((ObjectKey key, KubeObject found) in store.Entries())
            {
                handler(new InformerChange(key, null, found));
            }

            handlers.Add(handler);
        }

        return this;
    }

    public KubeObject? Get(ObjectKey key) => store.Get(key);

    public KubeObject? Get(ClusterName cluster, string ns, string name) => store.Get(new ObjectKey(cluster, ns, name));

    /// <summary>In no particular order, as are all answers with more than one object.</summary>
    public IReadOnlyList<KubeObject> All() => store.All();

    public IReadOnlyList<KubeObject> InNamespace(ClusterName cluster, string ns) => store.InNamespace(cluster, ns);

    public int CountInNamespace(ClusterName cluster, string ns) => store.CountInNamespace(cluster, ns);

    public IReadOnlyList<KubeObject> ByIndex(string index, string value) => store.ByIndex(index, value);

    public int CountByIndex(string index, string value) => store.CountByIndex(index, value);

    /// <summary>The key under which this informer keeps an object.</summary>
    public ObjectKey KeyOf(KubeObject found) =>
        new(client.Cluster.IsAll ? found.Cluster : client.Cluster, found.Namespace, found.Name);

    /// <summary>
    /// Takes in what the server answered to a write of this process, before the watch says it, so that the writer's
    /// next look does not miss its own write. Does nothing when the watch was faster. Relies on resourceVersions
    /// being comparable numbers (KEP-5504).
    /// </summary>
    /// <param name="cluster">Where it was written, for an informer over all clusters: what a single cluster answers does not say which one it is.</param>
    public void Observe(KubeObject written, ClusterName? cluster = null)
    {
        if (cluster is { } known)
        {
            written = written.Of(known);
        }

        ObjectKey key = KeyOf(written);
        lock (dispatch)
        {
            if (hasListed && VersionOf(written) > seen)
            {
                Put(key, written);
            }
        }
    }

    /// <summary>
    /// Begins with what was known at another time, for one who must act while the server is away. The first list corrects it. Does nothing once there
    /// was one.
    /// </summary>
    public void Seed(IEnumerable<KubeObject> known)
    {
        lock (dispatch)
        {
            if (hasListed)
            {
                return;
            }

            foreach (KubeObject found in known)
            {
                Put(KeyOf(found), found);
            }
        }

        synced.TrySetResult();
    }

    /// <summary>Lists and watches until cancelled; failures are logged and tried again, never thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        RuntimeMetrics.Add(this);
        try
        {
            await FollowAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            RuntimeMetrics.Remove(this);
        }
    }

    private void Take(KubeList list, int history)
    {
        long version = Number(list.ResourceVersion);
        var present = new HashSet<ObjectKey>(list.Items.Count);
        lock (dispatch)
        {
            isListing = true;
            Volatile.Write(ref lists, lists + 1);

            // What was seen of a server that was put back to an earlier state, from a backup, has not happened: this list alone counts.
            bool isPutBack = hasListed && ((version > 0 && version < seen) || history != putBacks);
            putBacks = history;
            if (isPutBack)
            {
                InformerLog.PutBack(logger, Resource, seen, version);
            }

            foreach (KubeObject item in list.Items)
            {
                ObjectKey key = KeyOf(item);
                present.Add(key);
                Put(key, item, isPutBack);
            }

            foreach ((ObjectKey key, KubeObject known) in store.Entries())
            {
                // Newer than the list: a write of our own taken in meanwhile.
                if (!present.Contains(key) && (isPutBack || VersionOf(known) <= version) && Planted.Fault != PlantedFault.InformerKeepsWhatAListLacks)
                {
                    Remove(key);
                }
            }

            seen = version;
            hasListed = true;
            isListing = false;
        }

        resourceVersion = list.ResourceVersion;
    }

    private void Take(WatchEvent found)
    {
        string version = found.Object.ResourceVersion;
        lock (dispatch)
        {
            if (found.Type == WatchEventType.Bookmark && Number(version) is > 0 and long at && at < seen)
            {
                // It tells of nothing before what we asked for, which it has not reached again.
                throw ApiErrors.Expired($"the server is at {at} and was at {seen} before");
            }

            if (found.Type == WatchEventType.Deleted)
            {
                // Another that has its name since may be known by Observe.
                if (store.Get(KeyOf(found.Object)) is { } known && VersionOf(known) <= Number(version))
                {
                    Remove(KeyOf(found.Object));
                }
            }
            else if (found.Type != WatchEventType.Bookmark)
            {
                Put(KeyOf(found.Object), found.Object);
            }

            seen = Number(version);
        }

        resourceVersion = version;
    }

    private void Put(ObjectKey key, KubeObject current, bool isPutBack = false)
    {
        KubeObject? known = store.Get(key);
        if (known is not null && (isPutBack ? current.Uid == known.Uid && current.ResourceVersion == known.ResourceVersion : !IsNewer(current, known)))
        {
            return;
        }

        KubeObject kept = options.Transform is { } transform ? transform(current) : current;
        store.Set(key, kept);
        Tell(new InformerChange(key, known, kept));
    }

    private void Remove(ObjectKey key)
    {
        if (store.Set(key, null) is { } old)
        {
            Tell(new InformerChange(key, old, null));
        }
    }

    private void Tell(InformerChange change)
    {
        if (Planted.Fault == PlantedFault.InformerListsInSilence && isListing && hasListed) return;
        foreach (Action<InformerChange> handler in handlers)
        {
            try
            {
                handler(change);
            }
#pragma warning disable CA1031 // One handler's fault must not keep the change from the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                InformerLog.HandlerFailed(logger, Resource, change.Key, e);
            }
        }
    }

    /// <summary>Versions that are no numbers can only be told apart.</summary>
    private static bool IsNewer(KubeObject current, KubeObject known) =>
        VersionOf(current) is > 0 and long version ? version > VersionOf(known) : current.ResourceVersion != known.ResourceVersion;

    private static long VersionOf(KubeObject found) => Number(found.ResourceVersion);

    private static long Number(string version) => long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
