using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Observing;

/// <summary>One object of the cluster that tenants see.</summary>
/// <param name="Kind"><c>Pod</c>, <c>Node</c> or <c>Event</c>.</param>
/// <param name="Namespace">In this cluster; empty for a node.</param>
internal readonly record struct ObservedKey(string Kind, string Namespace, string Name);

/// <summary>Keeps the Observation of one pod, node or event as the object is, and removes it with the object.</summary>
internal sealed class ObservationReconciler(SatelliteContext context, IReadOnlyDictionary<string, Informer> watched, Informer observations)
    : IReconciler<ObservedKey>
{
    public async Task<ReconcileResult> ReconcileAsync(ObservedKey key, CancellationToken cancellationToken)
    {
        KubeObject? live = watched[key.Kind].Get(ClusterName.Root, key.Namespace, key.Name);
        MappedNamespace? owner = key.Namespace.Length > 0 && context.Namespaces.Get(ClusterName.Root, "", key.Namespace) is { } ns ? MappedNamespace.Of(ns) : null;
        KubeObject? present = observations.Get(ClusterName.Root, context.Namespace, ObservationBuilder.Name(key.Kind, key.Namespace, key.Name));
        if (live is null || (owner is null && key.Kind != "Node"))
        {
            if (present is not null)
            {
                await DeleteAsync(present, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.Done;
        }

        JsonObject wanted = ObservationBuilder.Build(live, key.Kind, owner, context.Namespace);
        if (present is null)
        {
            observations.Observe(await context.ControlPlane.CreateAsync(
                OrreryResources.Observations, context.Namespace, wanted, cancellationToken).ConfigureAwait(false));
        }
        else if (!JsonComparison.IsSame(present.At("spec"), wanted["spec"]))
        {
            var patch = new JsonArray(
                new JsonObject { ["op"] = "add", ["path"] = "/metadata/labels", ["value"] = wanted.Metadata["labels"]!.DeepClone() },
                new JsonObject { ["op"] = "add", ["path"] = "/spec", ["value"] = wanted["spec"]!.DeepClone() });
            observations.Observe(await context.ControlPlane.PatchAsync(
                OrreryResources.Observations, context.Namespace, present.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false));
        }

        return ReconcileResult.Done;
    }

    private async Task DeleteAsync(KubeObject present, CancellationToken cancellationToken)
    {
        try
        {
            await context.ControlPlane.DeleteAsync(OrreryResources.Observations, context.Namespace, present.Name, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }
}
