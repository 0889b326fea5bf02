using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Brings the cluster to what one Work says, and the Work's status to what the cluster says. A Work that is gone leaves nothing behind.
/// </summary>
internal sealed class WorkReconciler(SatelliteContext context, AppliedObjects applied, NamespaceKeeper namespaces, DriftEvents drifts, Removals removals, ILogger logger) : IReconciler<string>
{
    private readonly AppliedMemory memory = new(context);
    private readonly Trials trials = new(context, namespaces);
    private readonly HostClaims hosts = new(context);
    private readonly DriftPace pace = new(context.Time);
    private readonly WorkAttempts attempts = new(context, applied, logger);
    private readonly WorkReports reports = new(context);

    /// <summary>When to try again what somebody else must clear up first.</summary>
    private static readonly TimeSpan RefusedLook = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan TerminatingLook = TimeSpan.FromMilliseconds(500);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        KubeObject? work = context.Work(key);
        if (work is null || work.IsDeleting)
        {
            pace.Forget(key);
            if (!memory.Forget(key) && Planted.Fault == PlantedFault.PrunesOnlyWhatItRemembers) return ReconcileResult.Done;
            return await attempts.RemovingAsync(
                key,
                async () => await removals.PruneAsync(key, keep: null, cancellationToken).ConfigureAwait(false) ?? removals.TellWaiting(key),
                refusal => removals.TellRefused(key, refusal)).ConfigureAwait(false);
        }

        if (!Manifest.IsIn(work))
        {
            return await TryOnlyAsync(work, cancellationToken).ConfigureAwait(false);
        }

        if (memory.IsSettled(work) && Trials.IsAccepted(work))
        {
            return ReconcileResult.Done;
        }

        if (attempts.Held(work) is { } held)
        {
            if (held.Outcome is not null || held.Trial is not null)
            {
                await reports.SendAsync(work, held.Outcome, held.Trial, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.After(held.Left);
        }

        ApplyOutcome outcome = (await attempts.TryAsync(
            work,
            async () => Withdrawal.Of(work) is { } withdrawal
                ? await WithdrawAsync(work, withdrawal, cancellationToken).ConfigureAwait(false)
                : await ApplyAsync(work, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false))!;
        ApplyOutcome? trial = await attempts.TryAsync(work, () => trials.TryAsync(work, cancellationToken)).ConfigureAwait(false);
        KubeObject reported = await reports.SendAsync(work, outcome, trial, cancellationToken).ConfigureAwait(false);
        memory.Settle(work, reported, outcome);
        if (attempts.Again(work, outcome, trial) is { } wait)
        {
            return ReconcileResult.After(wait);
        }

        return trial is { IsApplied: false } ? ReconcileResult.After(Again(trial))
            : outcome.IsApplied || outcome.Reason is Withdrawal.Kept or Withdrawal.Orphaned ? ReconcileResult.Done
            : ReconcileResult.After(Again(outcome));
    }

    /// <summary>The cluster has come right again, or lets its satellite do more: what it refused is tried now, all of it.</summary>
    public void Recovered() => attempts.Release();

    /// <summary>What stood in the way of a Work is there now.</summary>
    public void Recovered(string work) => attempts.Release(work);

    /// <summary>Nothing of it is to be in force yet.</summary>
    private async Task<ReconcileResult> TryOnlyAsync(KubeObject work, CancellationToken cancellationToken)
    {
        memory.Forget(work.Name);
        if (Trials.IsAccepted(work))
        {
            return ReconcileResult.Done;
        }

        if (attempts.Held(work) is { } held)
        {
            return ReconcileResult.After(held.Left);
        }

        ApplyOutcome? trial = await attempts.TryAsync(work, () => trials.TryAsync(work, cancellationToken)).ConfigureAwait(false);
        await reports.SendAsync(work, null, trial, cancellationToken).ConfigureAwait(false);
        if (attempts.Again(work, null, trial) is { } wait)
        {
            return ReconcileResult.After(wait);
        }

        return trial is { IsApplied: false } ? ReconcileResult.After(Again(trial)) : ReconcileResult.Done;
    }

    private static TimeSpan Again(ApplyOutcome refused) => refused.Reason is "Terminating" or "NamespaceTerminating" ? TerminatingLook : RefusedLook;

    /// <summary>Leaves the object alone, or takes it away from what it made.</summary>
    private async Task<ApplyOutcome> WithdrawAsync(KubeObject work, string withdrawal, CancellationToken cancellationToken)
    {
        memory.Forget(work.Name);
        (GroupVersionResource resource, KubeObject live) = applied.Of(work.Name).FirstOrDefault();
        if (withdrawal == Withdrawal.Keep)
        {
            return ApplyOutcome.Refused(Withdrawal.Kept, "withdrawn from here; the object is kept as it is until its source is deleted", live);
        }

        if (live is null)
        {
            return ApplyOutcome.Refused(Withdrawal.Orphaned, "the object has gone and what it made was left");
        }

        if (!live.IsDeleting)
        {
            if (context.IsByCopy)
            {
                return ApplyOutcome.Refused("Terminating", "the object is deleted once the control plane is back", live);
            }

            if (context.Actions.Denies(resource, live.Kind, live.Namespace, live.Name) is { } denial)
            {
                return ApplyOutcome.Denied(denial, live);
            }

            await removals.DeleteAsync(resource, live, work.Name, cancellationToken, "Orphan").ConfigureAwait(false);
            Log.Orphaned(logger, work.Name, live.Kind, live.Namespace, live.Name);
        }

        return ApplyOutcome.Refused("Terminating", "the object is being deleted and what it made is left", live);
    }

    private async Task<ApplyOutcome> ApplyAsync(KubeObject work, CancellationToken cancellationToken)
    {
        // 1. What is asked for, and whether the cluster knows such a kind.
        Manifest manifest;
        try
        {
            manifest = Manifest.Of(work);
        }
        catch (TerminalException e)
        {
            return ApplyOutcome.Refused("InvalidManifest", e.Message);
        }

        if (MappedNamespace.OfWork(work) is not { } owner)
        {
            return ApplyOutcome.Refused("InvalidSource", "the Work does not say which virtual cluster and tenant, or which installation, it is of");
        }

        Tenancy? tenancy = owner.IsVendors ? null : context.Tenancies.Of(owner.Tenant);
        if (tenancy is null && !owner.IsVendors)
        {
            // It comes by a watch of its own and wakes this Work: nothing of a tenant runs before it is held apart.
            return ApplyOutcome.Refused("NoTenancy", $"this data plane has not been told yet how tenant {owner.Tenant} is held apart");
        }

        (ApiResource? served, ApplyOutcome? unfit) = await trials.FindAsync(manifest, owner, tenancy, cancellationToken).ConfigureAwait(false);
        if (served is null)
        {
            return unfit!;
        }

        manifest = manifest.For(served);

        // 2. What of this Work is elsewhere goes (its mapping changed).
        await removals.PruneAsync(manifest.WorkName, (served.Resource, manifest.Namespace, manifest.Name), cancellationToken).ConfigureAwait(false);

        // 3. What is there, and whether it is ours.
        Informer informer = await applied.ForAsync(served.Resource, cancellationToken).ConfigureAwait(false);
        KubeObject? live = informer.Get(ClusterName.Root, manifest.Namespace, manifest.Name);
        string? leftOut = null;
        if (tenancy is not null)
        {
            if (tenancy.Suspended && manifest.Kind.Kind == "Pod")
            {
                // Nothing in it says that it is to wait: it is made anew.
                await removals.PruneAsync(manifest.WorkName, keep: null, cancellationToken).ConfigureAwait(false);
                return ApplyOutcome.Refused("Suspended", $"tenant {owner.Tenant} is suspended");
            }

            WorkShape.Apply(manifest.Json, tenancy, live);
            if (owner.Installation is null)
            {
                TrafficBounds.Hold(manifest.Json, tenancy);
                leftOut = PriorityBounds.Hold(manifest.Json, tenancy, live);
                if (IngressBounds.IsIngress(manifest.Json) && IngressBounds.Hold(manifest.Json, tenancy) is { } beyond)
                {
                    return ApplyOutcome.Refused("NotAllowed", beyond, live);
                }
            }
        }

        if (live?.NumberAt("spec", "replicas") is { } scaled && tenancy?.Suspended != true && applied.IsScaled(manifest))
        {
            // How many there are is for the autoscaler there to say: what it last said is what is applied.
            manifest.Json["spec"]!["replicas"] = scaled;
        }

        string digest = Drift.Digest(manifest.Json);
        if (WorkHandling.Of(work).ReportsDrift)
        {
            // By which it is known, also after a restart, that what differs is not what is wanted anew.
            manifest.Json.Metadata.ObjectAt("annotations")[OrreryNames.AppliedAnnotation] = digest;
        }

        if (live is not null && manifest.Marks(live) && memory.IsInForce(manifest, digest, live))
        {
            return ApplyOutcome.InForce(live);
        }

        WorkHandling handling = WorkHandling.Of(work);
        DriftFound? drift = DriftFound.Of(manifest, digest, live, memory.DigestOf(manifest.WorkName));
        if (handling.ReportsDrift && drift is { IsGone: false })
        {
            if (memory.DigestOf(manifest.WorkName).Length == 0 && await trials.IsAsApplyingLeavesItAsync(manifest, served.Resource, live!, cancellationToken).ConfigureAwait(false))
            {
                // Applied by a process before this one, and written otherwise by the cluster itself.
                memory.Keep(manifest.WorkName, digest, Drift.Fingerprint(manifest.Json, live!.Json), live.Uid, informer);
                return ApplyOutcome.InForce(live);
            }

            drifts.Report(live!, drift);
            memory.Keep(manifest.WorkName, digest, "", live!.Uid, informer);
            return ApplyOutcome.Drifted(drift.Message, live);
        }

        if (drift is not null && pace.MustWait(manifest.WorkName))
        {
            if (live is not null)
            {
                drifts.Contested(live, drift);
            }

            return ApplyOutcome.Refused("Contested", $"{drift.Message}, and so again and again: somebody else wants it otherwise; it is put back every {DriftPace.Interval.TotalSeconds:0} s only", live);
        }

        if (context.Actions.Denies(served.Resource, manifest.Json) is { } denial)
        {
            return ApplyOutcome.Denied(denial, live);
        }

        if (served.IsNamespaced && await namespaces.EnsureAsync(manifest.Namespace, owner, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        if (live is null || !manifest.Marks(live))
        {
            try
            {
                live = await context.Cluster.FindAsync(served.Resource, manifest.Namespace, manifest.Name, cancellationToken).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.Code == 403)
            {
                return ApplyOutcome.RefusedThere(e.Reason, e.Message);
            }

            if (live is not null && !(handling.Adopts && AppliedObjects.MarkOf(live).Length == 0 && !HoldsApart(manifest, owner)) && !manifest.Marks(live) && !memory.IsMade(manifest, live) && !owner.IsNamespaceOf(live) && !Ownership.IsAppliedByUs(live, w => context.Work(w) is not null))
            {
                return await IsGoneAsync(AppliedObjects.MarkOf(live), cancellationToken).ConfigureAwait(false)
                    ? ApplyOutcome.Refused("Terminating", "what another Work made under this name is still being removed", live)
                    : ApplyOutcome.Refused("NotOurs", $"{manifest.Kind.Kind} {manifest.Namespace}/{manifest.Name} exists and was not made by Orrery; it is left as it is");
            }
        }

        if (live is not null && !manifest.Marks(live) && Trials.IsMadeAnew(manifest) && AppliedObjects.MarkOf(live).Length > 0)
        {
            // A run of a Work that is gone: it goes before this one's own may begin.
            return ApplyOutcome.Refused("Terminating", "an earlier run of this name is still being removed", live);
        }

        if (live is { IsDeleting: true })
        {
            string[] waiting = [.. live.Finalizers];
            return ApplyOutcome.Refused(
                "Terminating", "an object of this name is still being deleted" + (waiting.Length > 0 ? $", and waits for its finalizers: {string.Join(", ", waiting)}" : ""), live);
        }

        // 4. Apply. What is ours is taken back from whoever changed it; a new object takes nothing from anybody.
        Task<ApplyOutcome> BringAboutAsync() => ApplyAsync(manifest, served.Resource, informer, live, digest, handling, cancellationToken);
        ApplyOutcome outcome = await (tenancy is not null && IngressBounds.IsIngress(manifest.Json)
            ? hosts.ClaimAsync(manifest, served.Resource, owner.Tenant, live, BringAboutAsync, cancellationToken) : BringAboutAsync()).ConfigureAwait(false);
        if (leftOut is not null && outcome.IsApplied)
        {
            context.ClusterEvents.Warning(outcome.Live!, "PriorityClassLeftOut", $"PriorityClass \"{leftOut}\" is none that the tenant's pods may have here");
        }

        if (drift is not null && outcome.IsApplied && (drift.IsGone || Drift.Fingerprint(manifest.Json, outcome.Live!.Json) != Drift.Fingerprint(manifest.Json, live!.Json)))
        {
            pace.PutBack(manifest.WorkName);
            drifts.PutBack(outcome.Live!, drift);
        }

        if (outcome.IsApplied && ResourcePolicy.Keeps(outcome.Live!))
        {
            await ResourcePolicy.MarkNamespaceAsync(context, outcome.Live!, logger, cancellationToken).ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>A policy that its tenant did not make was put there by the cluster's owner, to hold what is in that namespace: no tenant's to take over.</summary>
    private static bool HoldsApart(Manifest manifest, MappedNamespace owner) => !owner.IsVendors && manifest.Kind is { Group: "networking.k8s.io", Kind: "NetworkPolicy" };

    private async Task<ApplyOutcome> ApplyAsync(
        Manifest manifest, GroupVersionResource resource, Informer informer, KubeObject? live, string digest, WorkHandling handling, CancellationToken cancellationToken)
    {
        try
        {
            KubeObject made = await TakeAsync(manifest, resource, force: live is not null && (handling.TakesOver || !manifest.Marks(live)), cancellationToken).ConfigureAwait(false);
            memory.Keep(manifest.WorkName, digest, Drift.Fingerprint(manifest.Json, made.Json), made.Uid, informer);
            informer.Observe(made);
            Log.Applied(logger, manifest.WorkName, manifest.Kind.Kind, manifest.Namespace, manifest.Name);
            return ApplyOutcome.InForce(made);
        }
        catch (StatusException e) when (e.Reason == StatusReason.Invalid && live is not null && (handling.Recreates || Trials.IsMadeAnew(manifest)))
        {
            // A job's template cannot change; a changed job is another run. What would not be taken anew either (a policy forbids it, or it is not valid at all) must not cost the one that is there.
            if (await trials.TryAnewAsync(manifest, resource, cancellationToken).ConfigureAwait(false) is { IsApplied: false } neither)
            {
                Log.Refused(logger, manifest.WorkName, neither.Reason, neither.Message);
                return ApplyOutcome.RefusedThere(neither.Reason, $"it is not made anew, as that would be refused too: {neither.Message}", live);
            }

            await removals.DeleteAsync(resource, live, manifest.WorkName, cancellationToken).ConfigureAwait(false);
            return ApplyOutcome.Refused("Terminating", $"the {manifest.Kind.Kind.ToLowerInvariant()} is made anew, as what changed cannot be changed in place", live);
        }
        catch (StatusException e) when (ApplyConflicts.IsVerdict(e))
        {
            Log.Refused(logger, manifest.WorkName, e.Reason, e.Message);
            return ApplyOutcome.RefusedThere(e.Reason, e.Message, live);
        }
    }

    /// <summary>
    /// Whether a Work that is known here has gone in truth. The answer to a report tells of this Work what the watch has not told of the others yet, and a
    /// verdict that is taken back is too late for a hook.
    /// </summary>
    private async Task<bool> IsGoneAsync(string work, CancellationToken cancellationToken) =>
        work.Length > 0 && !context.IsByCopy && context.Work(work) is not null
        && await context.ControlPlane.FindAsync(OrreryResources.Works, context.Namespace, work, cancellationToken).ConfigureAwait(false) is not { IsDeleting: false };

    /// <summary>Applies it. Fields that somebody changed by hand are taken back; those that somebody else applies too are not, unless <paramref name="force"/> says so.</summary>
    /// <exception cref="StatusException">409: who else applies which fields.</exception>
    private async Task<KubeObject> TakeAsync(Manifest manifest, GroupVersionResource resource, bool force, CancellationToken cancellationToken)
    {
        string cause = "Work " + manifest.WorkName;
        try
        {
            return await context.Actions.ApplyAsync(resource, manifest.Json, force, cause, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (!force && ApplyConflicts.IsConflict(e))
        {
            KubeObject? live = await context.Cluster.FindAsync(resource, manifest.Namespace, manifest.Name, cancellationToken).ConfigureAwait(false);
            if (live is not null && manifest.Marks(live) && ApplyConflicts.HeldByAppliers(e.Status, live) is not { Count: > 0 })
            {
                return await context.Actions.ApplyAsync(resource, manifest.Json, force: true, cause, cancellationToken).ConfigureAwait(false);
            }

            string held = live is null ? e.Message : string.Join(", ", ApplyConflicts.HeldByAppliers(e.Status, live) is { Count: > 0 } some ? some : [e.Message]);
            if (live is not null)
            {
                drifts.Conflict(live, held);
            }

            throw ApiErrors.ApplyConflict($"somebody else applies fields of it: {held}; leave them out, or take them over by the annotation {WorkHandling.ConflictsAnnotation}: TakeOver", e.Status.Details?.Causes ?? []);
        }
    }
}
