using System.Globalization;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Tries what a Work needs, says what the cluster refuses or fails at, whichever step it is that needs it, and does not try the same again too soon (<see cref="RefusalPace"/>).</summary>
internal sealed class WorkAttempts(SatelliteContext context, AppliedObjects applied, ILogger logger)
{
    private readonly RefusalPace pace = new(context.Time);

    /// <returns>For how long the Work is not to be tried, and what there is to say of it meanwhile, with what is in the cluster now; null when it may be tried.</returns>
    public (TimeSpan Left, ApplyOutcome? Outcome, ApplyOutcome? Trial)? Held(KubeObject work)
    {
        if (pace.Held(work.Name, AskedBy(work)) is not { } held)
        {
            return null;
        }

        Doubt(held.Outcome, held.Trial);
        return (held.Left, held.Outcome is { } said ? said with { Live = LiveOf(work.Name) } : null, held.Trial);
    }

    /// <exception cref="StatusException">The cluster fails at it, and has not for long; or somebody was faster.</exception>
    /// <exception cref="HttpRequestException">The cluster gives no answer at all, which is told of once for all.</exception>
    public async Task<ApplyOutcome?> TryAsync(KubeObject work, Func<Task<ApplyOutcome?>> steps)
    {
        try
        {
            return await steps().ConfigureAwait(false);
        }
        catch (Exception e) when (RefusalPace.IsFault(e) && pace.Fails(work.Name, AskedBy(work)) && e is StatusException)
        {
            // A webhook that does not answer, an etcd that is full: for a moment it may be a hiccup, for longer it is what there is to say.
            return Refused(work, (StatusException)e);
        }
        catch (StatusException e) when (e.Code == 403)
        {
            return Refused(work, e);
        }
    }

    /// <returns>When to try again what the cluster refused; null where it did not.</returns>
    public TimeSpan? Again(KubeObject work, ApplyOutcome? outcome, ApplyOutcome? trial)
    {
        Doubt(outcome, trial);
        if (outcome is not { IsVerdict: true } && trial is not { IsVerdict: true })
        {
            pace.Forget(work.Name);
            return null;
        }

        return pace.Refused(work.Name, AskedBy(work), outcome, trial);
    }

    /// <summary>Removes what is left of a Work that is gone.</summary>
    /// <param name="remove">Tells when to look again at what is removed already; null when nothing is left.</param>
    /// <param name="tell">Says that the cluster refuses it: there is no Work any more on which it could be said.</param>
    public async Task<ReconcileResult> RemovingAsync(string work, Func<Task<TimeSpan?>> remove, Action<string> tell)
    {
        if (pace.Held(work, "") is { } held)
        {
            return ReconcileResult.After(held.Left);
        }

        try
        {
            TimeSpan? again = await remove().ConfigureAwait(false);
            pace.Forget(work);
            return again is { } left ? ReconcileResult.After(left) : ReconcileResult.Done;
        }
        catch (Exception e) when (e is StatusException { Code: 403 } || (RefusalPace.IsFault(e) && pace.Fails(work, "") && e is StatusException))
        {
            tell(e.Message);
            return ReconcileResult.After(pace.Refused(work, "", null, null));
        }
    }

    /// <summary>What stood in the way of a Work is there now: it may be tried.</summary>
    public void Release(string work) => pace.Forget(work);

    /// <summary>The cluster has come right again, or lets its satellite do more: what it refused may be tried now, all of it.</summary>
    public void Release() => pace.Release();

    private ApplyOutcome Refused(KubeObject work, StatusException e)
    {
        string reason = e.Reason.Length > 0 ? e.Reason : StatusReason.InternalError;
        Log.Refused(logger, work.Name, reason, e.Message);
        return ApplyOutcome.RefusedThere(reason, e.Message, LiveOf(work.Name));
    }

    /// <summary>A right may be missing, and may be back at any moment.</summary>
    private void Doubt(ApplyOutcome? outcome, ApplyOutcome? trial)
    {
        if (outcome?.Reason == StatusReason.Forbidden || trial?.Reason == StatusReason.Forbidden)
        {
            context.Rights.Doubt();
        }
    }

    private KubeObject? LiveOf(string work) => applied.Of(work).FirstOrDefault().Live;

    /// <summary>What an attempt is made from, beside the cluster itself. Of what is there, its status is not: that changes all the time.</summary>
    private string AskedBy(KubeObject work)
    {
        KubeObject? live = LiveOf(work.Name);
        string there = live is null ? "" : $"{live.Uid} {(live.Generation > 0 ? live.Generation.ToString(CultureInfo.InvariantCulture) : live.ResourceVersion)} {live.IsDeleting}";
        return $"{work.Uid} {work.Generation} {context.Tenancies.VersionOf(work.Labels.GetValueOrDefault(OrreryNames.TenantLabel) ?? "")} {there}";
    }
}
