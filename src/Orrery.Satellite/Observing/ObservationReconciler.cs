using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Observing;

/// <summary>One object of the cluster that tenants see.</summary>
/// <param name="Kind">One of <see cref="ObservationBuilder.Kinds"/>.</param>
/// <param name="Namespace">In this cluster; empty for a node or a namespace.</param>
internal readonly record struct ObservedKey(string Kind, string Namespace, string Name);

/// <summary>Keeps the Observation of one object of the cluster as the object is, and removes it with the object.</summary>
internal sealed class ObservationReconciler(SatelliteContext context, IReadOnlyDictionary<string, Informer> watched, Informer observations)
    : IReconciler<ObservedKey>
{
    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Observing");
    private readonly EventPace pace = new(context.Time);
    private readonly PodChanger changer = new(context, watched["Pod"], context.Options.Loggers.CreateLogger("Orrery.Satellite.Observing"));

    /// <summary>The heartbeat says once that the control plane does not let us in (any more); each object need not.</summary>
    private static readonly TimeSpan WhenShutOut = TimeSpan.FromSeconds(10);

    public async Task<ReconcileResult> ReconcileAsync(ObservedKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await ObserveAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Status.Reason == StatusReason.Forbidden)
        {
            return ReconcileResult.After(WhenShutOut);
        }
    }

    private async Task<ReconcileResult> ObserveAsync(ObservedKey key, CancellationToken cancellationToken)
    {
        if (context.NamespacesUnknown is not null)
        {
            // Whose it is cannot be told, and what was told of it before is no longer wrong for that.
            return ReconcileResult.After(WhenShutOut);
        }

        KubeObject? live = watched[key.Kind].Get(ClusterName.Root, key.Namespace, key.Name);
        MappedNamespace? owner = context.Namespaces.Get(ClusterName.Root, "", key.Kind == "Namespace" ? key.Name : key.Namespace) is { } ns ? context.Served.OwnerOf(ns) : null;
        KubeObject? present = observations.Get(ClusterName.Root, context.Namespace, ObservationBuilder.Name(key.Kind, key.Namespace, key.Name));
        if (live is null || (owner is null && key.Kind != "Node") || !ObservationBuilder.IsReported(live, key.Kind))
        {
            pace.Forget(key);
            if (live is null && present is not null && !watched[key.Kind].HasListed)
            {
                // Its cluster has not let us look since we began, as one does that begins itself: what stands is the last that is known.
                return ReconcileResult.After(WhenShutOut);
            }

            if (present is not null && Planted.Fault != PlantedFault.KeepsObservations)
            {
                await DeleteAsync(present, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.Done;
        }

        if (present is not null && key.Kind is not ("Node" or "Namespace") && DeletionRequest.Of(present, live) is { } request)
        {
            await DeleteRequestedAsync(key.Kind, live, request, cancellationToken).ConfigureAwait(false);
        }

        bool isHeld = false;
        if (present is not null && key.Kind == "Namespace" && !live.IsDeleting && present.Annotations.GetValueOrDefault(OrreryNames.PurgeRequestAnnotation) == live.Uid)
        {
            if (await NamespaceDeletion.DeleteAsync(context, live, owner!.ToString(), cancellationToken).ConfigureAwait(false))
            {
                Log.NamespacePurged(logger, live.Name, owner.ToString());
            }

            isHeld = await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false);
        }

        JsonObject wanted = ObservationBuilder.Build(live, key.Kind, owner, context.Namespace);
        bool differs = present is null || !JsonComparison.IsSame(present.At("spec"), wanted["spec"]);
        if (differs && key.Kind == "Event" && pace.Wait(owner!.Tenant, key) is { } wait)
        {
            return ReconcileResult.After(wait);
        }

        if (present is null)
        {
            observations.Observe(await context.ControlPlane.CreateAsync(
                OrreryResources.Observations, context.Namespace, wanted, cancellationToken).ConfigureAwait(false));
        }
        else if (differs)
        {
            var patch = new JsonArray(
                new JsonObject { ["op"] = "add", ["path"] = "/metadata/labels", ["value"] = wanted.Metadata["labels"]!.DeepClone() },
                new JsonObject { ["op"] = "add", ["path"] = "/spec", ["value"] = wanted["spec"]!.DeepClone() });
            observations.Observe(await context.ControlPlane.PatchAsync(
                OrreryResources.Observations, context.Namespace, present.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false));
        }

        if (present is not null && key.Kind == "Namespace" && !live.IsDeleting && !IsHeldBack(key, live) && NamespaceLabels.Patch(live, owner!, present, context.Served.Marks.Id) is { } labels)
        {
            context.Namespaces.Observe(await context.Actions.PatchAsync(ClusterResources.Namespaces, "Namespace", live.Name, labels, owner!.ToString(), cancellationToken).ConfigureAwait(false));
        }

        // What was done once is not done again: whoever changes it here afterwards is followed.
        if (present is not null && key.Kind == "Pod" && !live.IsDeleting && !IsHeldBack(key, live) && PodChanges.DoneOf(present) is null && PodChanges.Of(present) is { } changes && changes.Uid == live.Uid)
        {
            if (await changer.BringAboutAsync(live, changes, cancellationToken).ConfigureAwait(false) is { } again)
            {
                return ReconcileResult.After(again);
            }

            if (changes.LeftOf(live).IsEmpty)
            {
                await DoneAsync(present, cancellationToken).ConfigureAwait(false);
            }
        }

        return isHeld ? ReconcileResult.After(Offline.RestorationHold.Look) : ReconcileResult.Done;
    }

    /// <summary>Says that what is asked for of the pod is done, and shown: on the condition that it is still that.</summary>
    private async Task DoneAsync(KubeObject present, CancellationToken cancellationToken)
    {
        string asked = present.Annotations[PodChanges.Annotation];
        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/annotations/" + Escaped(PodChanges.Annotation), ["value"] = asked },
            new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations/" + Escaped(PodChanges.DoneAnnotation), ["value"] = PodChanges.DigestOf(asked) });
        observations.Observe(await context.ControlPlane.PatchAsync(OrreryResources.Observations, context.Namespace, present.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false));

        static string Escaped(string key) => key.Replace("/", "~1", StringComparison.Ordinal);
    }

    /// <summary>Whether the cluster's owner wants it kept, whatever its tenant wishes.</summary>
    private bool IsHeldBack(ObservedKey key, KubeObject live) =>
        context.Actions.Denies(ObservationBuilder.Kinds[key.Kind], key.Kind, live.Namespace, live.Name) is not null;

    private async Task DeleteRequestedAsync(string kind, KubeObject live, DeletionRequest request, CancellationToken cancellationToken)
    {
        const string Cause = "its tenant deleted it";
        if (context.Actions.Denies(ObservationBuilder.Kinds[kind], kind, live.Namespace, live.Name) is { } denial)
        {
            context.Actions.HeldBack("delete", ObservationBuilder.Kinds[kind], kind, live.Namespace, live.Name, Cause, denial);
            return;
        }

        try
        {
            await context.Actions.DeleteAsync(
                ObservationBuilder.Kinds[kind], live,
                new DeleteQuery { Uid = live.Uid, GracePeriodSeconds = kind == "Pod" ? request.GraceSeconds : null, PropagationPolicy = "Background" }, Cause, cancellationToken).ConfigureAwait(false);
            Log.DeletedOnRequest(logger, kind, live.Namespace, live.Name);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted. A conflict may be another of that name, or no more than a race: it is looked at again.
        }
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
