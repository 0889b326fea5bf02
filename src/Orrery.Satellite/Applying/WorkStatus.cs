using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>How applying a Work ended.</summary>
/// <param name="Reason">CamelCase, for programs; <c>Applied</c> when it is in force.</param>
/// <param name="Message">For people.</param>
/// <param name="Live">The object as it is in the cluster, when there is one of ours.</param>
/// <param name="IsVerdict">The cluster was asked, and would say the same of the same again.</param>
internal sealed record ApplyOutcome(bool IsApplied, string Reason, string Message, KubeObject? Live, bool IsVerdict = false)
{
    /// <summary>Reason where the tenant is suspended: what is not there for that is made anew.</summary>
    public const string Suspended = "Suspended";

    public static ApplyOutcome InForce(KubeObject live) => new(true, "Applied", "the object is as the Work says", live);

    /// <summary>Not applied: the cluster would take it.</summary>
    public static ApplyOutcome Acceptable { get; } = new(true, "Accepted", "the cluster would take it", null);

    /// <summary>As it was applied, and changed by hand since, which is to be said only.</summary>
    public static ApplyOutcome Drifted(string message, KubeObject live) => new(true, "Drifted", message, live);

    /// <summary>By the policy of the cluster's owner.</summary>
    public static ApplyOutcome Denied(string why, KubeObject? live = null) => Refused(Policy.ClusterActions.Denied, Policy.ClusterActions.Explain(why), live);

    public static ApplyOutcome Refused(string reason, string message, KubeObject? live = null) => new(false, reason, message, live);

    /// <summary>By the cluster itself, as whoever may ask for it less, or it is not to be had.</summary>
    public static ApplyOutcome RefusedThere(string reason, string message, KubeObject? live = null) => new(false, reason.Length > 0 ? reason : "Refused", message, live, IsVerdict: true);
}

/// <summary>The status of a Work out of how applying it ended. Pure.</summary>
internal static class WorkStatus
{
    /// <param name="outcome">Null where there is nothing to apply yet.</param>
    /// <param name="trial">How trying what comes next ended; null where there is no such thing.</param>
    public static JsonObject Build(KubeObject work, ApplyOutcome? outcome, ApplyOutcome? trial, DateTimeOffset now)
    {
        JsonObject status = work.At("status") is { } present ? KubeJson.ToNode(present)!.AsObject() : [];
        if (outcome is not null)
        {
            PutOutcome(status, work, outcome, now);
        }

        if (trial is null)
        {
            Conditions.Remove(status, OrreryNames.AcceptedCondition);
        }
        else
        {
            Conditions.Set(
                status, OrreryNames.AcceptedCondition, trial.IsApplied ? Conditions.True : Conditions.False, trial.Reason, trial.Message, now, work.Generation);
        }

        return status;
    }

    private static void PutOutcome(JsonObject status, KubeObject work, ApplyOutcome outcome, DateTimeOffset now)
    {
        Conditions.Set(
            status, OrreryNames.AppliedCondition, outcome.IsApplied ? Conditions.True : Conditions.False, outcome.Reason, outcome.Message, now, work.Generation);
        Availability available = outcome.Live is { } found ? Availability.Of(found) : new Availability(Conditions.False, "Missing", "the object is not in the cluster");
        Conditions.Set(status, OrreryNames.AvailableCondition, available.Status, available.Reason, available.Message, now, work.Generation);

        if (outcome.IsApplied)
        {
            status["observedGeneration"] = work.Generation;
            if (work.NumberAt("spec", "source", "generation") is { } generation && Availability.IsObserved(outcome.Live!))
            {
                status["sourceGeneration"] = generation;
            }
        }

        bool taken = outcome switch
        {
            { Live: { } live } => TakenPod.IsControlled(live),
            { Reason: TakenPod.Gone } => true,
            _ => outcome.Reason != ApplyOutcome.Suspended && TakenPod.IsTaken(work),
        };
        Put(status, TakenPod.Member, taken ? JsonValue.Create(TakenPod.SourceOf(work)) : null);
        Put(status, "feedback", outcome.Live?.At("status") is { } feedback ? KubeJson.ToNode(feedback) : null);
        Put(status, "desiredReplicas", outcome.Live?.NumberAt("spec", "replicas") is { } replicas ? JsonValue.Create(replicas) : null);
    }

    private static void Put(JsonObject status, string name, JsonNode? value)
    {
        if (value is null)
        {
            status.Remove(name);
        }
        else
        {
            status[name] = value;
        }
    }
}
