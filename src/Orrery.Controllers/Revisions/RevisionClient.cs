using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Revisions;

/// <summary>Writes of revisions into virtual clusters, which the informers see at once.</summary>
internal sealed class RevisionClient(KubeClient root, TenancyDirectory tenancy)
{
    /// <summary>
    /// Whether revisions are kept for the object: one that is placed. A virtual cluster that names no data plane is an API server alone, and nothing
    /// there is made by controllers.
    /// </summary>
    public bool Keeps(KubeObject source) =>
        PlacementRules.IsPlaced(source) && tenancy.Find(source.Cluster) is { IsServed: true, Placement.IsEmpty: false };

    /// <summary>The revisions of an object: those that it owns, and those that a former one of its name left (<c>--cascade=orphan</c>), which it takes over.</summary>
    /// <param name="isLeft">Whether a revision that nobody owns is the object's to take.</param>
    /// <returns>Null when the object is on its way out, or gone: it has no revisions to take, nor to make.</returns>
    public async Task<List<KubeObject>?> ClaimAsync(
        Informer informer, GroupKind kind, KubeObject owner, Func<KubeObject, bool> isLeft, CancellationToken cancellationToken)
    {
        List<KubeObject> known = [.. informer.ByIndex(RevisionKinds.ByOwner, owner.Uid)];
        KubeObject[] free = [.. informer.InNamespace(owner.Cluster, owner.Namespace).Where(r => !r.IsDeleting && !RevisionKinds.OwnersOf(r).Any() && isLeft(r))];
        if (free.Length > 0 && !await StaysAsync(kind, owner, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        foreach (KubeObject left in free)
        {
            var patch = new JsonArray(new JsonObject
            {
                ["op"] = "add",
                ["path"] = "/metadata/ownerReferences",
                ["value"] = new JsonArray((JsonNode)RevisionKinds.OwnedBy(owner, kind)),
            });
            known.Add(await PatchAsync(informer, left, patch, cancellationToken).ConfigureAwait(false));
        }

        return known;
    }

    /// <summary>
    /// Asked of the server itself, as anybody who adopts does: that its owner is deleted with <c>--cascade=orphan</c> may be known later than that it was let go of, and who is given back to one that
    /// goes would go with it.
    /// </summary>
    private async Task<bool> StaysAsync(GroupKind kind, KubeObject owner, CancellationToken cancellationToken) =>
        await root.InCluster(owner.Cluster).FindAsync(PlaceableKinds.Find(kind)!.Resource, owner.Namespace, owner.Name, cancellationToken).ConfigureAwait(false) is { IsDeleting: false } now && now.Uid == owner.Uid;

    /// <returns>Null when the name is taken by something else.</returns>
    public async Task<KubeObject?> CreateAsync(Informer informer, ClusterName cluster, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            return Take(informer, cluster, await root.InCluster(cluster).CreateAsync(informer.Resource, body.Namespace, body, cancellationToken).ConfigureAwait(false));
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            return null;
        }
    }

    public async Task<KubeObject> PatchAsync(Informer informer, KubeObject current, JsonArray patch, CancellationToken cancellationToken, string? subresource = null)
    {
        patch.Insert(0, new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = current.Uid });
        return Take(informer, current.Cluster, await root.InCluster(current.Cluster).PatchAsync(
            informer.Resource, current.Namespace, current.Name, PatchKind.Json, patch, cancellationToken, subresource).ConfigureAwait(false));
    }

    public async Task DeleteAsync(Informer informer, KubeObject gone, CancellationToken cancellationToken)
    {
        try
        {
            await root.InCluster(gone.Cluster).DeleteAsync(
                informer.Resource, gone.Namespace, gone.Name, new DeleteQuery { Uid = gone.Uid, PropagationPolicy = "Background" }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already: what was wanted.
        }
    }

    /// <summary>What a single cluster answers does not say which one it is.</summary>
    private static KubeObject Take(Informer informer, ClusterName cluster, KubeObject written)
    {
        KubeObject taken = written.Of(cluster);
        informer.Observe(taken, cluster);
        return taken;
    }
}
