using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Placement;

/// <summary>
/// Brings the Works of one object of a virtual cluster to what its placement says: makes, changes and removes them. An object that is
/// gone has no Works, so the same steps clean up behind it.
/// </summary>
internal sealed class PlacementReconciler(
    KubeClient root,
    FleetDirectory fleet,
    TenancyDirectory tenancy,
    WorkDirectory works,
    ObjectPlacements placements,
    Moves moves,
    NamespaceIncarnations incarnations,
    EventRecorder events,
    WithdrawalRules withdrawals,
    LeftRevisions revisions,
    ILogger logger) : IReconciler<SourceKey>
{
    /// <summary>An object may be seen before its namespace, or before it is told that its namespace was made anew, as each is watched apart.</summary>
    private static readonly TimeSpan NamespaceLook = TimeSpan.FromMilliseconds(100);

    /// <summary>What was last said about an object's unknown names, so that it is said once and not at each look.</summary>
    private readonly ConcurrentDictionary<SourceKey, string> warned = new();

    public async Task<ReconcileResult> ReconcileAsync(SourceKey key, CancellationToken cancellationToken)
    {
        // 1. What is wanted.
        ObjectPlacement placement = placements.Of(key);
        (_, KubeObject? source, TenantCluster? owner, PlaceableKind? kind, bool placed, Resolution resolution, IReadOnlyDictionary<string, KubeObject> existing, List<DataPlane> targets) = placement;
        string? incarnation = !placed ? null
            : targets.Exists(t => !t.Paused) ? await incarnations.UidOfAsync(source!, existing.Values, cancellationToken).ConfigureAwait(false)
            : incarnations.Known(source!);
        if (placed && incarnation is null)
        {
            return ReconcileResult.After(NamespaceLook);
        }

        // 2. Works that are missing or say something else.
        IReadOnlyDictionary<string, int>? shares = placed && owner!.Placement.Divides && kind!.HasReplicas
            ? ReplicaDivision.Divide((int)(source!.NumberAt("spec", "replicas") ?? 1), targets.Select(t => t.Name), owner.Placement.Weights)
            : null;
        List<Task> writes = [];
        List<string> entered = [];
        foreach (DataPlane target in targets.Where(t => !t.Paused))
        {
            JsonObject wanted = WorkBuilder.Build(source!, kind!, owner!.Tenant.Name, new Incarnation(owner.Uid, incarnation!), target, shares?[target.Name]);
            KubeObject? work = existing.GetValueOrDefault(target.Name);
            if (work is not null && Withdrawal.Of(work) == Withdrawal.Orphan)
            {
                // What the former of this name made is let go of first; then this one may take it over.
                writes.Add(WithdrawalRules.IsDone(work) ? DeleteAsync(work, key, cancellationToken) : Task.CompletedTask);
            }
            else if (work is null)
            {
                entered.Add(target.Name);
                writes.Add(CreateAsync(target, wanted, key, cancellationToken));
            }
            else if (!WorkBuilder.IsUpToDate(work, wanted))
            {
                writes.Add(ReplaceAsync(work, wanted, key, cancellationToken));
            }
        }

        // 3. Works where the object is no longer wanted, and runs elsewhere by now, or was waited for long enough.
        List<string> left = [];
        List<string> staying = [];
        TimeSpan look = Timeout.InfiniteTimeSpan;
        foreach ((string dataPlane, KubeObject work) in existing)
        {
            if (placement.IsWantedOn(dataPlane) || (Planted.Fault == PlantedFault.PlacementLeavesFormerWorks && source is not null))
            {
                continue;
            }

            if (fleet.Current.DataPlane(dataPlane) is { Deleting: false } place)
            {
                if (place.Paused)
                {
                    continue;
                }

                TimeSpan stay = moves.Stay(placement, place);
                if (stay != TimeSpan.Zero)
                {
                    staying.Add(dataPlane);
                    look = look == Timeout.InfiniteTimeSpan || (stay != Timeout.InfiniteTimeSpan && stay < look) ? stay : look;
                    continue;
                }
            }

            if (Withdrawal.Of(work) is null)
            {
                left.Add(dataPlane);
            }

            string? said = IsTakenOver(source, dataPlane) ? Withdrawal.Release
                : withdrawals.Of(key, source, tenancy.Has(key.Object.Cluster), incarnations.IsOpen(key.Object), fleet.Current.DataPlane(dataPlane), work);
            writes.Add(said is { } withdrawal && !WithdrawalRules.IsDone(work)
                ? WithdrawAsync(work, withdrawal, withdrawal == Withdrawal.Remove ? source?.NumberAt("metadata", "deletionGracePeriodSeconds") : null, key, cancellationToken)
                : DeleteAsync(work, key, cancellationToken));
        }

        await Task.WhenAll(writes).ConfigureAwait(false);
        if (source is not null && kind is not null && WithdrawalRules.IsHeld(source))
        {
            // The Works say by now what becomes of what it made.
            if (kind.Kind == "Deployment" && PlacementRules.WasPlaced(source) && owner is not null
                && !await revisions.PlaceAsync(source, owner.Placement.Divides, cancellationToken).ConfigureAwait(false))
            {
                return ReconcileResult.After(NamespaceLook);
            }

            await ReleaseAsync(source, kind, cancellationToken).ConfigureAwait(false);
        }

        if (existing.Count == 0 && PlacementRules.IsLeaving(source))
        {
            await EndAsync(source, cancellationToken).ConfigureAwait(false);
        }

        if (source is null && existing.Count == 0)
        {
            withdrawals.Forget(key);
        }

        bool isMoving = moves.Note(key, staying.Count > 0) && staying.Count > 0;
        Tell(placement, entered, left, isMoving ? staying : []);
        if (isMoving)
        {
            // Reports of satellites wake it from here on: one that came since the first step has not.
            return ReconcileResult.After(TimeSpan.Zero);
        }

        return look == Timeout.InfiniteTimeSpan ? ReconcileResult.Done : ReconcileResult.After(look + TimeSpan.FromMilliseconds(1));
    }

    /// <summary>Whether a Deployment has taken over the ReplicaSet that another had left, and does so in this data plane too.</summary>
    private bool IsTakenOver(KubeObject? source, string dataPlane) =>
        source is { IsDeleting: false, Kind: "ReplicaSet" } && source.Annotations.ContainsKey(OrreryNames.RevisionAnnotation) && RevisionKinds.OwnerName(source, "Deployment") is { } deployment
        && placements.Of(new SourceKey(RevisionKinds.Deployment, ObjectKey.Of(source) with { Name = deployment })).IsWantedOn(dataPlane);

    private async Task CreateAsync(DataPlane target, JsonObject wanted, SourceKey key, CancellationToken cancellationToken)
    {
        KubeObject made;
        try
        {
            made = await root.CreateAsync(OrreryResources.Works, target.Namespace, wanted, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            if (await root.FindAsync(OrreryResources.Works, target.Namespace, wanted.Name, cancellationToken).ConfigureAwait(false) is not { } holder
                || SourceReference.Of(holder) is not { } other || other.Identity == key.Identity)
            {
                throw;
            }

            // Another object's, perhaps another tenant's. Works are found by what they were made from, not by their names.
            wanted.Metadata["name"] = SourceReference.Of(KubeObject.From(wanted))!.ObjectName(isTaken: true);
            made = await root.CreateAsync(OrreryResources.Works, target.Namespace, wanted, cancellationToken).ConfigureAwait(false);
        }

        works.Informer.Observe(made);
        Log.WorkWritten(logger, key.ToString(), target.Name);
    }

    private async Task ReplaceAsync(KubeObject work, JsonObject wanted, SourceKey key, CancellationToken cancellationToken)
    {
        KubeObject made = await root.PatchAsync(
            OrreryResources.Works, work.Namespace, work.Name, PatchKind.Json, WorkBuilder.Replacement(work, wanted), cancellationToken).ConfigureAwait(false);
        works.Informer.Observe(made);
        Log.WorkWritten(logger, key.ToString(), WorkDirectory.DataPlaneOf(work));
    }

    private async Task WithdrawAsync(KubeObject work, string withdrawal, long? grace, SourceKey key, CancellationToken cancellationToken)
    {
        if (Withdrawal.Of(work) == withdrawal && Withdrawal.GraceOf(work) == grace)
        {
            return;
        }

        works.Informer.Observe(await root.PatchAsync(
            OrreryResources.Works, work.Namespace, work.Name, PatchKind.Json, WorkBuilder.Withdrawn(work, withdrawal, grace), cancellationToken).ConfigureAwait(false));
        Log.WorkWithdrawn(logger, key.ToString(), WorkDirectory.DataPlaneOf(work), withdrawal);
    }

    private async Task ReleaseAsync(KubeObject source, PlaceableKind kind, CancellationToken cancellationToken)
    {
        try
        {
            await root.InCluster(source.Cluster).PatchAsync(
                kind.Resource, source.Namespace, source.Name, PatchKind.Json, WithdrawalRules.Release(source), cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound || e.Reason == StatusReason.Invalid)
        {
            // Gone, or let go of by a server that does so itself.
        }
    }

    /// <summary>It has gone wherever it ran: what a kubelet would say of a pod of its own.</summary>
    private async Task EndAsync(KubeObject pod, CancellationToken cancellationToken)
    {
        try
        {
            await root.InCluster(pod.Cluster).DeleteAsync(
                CoreResources.Pods, pod.Namespace, pod.Name, new DeleteQuery { Uid = pod.Uid, GracePeriodSeconds = 0 }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, and perhaps another is there by now.
        }
    }

    private async Task DeleteAsync(KubeObject work, SourceKey key, CancellationToken cancellationToken)
    {
        try
        {
            await root.DeleteAsync(OrreryResources.Works, work.Namespace, work.Name, new DeleteQuery { Uid = work.Uid }, cancellationToken).ConfigureAwait(false);
            Log.WorkDeleted(logger, key.ToString(), WorkDirectory.DataPlaneOf(work));
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    private void Tell(ObjectPlacement placement, List<string> entered, List<string> left, List<string> staying)
    {
        (SourceKey key, KubeObject? source, _, PlaceableKind? kind, _, Resolution resolution, _, _) = placement;
        if (source is null || source.IsDeleting)
        {
            warned.TryRemove(key, out _);
            return;
        }

        if (kind is { HasStatus: true } && entered.Count > 0)
        {
            events.Normal(source, "Placed", $"Placed on {string.Join(", ", entered)}");
        }

        // What is there for pods goes when they go, and is not what is waited for.
        string[] coming = PlaceableKinds.Workloads.Contains(key.Kind) && staying.Count + left.Count > 0 ? [.. placement.Coming.Select(t => t.Name)] : [];
        if (coming.Length > 0 && staying.Count > 0)
        {
            events.Normal(source, "Moving", $"Stays on {string.Join(", ", staying.Order(StringComparer.Ordinal))} until it runs on {string.Join(", ", coming)}");
        }

        if (coming.Length > 0 && left.Count > 0 && placement.Owner is { Placement.Move.StartsFirst: true })
        {
            events.Warning(source, "Withdrawn", $"Withdrawn from {string.Join(", ", left.Order(StringComparer.Ordinal))} although it does not run on {string.Join(", ", coming)} yet");
        }
        else if (kind is { HasStatus: true } && left.Count > 0)
        {
            events.Normal(source, "Withdrawn", $"Withdrawn from {string.Join(", ", left.Order(StringComparer.Ordinal))}");
        }

        string unknown = string.Join(", ", resolution.Unknown);
        bool staysHome = PlaceableKinds.Workloads.Contains(key.Kind) && placement.Owner is { Placement.IsEmpty: false } && PlacementRules.StaysHome(source);
        string warning = unknown.Length > 0 ? $"There is no {unknown}; what runs already stays where it is"
            : staysHome ? $"Nothing in namespace {source.Namespace} runs in data planes: namespaces that begin with kube- are those of the cluster itself" : "";
        if (warning.Length == 0)
        {
            warned.TryRemove(key, out _);
        }
        else if (!warned.TryGetValue(key, out string? last) || last != warning)
        {
            warned[key] = warning;
            events.Warning(source, staysHome ? "NotPlaced" : "UnknownPlacement", warning);
        }
    }
}
