using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Simulator.Cluster;

/// <summary>
/// What a controller's selector makes its own (upstream: <c>ControllerRefManager</c>): it adopts what matches and has
/// no controller, and lets go of what it owns but no longer matches.
/// </summary>
internal static class Ownership
{
    /// <param name="owners">Of the owner's kind.</param>
    /// <returns>What the owner controls after that, oldest first.</returns>
    public static async Task<List<KubeObject>> ClaimAsync(SimulatedCluster cluster, Informer informer, Informer owners, KubeObject owner, CancellationToken cancellationToken)
    {
        LabelSelector selector = owner.SelectorAt("spec", "selector");
        foreach (KubeObject own in SimulatedCluster.OwnedBy(informer, owner).Where(o => !o.IsDeleting && !selector.Matches(o.Labels)))
        {
            JsonObject body = own.ToJsonObject();
            JsonArray references = body.Metadata["ownerReferences"]!.AsArray();
            foreach (JsonNode? mine in references.Where(r => r?["uid"]?.GetValue<string>() == owner.Uid).ToList())
            {
                references.Remove(mine);
            }

            await WriteAsync(cluster, informer, body, cancellationToken).ConfigureAwait(false);
        }

        if (!owner.IsDeleting)
        {
            List<KubeObject> orphans = [.. informer.InNamespace(ClusterName.Root, owner.Namespace).Where(o => IsOrphanOf(owner, selector, o))];
            foreach (KubeObject orphan in orphans.Count > 0 && await IsThereAsync(cluster, owners, owner, cancellationToken).ConfigureAwait(false) ? orphans : [])
            {
                JsonObject body = orphan.ToJsonObject();
                JsonArray references = body.Metadata["ownerReferences"] as JsonArray ?? [];
                JsonNode mine = ObjectViews.OwnedBy(owner)[0]!.DeepClone();
                references.Add(mine);
                body.Metadata["ownerReferences"] = references.DeepClone();
                await WriteAsync(cluster, informer, body, cancellationToken).ConfigureAwait(false);
            }
        }

        return SimulatedCluster.OwnedBy(informer, owner);
    }

    /// <summary>Nobody controls it, and the owner would take it.</summary>
    public static bool IsOrphanOf(KubeObject owner, KubeObject found) => IsOrphanOf(owner, owner.SelectorAt("spec", "selector"), found);

    private static bool IsOrphanOf(KubeObject owner, LabelSelector selector, KubeObject found) =>
        found.ControllerReference is null && !found.IsDeleting && !found.IsFinishedPod && found.Namespace == owner.Namespace
        && !selector.IsEverything && selector.Matches(found.Labels);

    /// <summary>
    /// Asked of the server, as upstream's <c>RecheckDeletionTimestamp</c> does: an owner that is deleted with <c>--cascade=orphan</c> lets go of what it has, and that may be
    /// known here before the deletion is. What it took back then would go with it.
    /// </summary>
    private static async Task<bool> IsThereAsync(SimulatedCluster cluster, Informer owners, KubeObject owner, CancellationToken cancellationToken) =>
        await cluster.Client.FindAsync(owners.Resource, owner.Namespace, owner.Name, cancellationToken).ConfigureAwait(false) is { IsDeleting: false } present && present.Uid == owner.Uid;

    private static async Task WriteAsync(SimulatedCluster cluster, Informer informer, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            await cluster.UpdateAsync(informer, body, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone meanwhile; the informer will say so.
        }
    }
}
