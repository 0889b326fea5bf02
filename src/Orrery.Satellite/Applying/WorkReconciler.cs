using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Brings the cluster to what one Work says, and the Work's status to what the cluster says. A Work that is gone leaves nothing behind.
/// </summary>
internal sealed class WorkReconciler : IReconciler<string>
{
    private readonly SatelliteContext context;
    private readonly AppliedObjects applied;
    private readonly Removals removals;
    private readonly ILogger logger;
    private readonly AppliedMemory memory;
    private readonly Trials trials;
    private readonly DriftPace pace;
    private readonly WorkAttempts attempts;
    private readonly WorkReports reports;
    private readonly WorkApplication application;
    private readonly LeftReplicaSets left;

    public WorkReconciler(SatelliteContext context, AppliedObjects applied, NamespaceKeeper namespaces, DriftEvents drifts, Removals removals, ILogger logger)
    {
        this.context = context;
        this.applied = applied;
        this.removals = removals;
        this.logger = logger;
        memory = new AppliedMemory(context);
        trials = new Trials(context, namespaces);
        pace = new DriftPace(context.Time);
        attempts = new WorkAttempts(context, applied, logger);
        reports = new WorkReports(context);
        left = new LeftReplicaSets(context, applied);
        application = new WorkApplication(context, applied, memory, trials, namespaces, drifts, pace, removals, left, logger);
    }

    /// <summary>When to try again what somebody else must clear up first.</summary>
    private static readonly TimeSpan RefusedLook = TimeSpan.FromSeconds(10);

    /// <summary>What goes is gone in a moment, as a rule. What waits for somebody's finalizers may wait for days.</summary>
    private static readonly TimeSpan TerminatingLook = TimeSpan.FromMilliseconds(500);

    /// <summary>By Work, since when it waits for something to go.</summary>
    private readonly ConcurrentDictionary<string, long> waiting = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        KubeObject? work = context.Work(key);
        if (work is null || work.IsDeleting)
        {
            pace.Forget(key);
            waiting.TryRemove(key, out _);
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
                : await application.ApplyAsync(work, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false))!;
        ApplyOutcome? trial = await attempts.TryAsync(work, () => trials.TryAsync(work, cancellationToken)).ConfigureAwait(false);
        KubeObject reported = await reports.SendAsync(work, outcome, trial, cancellationToken).ConfigureAwait(false);
        memory.Settle(work, reported, outcome);
        if (attempts.Again(work, outcome, trial) is { } wait)
        {
            return ReconcileResult.After(wait);
        }

        return trial is { IsApplied: false } ? ReconcileResult.After(Again(key, trial))
            : outcome.IsApplied || outcome.Reason is Withdrawal.Kept or Withdrawal.Orphaned or Withdrawal.Released or TakenPod.Gone ? Done(key)
            : ReconcileResult.After(Again(key, outcome));
    }

    /// <summary>To be told of every object that has the mark of the Work, as it is or was when it went.</summary>
    public void See(string work, KubeObject live)
    {
        if (live.Kind == "Pod" && context.Work(work) is { } known)
        {
            memory.See(known, live);
        }
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

        return trial is { IsApplied: false } ? ReconcileResult.After(Again(work.Name, trial)) : Done(work.Name);
    }

    private ReconcileResult Done(string work)
    {
        waiting.TryRemove(work, out _);
        return ReconcileResult.Done;
    }

    private TimeSpan Again(string work, ApplyOutcome refused)
    {
        if (refused.Reason is not ("Terminating" or "NamespaceTerminating" or LeftReplicaSets.Controlled))
        {
            waiting.TryRemove(work, out _);
            return RefusedLook;
        }

        // A quarter of the time that it has waited: that it has gone is known soon, and costs ever less.
        TimeSpan look = context.Time.GetElapsedTime(waiting.GetOrAdd(work, _ => context.Time.GetTimestamp())) / 4;
        return look < TerminatingLook ? TerminatingLook : look > RefusedLook ? RefusedLook : look;
    }

    /// <summary>Leaves the object alone, takes it away from what it made, or takes it away in its time.</summary>
    private async Task<ApplyOutcome> WithdrawAsync(KubeObject work, string withdrawal, CancellationToken cancellationToken)
    {
        memory.Forget(work.Name);
        (GroupVersionResource resource, KubeObject? live) = applied.Of(work.Name).FirstOrDefault();
        if (withdrawal == Withdrawal.Keep)
        {
            return ApplyOutcome.Refused(Withdrawal.Kept, "withdrawn from here; the object is kept as it is until its source is deleted", live);
        }

        if (live is null && withdrawal is Withdrawal.Remove or Withdrawal.Orphan)
        {
            // What a Deployment left, and this Work was to take.
            (live, ApplyOutcome? controlled) = await left.FindAsync(Manifest.Of(work, context.Served), LeftReplicaSets.Resource, cancellationToken).ConfigureAwait(false);
            if (controlled is not null)
            {
                return controlled;
            }

            resource = LeftReplicaSets.Resource;
        }

        if (withdrawal == Withdrawal.Release)
        {
            return live is null ? ApplyOutcome.Refused(Withdrawal.Released, "the object stays, and is left to what controls it") : await ReleaseAsync(work, resource, live, cancellationToken).ConfigureAwait(false);
        }

        if (withdrawal == Withdrawal.Remove)
        {
            return live is null ? ApplyOutcome.Refused(Withdrawal.Removed, "the object has gone") : await RemoveAsync(work, resource, live, cancellationToken).ConfigureAwait(false);
        }

        if (live is null)
        {
            return ApplyOutcome.Refused(Withdrawal.Orphaned, "the object has gone and what it made was left");
        }

        if (!live.IsDeleting)
        {
            if (Held("delete", work, resource, live) is { } held)
            {
                return held;
            }

            await removals.DeleteAsync(resource, live, work.Name, cancellationToken, "Orphan").ConfigureAwait(false);
            Log.Orphaned(logger, work.Name, live.Kind, live.Namespace, live.Name);
        }

        return ApplyOutcome.Refused("Terminating", "the object is being deleted and what it made is left", live);
    }

    /// <summary>Takes the marks from it: done only once it is known here that they are gone, as what carries the mark of a Work that is gone goes too.</summary>
    private async Task<ApplyOutcome> ReleaseAsync(KubeObject work, GroupVersionResource resource, KubeObject live, CancellationToken cancellationToken)
    {
        if (Held("patch", work, resource, live) is { } held)
        {
            return held;
        }

        await context.Actions.PatchAsync(resource, live.Kind, live.Namespace, live.Name, Manifest.Unmarked(live), "Work " + work.Name, cancellationToken).ConfigureAwait(false);
        return ApplyOutcome.Refused("Terminating", "the object is left to what controls it", live);
    }

    private async Task<ApplyOutcome> RemoveAsync(KubeObject work, GroupVersionResource resource, KubeObject live, CancellationToken cancellationToken)
    {
        long? grace = Withdrawal.GraceOf(work);
        if (!live.IsDeleting || live.NumberAt("metadata", "deletionGracePeriodSeconds") > grace)
        {
            if (Held("delete", work, resource, live) is { } held)
            {
                return held;
            }

            await removals.DeleteAsync(resource, live, work.Name, cancellationToken, grace: grace).ConfigureAwait(false);
        }

        return ApplyOutcome.Refused("Terminating", "the object is being deleted", live);
    }

    /// <summary>What keeps an object from being deleted or let go of now; null: nothing.</summary>
    private ApplyOutcome? Held(string verb, KubeObject work, GroupVersionResource resource, KubeObject live)
    {
        if (context.IsByCopy)
        {
            return ApplyOutcome.Refused("Terminating", "the object is deleted once the control plane is back", live);
        }

        if (context.Actions.Denies(resource, live.Kind, live.Namespace, live.Name) is not { } denial)
        {
            return null;
        }

        context.Actions.HeldBack(verb, resource, live, "Work " + work.Name, denial);
        return ApplyOutcome.Denied(denial, live);
    }
}
