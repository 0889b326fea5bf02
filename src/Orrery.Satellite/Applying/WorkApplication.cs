using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Applies to the cluster what a Work wants in force there, and says what became of it.</summary>
/// <param name="memory">Of what was applied.</param>
internal sealed class WorkApplication(
    SatelliteContext context, AppliedObjects applied, AppliedMemory memory, Trials trials, NamespaceKeeper namespaces, DriftEvents drifts, DriftPace pace, Removals removals, LeftReplicaSets left,
    ILogger logger)
{
    private readonly HostClaims hosts = new(context);
    private readonly PodResize resize = new(context);

    /// <exception cref="StatusException">The cluster does not answer, or does not let its satellite.</exception>
    public async Task<ApplyOutcome> ApplyAsync(KubeObject work, CancellationToken cancellationToken)
    {
        // 1. What is asked for, and whether the cluster knows such a kind.
        (Wanted? read, ApplyOutcome? unfit) = await ReadAsync(work, cancellationToken).ConfigureAwait(false);
        if (read is not { } wanted)
        {
            return unfit!;
        }

        (KubeObject? taking, ApplyOutcome? controlled) = await left.FindAsync(wanted.Manifest, wanted.Resource, cancellationToken).ConfigureAwait(false);
        if (controlled is not null)
        {
            return controlled;
        }

        wanted = wanted with { Taking = taking?.Uid };

        // 2. What of this Work is elsewhere goes (its mapping changed).
        await removals.PruneAsync(wanted.Manifest.WorkName, (wanted.Resource, wanted.Manifest.Namespace, wanted.Manifest.Name), cancellationToken).ConfigureAwait(false);

        // 3. What is there, and how what is asked for must look beside it.
        Informer informer = await applied.ForAsync(wanted.Resource, cancellationToken).ConfigureAwait(false);
        if (informer is { HasListed: false, IsServed: true, Refusal: { } unseen })
        {
            // Nobody would see what becomes of it, nor that it is to go: it would seem to be deleted by hand, again and again.
            return ApplyOutcome.RefusedThere(StatusReason.Forbidden, $"what there is of its kind cannot be followed: {unseen}");
        }

        KubeObject? live = informer.Get(ClusterName.Root, wanted.Manifest.Namespace, wanted.Manifest.Name);
        (string? leftOut, ApplyOutcome? unallowed) = await ShapeAsync(wanted, live, cancellationToken).ConfigureAwait(false);
        if (unallowed is not null)
        {
            return unallowed;
        }

        if (live is null && memory.IsTaken(work))
        {
            return ApplyOutcome.Refused(TakenPod.Gone, "a controller here took the pod, as its selector matches, and the pod has gone since: it is not made again");
        }

        string digest = Drift.Digest(wanted.Manifest.Json);
        DriftFound? drift = DriftFound.Of(wanted.Manifest, digest, live, memory.DigestOf(wanted.Manifest.WorkName));
        if (live is not null && wanted.Manifest.Marks(live) && memory.IsInForce(wanted.Manifest, digest, live))
        {
            if (wanted.IsKnownBy(live, digest))
            {
                return ApplyOutcome.InForce(live);
            }

            // Its drift is only to be reported from now on: that is written onto it, and what the cluster makes of it is none.
            drift = null;
        }

        // 4. What somebody else made of it, where that stays.
        if (drift is not null && await LeftAsync(wanted, informer, live, digest, drift, cancellationToken).ConfigureAwait(false) is { } stays)
        {
            return stays;
        }

        // 5. Whether it may be there, and the object of its name is ours.
        if (await UnplacedAsync(wanted, live, cancellationToken).ConfigureAwait(false) is { } nowhere)
        {
            return nowhere;
        }

        (live, ApplyOutcome? taken) = await OwnAsync(wanted, live, cancellationToken).ConfigureAwait(false);
        if (taken is not null)
        {
            return taken;
        }

        // 6. Apply. What is ours is taken back from whoever changed it; a new object takes nothing from anybody.
        Task<ApplyOutcome> StepAsync() => BringAboutAsync(wanted, informer, live, digest, cancellationToken);
        ApplyOutcome outcome = await (wanted.Tenancy is not null && IngressBounds.IsIngress(wanted.Manifest.Json)
            ? hosts.ClaimAsync(wanted.Manifest, wanted.Resource, wanted.Owner.Tenant, live, StepAsync, cancellationToken) : StepAsync()).ConfigureAwait(false);
        if (outcome.IsApplied)
        {
            await TellAsync(wanted, live, outcome.Live!, drift, leftOut, cancellationToken).ConfigureAwait(false);
        }

        return outcome;
    }

    private async Task<(Wanted? Wanted, ApplyOutcome? Unfit)> ReadAsync(KubeObject work, CancellationToken cancellationToken)
    {
        Manifest manifest;
        try
        {
            manifest = Manifest.Of(work, context.Served);
        }
        catch (TerminalException e)
        {
            return (null, ApplyOutcome.Refused("InvalidManifest", e.Message));
        }

        if (MappedNamespace.OfWork(work) is not { } owner)
        {
            return (null, ApplyOutcome.Refused("InvalidSource", "the Work does not say which virtual cluster and tenant, or which installation, it is of"));
        }

        Tenancy? tenancy = owner.IsVendors ? null : context.Tenancies.Of(owner.Tenant);
        if (tenancy is null && !owner.IsVendors)
        {
            // It comes by a watch of its own and wakes this Work: nothing of a tenant runs before it is held apart.
            return (null, ApplyOutcome.Refused("NoTenancy", $"this data plane has not been told yet how tenant {owner.Tenant} is held apart"));
        }

        (ApiResource? served, ApplyOutcome? unfit) = await trials.FindAsync(manifest, owner, tenancy, cancellationToken).ConfigureAwait(false);
        return served is null ? (null, unfit) : (new Wanted(manifest.For(served), served, owner, tenancy, WorkHandling.Of(work)), null);
    }

    /// <summary>Gives the manifest the shape that its tenant must have here, beside what is there of it.</summary>
    /// <returns>The priority class that was left out, and why it may not be here at all.</returns>
    private async Task<(string? LeftOut, ApplyOutcome? Unallowed)> ShapeAsync(Wanted wanted, KubeObject? live, CancellationToken cancellationToken)
    {
        (Manifest manifest, _, MappedNamespace owner, Tenancy? tenancy, _) = wanted;
        string? leftOut = null;
        if (tenancy is not null)
        {
            if (tenancy.Suspended && manifest.Kind.Kind == "Pod")
            {
                // Nothing in it says that it is to wait: it is made anew.
                await removals.PruneAsync(manifest.WorkName, keep: null, cancellationToken).ConfigureAwait(false);
                memory.Forget(manifest.WorkName);
                return (null, ApplyOutcome.Refused(ApplyOutcome.Suspended, $"tenant {owner.Tenant} is suspended"));
            }

            WorkShape.Apply(manifest.Json, tenancy, live);
            if (owner.Installation is null)
            {
                TrafficBounds.Hold(manifest.Json, tenancy);
                leftOut = PriorityBounds.Hold(manifest.Json, tenancy, live);
                if (IngressBounds.IsIngress(manifest.Json) && IngressBounds.Hold(manifest.Json, tenancy) is { } beyond)
                {
                    return (null, ApplyOutcome.Refused("NotAllowed", beyond, live));
                }

                if (EndpointBounds.Hold(manifest.Json, tenancy) is { } inside)
                {
                    // Nor may what it led to before, when that was allowed, be led to any more.
                    await removals.PruneAsync(manifest.WorkName, keep: null, cancellationToken).ConfigureAwait(false);
                    return (null, ApplyOutcome.Refused("NotAllowed", inside));
                }
            }
        }

        if (live?.NumberAt("spec", "replicas") is { } scaled && tenancy?.Suspended != true && applied.IsScaled(manifest))
        {
            // How many there are is for the autoscaler there to say: what it last said is what is applied.
            manifest.Json["spec"]!["replicas"] = scaled;
        }

        return (leftOut, null);
    }

    /// <returns>Null when it is to be put back now.</returns>
    private async Task<ApplyOutcome?> LeftAsync(Wanted wanted, Informer informer, KubeObject? live, string digest, DriftFound drift, CancellationToken cancellationToken)
    {
        Manifest manifest = wanted.Manifest;
        if (wanted.Handling.ReportsDrift && !drift.IsGone)
        {
            if (memory.DigestOf(manifest.WorkName).Length == 0 && await trials.IsAsApplyingLeavesItAsync(wanted.Known(digest), wanted.Resource, live!, cancellationToken).ConfigureAwait(false))
            {
                // Applied by a process before this one, and written otherwise by the cluster itself.
                memory.Keep(manifest.WorkName, digest, Drift.Fingerprint(manifest.Json, live!.Json), live.Uid, informer);
                return ApplyOutcome.InForce(live);
            }

            drifts.Report(live!, drift);
            memory.Keep(manifest.WorkName, digest, "", live!.Uid, informer);
            return ApplyOutcome.Drifted(drift.Message, live);
        }

        if (!pace.MustWait(manifest.WorkName))
        {
            return null;
        }

        if (live is not null)
        {
            drifts.Contested(live, drift);
        }

        return ApplyOutcome.Refused("Contested", $"{drift.Message}, and so again and again: somebody else wants it otherwise; it is put back every {DriftPace.Interval.TotalSeconds:0} s only", live);
    }

    /// <returns>Null when the cluster's owner lets it be there, and the namespace is there and its owner's. What is there as wanted is in force, whatever the owner forbids since.</returns>
    private async Task<ApplyOutcome?> UnplacedAsync(Wanted wanted, KubeObject? live, CancellationToken cancellationToken)
    {
        Manifest manifest = wanted.Manifest;
        if (context.Actions.Denies(wanted.Resource, manifest.Json) is not { } denial)
        {
            return wanted.Served.IsNamespaced ? await namespaces.EnsureAsync(manifest.Namespace, wanted.Owner, cancellationToken).ConfigureAwait(false) : null;
        }

        if (live is { IsDeleting: false } && manifest.Marks(live) && Drift.Holds(manifest.Json, live.Json))
        {
            return ApplyOutcome.InForce(live);
        }

        context.Actions.HeldBack("apply", wanted.Resource, manifest.Kind.Kind, manifest.Namespace, manifest.Name, "Work " + manifest.WorkName, denial);
        return ApplyOutcome.Denied(denial, live);
    }

    /// <returns>What is there, looked up where it is not known as this Work's, and why it cannot be taken.</returns>
    private async Task<(KubeObject? Live, ApplyOutcome? Taken)> OwnAsync(Wanted wanted, KubeObject? live, CancellationToken cancellationToken)
    {
        Manifest manifest = wanted.Manifest;
        if (live is null || !manifest.Marks(live))
        {
            try
            {
                live = await context.Cluster.FindAsync(wanted.Resource, manifest.Namespace, manifest.Name, cancellationToken).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.Code == 403)
            {
                return (null, ApplyOutcome.RefusedThere(e.Reason, e.Message));
            }

            if (live is not null && Ownership.AnothersRefusal(live, manifest, context.Served) is { } anothers)
            {
                return (live, anothers);
            }

            if (live is not null && !manifest.Marks(live) && !IsOurs(wanted, live))
            {
                return (live, await IsGoneAsync(AppliedObjects.MarkOf(live), cancellationToken).ConfigureAwait(false)
                    ? ApplyOutcome.Refused("Terminating", "what another Work made under this name is still being removed", live)
                    : ApplyOutcome.Refused("NotOurs", $"{manifest.Kind.Kind} {manifest.Namespace}/{manifest.Name} exists and was not made by Orrery; it is left as it is"));
            }
        }

        if (live is not null && !manifest.Marks(live) && Trials.IsMadeAnew(manifest) && AppliedObjects.MarkOf(live).Length > 0)
        {
            // A run of a Work that is gone: it goes before this one's own may begin.
            return (live, ApplyOutcome.Refused("Terminating", "an earlier run of this name is still being removed", live));
        }

        if (live is { IsDeleting: true })
        {
            string[] waiting = [.. live.Finalizers];
            return (live, ApplyOutcome.Refused(
                "Terminating", "an object of this name is still being deleted" + (waiting.Length > 0 ? $", and waits for its finalizers: {string.Join(", ", waiting)}" : ""), live));
        }

        return (live, null);
    }

    /// <summary>Whether what lacks this Work's mark is ours nevertheless, or may be taken over.</summary>
    private bool IsOurs(Wanted wanted, KubeObject live) =>
        Ownership.MayAdopt(wanted.Handling, live, wanted.Owner, wanted.Manifest.Kind)
        || wanted.Taking == live.Uid || memory.IsMade(wanted.Manifest, live) || wanted.Owner.IsNamespaceOf(live) || Ownership.IsAppliedByUs(live, w => context.Work(w) is not null);

    /// <summary>
    /// Whether a Work that is known here has gone in truth. The answer to a report tells of this Work what the watch has not told of the others yet, and a
    /// verdict that is taken back is too late for a hook.
    /// </summary>
    private async Task<bool> IsGoneAsync(string work, CancellationToken cancellationToken) =>
        work.Length > 0 && !context.IsByCopy && context.Work(work) is not null
        && await context.ControlPlane.FindAsync(OrreryResources.Works, context.Namespace, work, cancellationToken).ConfigureAwait(false) is not { IsDeleting: false };

    private async Task<ApplyOutcome> BringAboutAsync(Wanted wanted, Informer informer, KubeObject? live, string digest, CancellationToken cancellationToken, bool mayResize = true)
    {
        (Manifest manifest, _, _, _, WorkHandling handling) = wanted;
        try
        {
            KubeObject made = await TakeAsync(wanted.Known(digest), wanted.Resource, force: live is not null && (handling.TakesOver || !manifest.Marks(live)), cancellationToken).ConfigureAwait(false);
            memory.Keep(manifest.WorkName, digest, Drift.Fingerprint(manifest.Json, made.Json), made.Uid, informer);
            informer.Observe(made);
            Log.Applied(logger, manifest.WorkName, manifest.Kind.Kind, manifest.Namespace, manifest.Name);
            return ApplyOutcome.InForce(made);
        }
        catch (StatusException e) when (e.Reason == StatusReason.Invalid && live is not null && (handling.Recreates || Trials.IsMadeAnew(manifest)))
        {
            if (mayResize && await resize.ResizeAsync(manifest, live, cancellationToken).ConfigureAwait(false) is { } resized)
            {
                return await BringAboutAsync(wanted, informer, resized, digest, cancellationToken, mayResize: false).ConfigureAwait(false);
            }

            // A job's template cannot change; a changed job is another run. What would not be taken anew either (a policy forbids it, or it is not valid at all) must not cost the one that is there.
            if (await trials.TryAnewAsync(manifest, wanted.Resource, cancellationToken).ConfigureAwait(false) is { IsApplied: false } neither)
            {
                Log.Refused(logger, manifest.WorkName, neither.Reason, neither.Message);
                return ApplyOutcome.RefusedThere(neither.Reason, $"it is not made anew, as that would be refused too: {neither.Message}", live);
            }

            await removals.DeleteAsync(wanted.Resource, live, manifest.WorkName, cancellationToken).ConfigureAwait(false);
            return ApplyOutcome.Refused("Terminating", $"the {manifest.Kind.Kind.ToLowerInvariant()} is made anew, as what changed cannot be changed in place", live);
        }
        catch (StatusException e) when (ApplyConflicts.IsVerdict(e))
        {
            // Server-side apply of a field that the cluster's version does not know is refused without a reason.
            string reason = e.Reason.Length > 0 ? e.Reason : StatusReason.Invalid;
            Log.Refused(logger, manifest.WorkName, reason, e.Message);
            return ApplyOutcome.RefusedThere(reason, e.Message, live);
        }
    }

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

    /// <summary>Says in the cluster what applying it did to others, and marks its namespace where it is to stay.</summary>
    private async Task TellAsync(Wanted wanted, KubeObject? before, KubeObject made, DriftFound? drift, string? leftOut, CancellationToken cancellationToken)
    {
        Manifest manifest = wanted.Manifest;
        if (leftOut is not null)
        {
            context.ClusterEvents.Warning(made, "PriorityClassLeftOut", $"PriorityClass \"{leftOut}\" is none that the tenant's pods may have here");
        }

        if (drift is not null && (drift.IsGone || Drift.Fingerprint(manifest.Json, made.Json) != Drift.Fingerprint(manifest.Json, before!.Json)))
        {
            pace.PutBack(manifest.WorkName);
            drifts.PutBack(made, drift);
        }

        if (ResourcePolicy.Keeps(made))
        {
            await ResourcePolicy.MarkNamespaceAsync(context, made, logger, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What a Work wants here.</summary>
    /// <param name="Manifest">Takes the shape that it must have here on its way.</param>
    /// <param name="Tenancy">Null for the vendor's own.</param>
    private sealed record Wanted(Manifest Manifest, ApiResource Served, MappedNamespace Owner, Tenancy? Tenancy, WorkHandling Handling)
    {
        /// <summary>Uid of what a Deployment left here, which is this Work's from now on; null for nothing.</summary>
        public string? Taking { get; init; }

        public GroupVersionResource Resource => Served.Resource;

        /// <summary>As it is applied. Where drift is only reported, what stands on the object tells, also after a restart, that what differs is not what is wanted anew.</summary>
        public Manifest Known(string digest)
        {
            if (!Handling.ReportsDrift)
            {
                return Manifest;
            }

            var json = (JsonObject)Manifest.Json.DeepClone();
            json.Metadata.ObjectAt("annotations")[OrreryNames.AppliedAnnotation] = digest;
            return Manifest with { Json = json };
        }

        public bool IsKnownBy(KubeObject live, string digest) => !Handling.ReportsDrift || live.Annotations.GetValueOrDefault(OrreryNames.AppliedAnnotation) == digest;
    }
}
