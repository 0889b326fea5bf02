using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>An object as it is now.</summary>
/// <param name="Json">Complete, resourceVersion included.</param>
/// <param name="Revision">Its resourceVersion.</param>
/// <param name="StoreRevision">What the store must still hold for a write to be based on this: zero for an object of the shared base layer, which is stored nowhere.</param>
/// <param name="Cached">Whose bytes they are.</param>
internal sealed record StoredObject(ReadOnlyMemory<byte> Json, long Revision, long StoreRevision, CachedObject? Cached = null);

/// <summary>
/// Objects by address, the base layer beneath: reads from the caches, writes to the store, each write on condition of
/// what was read.
/// </summary>
internal sealed class ObjectStore(CacheSet caches, BaseLayer layer, LogicalClusters clusters)
{
    private static readonly GroupResource Namespaces = new("", "namespaces");

    public CacheSet Caches => caches;

    public BaseLayer Layer => layer;

    /// <summary>The newest state of a resource in every cluster.</summary>
    public LayeredSnapshot Current(ResourceDefinition resource) => Layered(resource, caches.For(resource.StoredAs).Current);

    /// <summary>Root, or a virtual cluster that is there and not about to go.</summary>
    public bool Serves(ClusterName cluster) => clusters.State(cluster) == ClusterState.Served;

    public LayeredSnapshot Layered(ResourceDefinition resource, CacheSnapshot snapshot) => new(layer, resource.StoredAs, snapshot);

    public StoredObject? Find(ResourceDefinition resource, ClusterName cluster, string ns, string name)
    {
        string key = resource.KeyOf(cluster, ns, name);
        LayeredSnapshot snapshot = Current(resource);
        return snapshot.Get(key) is { } found ? new StoredObject(found.Json, found.Revision, snapshot.StoredRevision(key), found) : null;
    }

    public bool Exists(ResourceDefinition resource, ClusterName cluster, string ns, string name) =>
        Current(resource).Get(resource.KeyOf(cluster, ns, name)) is not null;

    /// <summary>Objects under a prefix in key order. Over all virtual clusters, root is left out.</summary>
    public static IEnumerable<CachedObject> Range(LayeredSnapshot snapshot, ClusterName cluster, string prefix, string? startAfter = null)
    {
        IEnumerable<CachedObject> range = snapshot.Range(prefix, startAfter);
        return cluster.IsAll ? range.Where(o => !o.Cluster.IsRoot) : range;
    }

    /// <summary>A mutable copy in the resource's own version, resourceVersion included.</summary>
    public static JsonObject Decode(ResourceDefinition resource, StoredObject current)
    {
        JsonObject json = StoredJson.Parse(current.Json.Span);
        if (resource.Conversion is not null && !resource.IsStoredAsServed(current.Json.Span))
        {
            resource.Conversion.FromStored(json);
        }

        resource.Complete(json);
        return json;
    }

    /// <summary>
    /// Both say the same, whatever the order of their members. Neither resourceVersion counts, nor the times of managed fields, which are anew where admission has put a change back.
    /// </summary>
    public static bool IsSame(JsonObject json, JsonObject old)
    {
        JsonNode? version = old.Metadata["resourceVersion"];
        old.Metadata.Remove("resourceVersion");
        json.Metadata.Remove("resourceVersion");
        bool same = AreSame(json, old);
        if (version is not null)
        {
            old.Metadata["resourceVersion"] = version;
        }

        return same;
    }

    private static bool AreSame(JsonObject json, JsonObject old)
    {
        if (json.Count != old.Count)
        {
            return false;
        }

        for (int i = 0; i < json.Count; i++)
        {
            (string name, JsonNode? value) = json.GetAt(i);
            if (!old.TryGetPropertyValue(name, out JsonNode? before) || !(name switch
            {
                "metadata" when value is JsonObject now && before is JsonObject then => AreSame(now, then),
                "managedFields" when value is JsonArray now && before is JsonArray then => AreSameManagers(now, then),
                _ => JsonNode.DeepEquals(value, before),
            }))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreSameManagers(JsonArray now, JsonArray then) => KubeJson.AreSame(now, then) || (now.Count == then.Count && now.Zip(then).All(pair =>
        pair is (JsonObject entry, JsonObject before)
            ? entry.Count == before.Count && entry.All(m => before.TryGetPropertyValue(m.Key, out JsonNode? was) && (m.Key == "time" || KubeJson.AreSame(m.Value, was)))
            : KubeJson.AreSame(pair.First, pair.Second)));

    public ValueTask<CommitResult> CreateAsync(ResourceDefinition resource, ClusterName cluster, string ns, string name, byte[] stored, CommitAdditions additions, CancellationToken cancellationToken)
    {
        string key = resource.KeyOf(cluster, ns, name);
        LayeredSnapshot snapshot = Current(resource);

        // Where a tombstone hides a deleted base object, the new object replaces the tombstone.
        long expected = snapshot.Get(key) is null ? snapshot.StoredRevision(key) : 0;
        ValueTask kept = KeepNamespaceAsync(cluster, ns, cancellationToken);
        return kept.IsCompletedSuccessfully
            ? WriteAsync(cluster, key, stored, expected, additions, cancellationToken)
            : WriteAfterAsync(kept, cluster, key, stored, expected, additions, cancellationToken);
    }

    public async ValueTask<CommitResult> ReplaceAsync(
        ResourceDefinition resource, ClusterName cluster, string ns, string name, byte[] stored, StoredObject current, CommitAdditions additions, CancellationToken cancellationToken)
    {
        if (current.StoreRevision == 0)
        {
            await KeepNamespaceAsync(cluster, ns, cancellationToken);
        }

        return await WriteAsync(cluster, resource.KeyOf(cluster, ns, name), stored, current.StoreRevision, additions, cancellationToken);
    }

    public ValueTask<CommitResult> DeleteAsync(
        ResourceDefinition resource, ClusterName cluster, string ns, string name, StoredObject current, CommitAdditions additions, CancellationToken cancellationToken)
    {
        string key = resource.KeyOf(cluster, ns, name);
        return WriteAsync(cluster, key, Current(resource).DeletionValue(key), current.StoreRevision, additions, cancellationToken);
    }

    /// <summary>
    /// Stores a namespace that a virtual cluster has from the layer, before the first object in it is stored: whoever looks over all
    /// clusters is shown what is stored alone, and wants the namespace of whatever it finds.
    /// </summary>
    private ValueTask KeepNamespaceAsync(ClusterName cluster, string ns, CancellationToken cancellationToken) =>
        cluster.IsRoot || ns.Length == 0 || layer.Find(Namespaces, cluster, "-/" + ns) is not { } assumed
            ? ValueTask.CompletedTask
            : KeepNamespaceAsync(cluster, ns, assumed, cancellationToken);

    private async ValueTask KeepNamespaceAsync(ClusterName cluster, string ns, BaseObject assumed, CancellationToken cancellationToken)
    {
        string key = StoreKey.Of(Namespaces, cluster, "", ns);
        if (caches.For(Namespaces).Current.Get(key) is null && layer.Value(assumed, cluster) is { } value)
        {
            // That somebody else did so meanwhile is as good.
            await WriteAsync(cluster, key, value, 0, default, cancellationToken);
        }
    }

    private async ValueTask<CommitResult> WriteAfterAsync(ValueTask kept, ClusterName cluster, string key, ReadOnlyMemory<byte>? value, long expected, CommitAdditions additions, CancellationToken cancellationToken)
    {
        await kept;
        return await WriteAsync(cluster, key, value, expected, additions, cancellationToken);
    }

    private async ValueTask<CommitResult> WriteAsync(ClusterName cluster, string key, ReadOnlyMemory<byte>? value, long expected, CommitAdditions additions, CancellationToken cancellationToken)
    {
        while (true)
        {
            // What deletes leaves nothing behind that a purge could miss; all else is written only while its cluster is served.
            IReadOnlyList<Condition> fence = value is null ? [] : clusters.Fence(cluster) ?? throw LogicalClusters.NotServed(cluster);

            // Once handed over, a commit is not abandoned: the client that goes away must not decide whether caches are told.
            cancellationToken.ThrowIfCancellationRequested();
            CommitResult commit = await caches.CommitAsync(new Transaction([new Condition(key, expected), .. fence, .. additions.Conditions ?? []], [new Write(key, value), .. additions.Writes ?? []]), CancellationToken.None);

            // The cluster's own record changed since it was read. The caches show that now: look again.
            if (commit.Succeeded || commit.FailedCondition is not { } failed || !fence.Contains(failed))
            {
                return commit;
            }
        }
    }
}
