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
    /// <returns>What the owner controls after that, oldest first.</returns>
    public static async Task<List<KubeObject>> ClaimAsync(SimulatedCluster cluster, Informer informer, KubeObject owner, CancellationToken cancellationToken)
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
            foreach (KubeObject orphan in informer.InNamespace(ClusterName.Root, owner.Namespace).Where(o => IsOrphanOf(owner, selector, o)))
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
