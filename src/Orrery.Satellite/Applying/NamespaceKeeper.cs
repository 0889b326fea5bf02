using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Makes the namespaces that Works go into, and refuses those that are somebody else's.</summary>
internal sealed class NamespaceKeeper(SatelliteContext context)
{
    /// <returns>Null when the namespace is there and the owner's; otherwise why nothing may be applied in it.</returns>
    public async Task<ApplyOutcome?> EnsureAsync(string name, MappedNamespace owner, CancellationToken cancellationToken)
    {
        KubeObject? ns = context.Namespaces.Get(ClusterName.Root, "", name)
            ?? await context.Cluster.FindAsync(ClusterResources.Namespaces, "", name, cancellationToken).ConfigureAwait(false);
        if (ns is null)
        {
            ns = await context.Cluster.CreateAsync(ClusterResources.Namespaces, "", owner.ToJson(name), cancellationToken).ConfigureAwait(false);
            context.Namespaces.Observe(ns);
            return null;
        }

        if (MappedNamespace.Of(ns) is null && ns.Annotations.GetValueOrDefault(OrreryNames.ClusterAnnotation) == owner.Cluster.ToString())
        {
            // Ours, with its labels removed by hand: without them it would not be seen again.
            var labels = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = owner.ToJson(name).Metadata["labels"]!.DeepClone() } };
            ns = await context.Cluster.PatchAsync(ClusterResources.Namespaces, "", name, PatchKind.Merge, labels, cancellationToken).ConfigureAwait(false);
            context.Namespaces.Observe(ns);
        }

        if (MappedNamespace.Of(ns) is not { } holder)
        {
            return ApplyOutcome.Refused("NotOurs", $"namespace {name} exists and is not managed by Orrery");
        }

        if (holder != owner)
        {
            return ApplyOutcome.Refused("NotOurs", $"namespace {name} belongs to {holder}");
        }

        return ns.IsDeleting ? ApplyOutcome.Refused("NamespaceTerminating", $"namespace {name} is being deleted") : null;
    }
}
