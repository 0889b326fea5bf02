using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Deletes objects whose owners are all gone, and carries out the finalizers <c>orphan</c> and <c>foregroundDeletion</c>.
/// One for all clusters: it follows the store's own log. Upstream: pkg/controller/garbagecollector.
/// </summary>
internal sealed class GarbageCollector(CacheSet caches, ObjectStore objects, ResourceCatalog resources, Writer writer, IReadOnlySet<GroupResource> held, TimeProvider time, ILogger<GarbageCollector> log)
{
    private const string Orphan = "orphan";
    private const string Foreground = "foregroundDeletion";
    private const string Manager = "kube-controller-manager";

    /// <summary>A look mostly waits for the disk; that at an owner with many dependents waits often.</summary>
    private const int Workers = 4;

    private static readonly TimeSpan FailedWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StoreAwayWait = TimeSpan.FromSeconds(1);

    private readonly OwnershipGraph graph = new();
    private readonly KeyQueue queue = new(time);

    /// <summary>How far the graph has come: the caches are ahead of it.</summary>
    private readonly RevisionWaiters followed = new();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll([FollowAsync(cancellationToken), .. Enumerable.Range(0, Workers).Select(_ => WorkAsync(cancellationToken))]);
        }
        finally
        {
            queue.Dispose();
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        long revision = Gather();
        while (true)
        {
            try
            {
                await foreach (StoreBatch batch in caches.Store.WatchAsync("/", revision, cancellationToken))
                {
                    await caches.WaitForAsync(batch.Revision, cancellationToken);
                    foreach (StoreEvent change in batch.Events)
                    {
                        Note(change.Value is { } value ? graph.Observe(change.Key, value.Value.Span) : graph.Forget(change.Key, change.Previous is { } last ? last.Value.Span : default));
                    }

                    revision = batch.Revision;
                    followed.Advance(revision);
                }
            }
            catch (CompactedException)
            {
                // Too far behind the log: begin again.
                revision = Gather();
            }
            catch (StoreException fault)
            {
                // The store is away: it goes on where it stopped.
                log.FollowFailed(revision, fault.Message);
                await Task.Delay(StoreAwayWait, time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Takes in everything that is there. What went unseen has left dependents behind that did not change themselves: all are looked at but those whose owners are
    /// as they should be, which are nearly all, and share them.
    /// </summary>
    /// <returns>The revision to go on from.</returns>
    private long Gather()
    {
        long revision = caches.Revision;
        foreach (ResourceCache cache in caches.Resources)
        {
            foreach (CachedObject item in cache.Current.Range(StoreKey.Prefix(cache.Resource)))
            {
                Note(graph.Observe(item.Key, item.Json.Span, looksAtDependents: false));
            }
        }

        var read = new Dictionary<(ResourceDefinition, ClusterName, string, string), OwnerAsFound?>();
        OwnerAsFound? FindOnce(ResourceDefinition resource, ClusterName cluster, string inNamespace, string name) =>
            read.TryGetValue((resource, cluster, inNamespace, name), out OwnerAsFound? known) ? known : read[(resource, cluster, inNamespace, name)] = FindOwner(resource, cluster, inNamespace, name);
        foreach ((string key, OwnerReference[] owners) in graph.Dependents())
        {
            if (OwnershipGraph.ResourceOf(key) is not { } resource || caches.For(resource).Current.Get(key) is not { } item)
            {
                Note(graph.Forget(key, default));
            }
            else if (owners.Any(o => StateOf(key, item.Cluster, item.Namespace, o, FindOnce) != OwnerState.Solid))
            {
                queue.Add(key);
            }
        }

        followed.Advance(revision);
        return revision;
    }

    private void Note(IReadOnlyCollection<string> keys)
    {
        foreach (string key in keys)
        {
            queue.Add(key);
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string key = await queue.TakeAsync(cancellationToken);
            try
            {
                await LookAsync(key, cancellationToken);
                queue.Done(key);
            }
            catch (StatusException changed) when (changed.IsConflict)
            {
                // What was judged has changed since: its owners may have too.
                queue.Retry(key, FailedWait);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                log.LookFailed(fault, key);
                queue.Retry(key, FailedWait);
            }
        }
    }

    private async ValueTask LookAsync(string key, CancellationToken cancellationToken)
    {
        if (Find(key) is not { } found)
        {
            return;
        }

        // 1. As an owner that waits for its dependents.
        if (found.Json.IsDeleting)
        {
            await FinishAsync(found, cancellationToken);
        }

        // 2. As a dependent.
        OwnerReference[] owners = OwnerReference.Of(found.Json);
        if (owners.Length > 0)
        {
            await JudgeAsync(found, key, owners, cancellationToken);
        }
    }

    private async ValueTask FinishAsync(Found owner, CancellationToken cancellationToken)
    {
        if (!Finalizers.Has(owner.Json, Orphan) && !Finalizers.Has(owner.Json, Foreground))
        {
            return;
        }

        // Who was made before its owner was deleted is in the graph by then: one that is overlooked here would be taken for garbage.
        await followed.WaitForAsync(owner.Revision, cancellationToken);

        // Of the same cluster: what another writes about an owner here is nothing to it.
        string[] dependents = graph.DependentsOf(owner.Json.Uid);
        if (Finalizers.Has(owner.Json, Orphan))
        {
            foreach (string dependent in dependents)
            {
                if (Find(dependent) is { } orphan && orphan.Cluster == owner.Cluster)
                {
                    await RemoveOwnersAsync(orphan, [owner.Json.Uid], cancellationToken);
                }
            }

            if (owner.Cluster.IsRoot || !held.Contains(owner.Resource.GroupResource))
            {
                await RemoveFinalizerAsync(owner, Orphan, cancellationToken);
            }
            else if (!owner.Json.Annotations.ContainsKey(OrreryNames.OrphanedAnnotation))
            {
                // Who holds it may let it go from here on: nothing is left that would go with it.
                await writer.UpdateAsync(
                    owner.Resource, owner.Cluster, owner.Json.Namespace, owner.Json.Name, "", Manager,
                    json => json.Metadata.ObjectAt("annotations")[OrreryNames.OrphanedAnnotation] = "true", cancellationToken);
            }
        }
        else if (Finalizers.Has(owner.Json, Foreground))
        {
            bool blocked = false;
            foreach (string dependent in dependents)
            {
                queue.Add(dependent);
                blocked |= Find(dependent) is { } there && there.Cluster == owner.Cluster && Blocks(there, owner) && !WaitsFor(there, owner, []);
            }

            if (!blocked)
            {
                await RemoveFinalizerAsync(owner, Foreground, cancellationToken);
            }
        }
    }

    private static bool Blocks(Found dependent, Found owner) => OwnerReference.Of(dependent.Json).Any(o => o.Uid == owner.Json.Uid && o.BlocksDeletion);

    /// <summary>Whether a dependent waits, by whatever detour, for the very owner that waits for it: of a ring of owners somebody must go first.</summary>
    /// <param name="seen">Uids of those that were looked at.</param>
    private bool WaitsFor(Found dependent, Found owner, HashSet<string> seen)
    {
        if (dependent.Json.Uid == owner.Json.Uid)
        {
            return true;
        }

        return dependent.Json.IsDeleting && Finalizers.Has(dependent.Json, Foreground) && seen.Add(dependent.Json.Uid)
            && graph.DependentsOf(dependent.Json.Uid).Any(key => Find(key) is { } next && next.Cluster == owner.Cluster && Blocks(next, dependent) && WaitsFor(next, owner, seen));
    }

    private async ValueTask JudgeAsync(Found dependent, string key, OwnerReference[] owners, CancellationToken cancellationToken)
    {
        var solid = 0;
        var waiting = new List<string>();
        var gone = new List<string>();
        foreach (OwnerReference owner in owners)
        {
            switch (StateOf(key, dependent.Cluster, dependent.Json.Namespace, owner, FindOwner))
            {
                case OwnerState.Solid:
                    solid++;
                    break;
                case OwnerState.Waiting:
                    waiting.Add(owner.Uid);
                    break;
                default:
                    gone.Add(owner.Uid);
                    break;
            }
        }

        if (solid > 0)
        {
            if (gone.Count + waiting.Count > 0)
            {
                await RemoveOwnersAsync(dependent, [.. gone, .. waiting], cancellationToken);
            }

            return;
        }

        if (dependent.Json.IsDeleting)
        {
            return;
        }

        string policy = Finalizers.Has(dependent.Json, Orphan) ? "Orphan"
            : Finalizers.Has(dependent.Json, Foreground) || (waiting.Count > 0 && graph.DependentsOf(dependent.Json.Uid).Length > 0) ? "Foreground"
            : "Background";
        await writer.DeleteAsync(
            dependent.Resource, dependent.Cluster, dependent.Json.Namespace, dependent.Json.Name,
            new DeleteOptions { PropagationPolicy = policy, Uid = dependent.Json.Uid, ResourceVersion = dependent.Json.ResourceVersion }, cancellationToken);
    }

    /// <param name="key">Of the dependent, as are the cluster and the namespace.</param>
    /// <param name="find">Finds an owner as it is.</param>
    private OwnerState StateOf(string key, ClusterName cluster, string inNamespace, OwnerReference owner, Func<ResourceDefinition, ClusterName, string, string, OwnerAsFound?> find)
    {
        // An owner may have gone together with the definition of its kind.
        if (graph.HasSeenGo(owner.Uid, key))
        {
            return OwnerState.Gone;
        }

        // A kind that is not served now says nothing about its objects; an owner in a namespace cannot own beyond it.
        if (resources.Find(cluster, owner.Kind) is not { } resource || (resource.Namespaced && inNamespace.Length == 0))
        {
            return OwnerState.Solid;
        }

        return find(resource, cluster, resource.Namespaced ? inNamespace : "", owner.Name) is { } found && found.Uid == owner.Uid
            ? (found.Waits ? OwnerState.Waiting : OwnerState.Solid)
            : OwnerState.Gone;
    }

    private OwnerAsFound? FindOwner(ResourceDefinition resource, ClusterName cluster, string inNamespace, string name) =>
        objects.Find(resource, cluster, inNamespace, name) is { } found && KubeObject.Parse(found.Json.Span) is { } json
            ? new OwnerAsFound(json.Uid, json.IsDeleting && Finalizers.Has(json, Foreground))
            : null;

    private async ValueTask RemoveOwnersAsync(Found dependent, IReadOnlyCollection<string> uids, CancellationToken cancellationToken) =>
        await writer.UpdateAsync(
            dependent.Resource, dependent.Cluster, dependent.Json.Namespace, dependent.Json.Name, "", Manager,
            json =>
            {
                if (json.NodeAt("metadata", "ownerReferences") is JsonArray owners)
                {
                    owners.RemoveAll(o => o is JsonObject owner && uids.Contains(owner.TextAt("uid") ?? ""));
                    if (owners.Count == 0)
                    {
                        json.Metadata.Remove("ownerReferences");
                    }
                }
            },
            cancellationToken);

    private async ValueTask RemoveFinalizerAsync(Found owner, string finalizer, CancellationToken cancellationToken) =>
        await writer.UpdateAsync(
            owner.Resource, owner.Cluster, owner.Json.Namespace, owner.Json.Name, "", Manager, json => Finalizers.Remove(json, finalizer), cancellationToken);

    private Found? Find(string key)
    {
        if (OwnershipGraph.ResourceOf(key) is not { } resource || caches.For(resource).Current.Get(key) is not { } item || Clusters.BaseLayer.IsTombstone(item.Json.Span))
        {
            return null;
        }

        ClusterName cluster = item.Cluster;
        return resources.FindStored(cluster, resource) is { } definition ? new Found(definition, cluster, KubeObject.Parse(item.Json.Span), item.Revision) : null;
    }

    private enum OwnerState
    {
        Solid,

        /// <summary>Is being deleted, and waits for its dependents to go first.</summary>
        Waiting,
        Gone,
    }

    /// <param name="Waits">Is being deleted, and waits for its dependents to go first.</param>
    private readonly record struct OwnerAsFound(string Uid, bool Waits);

    private sealed record Found(ResourceDefinition Resource, ClusterName Cluster, KubeObject Json, long Revision);
}
