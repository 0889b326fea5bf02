using System.Text.Json;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Whether what was applied does its work, by kind. Pure.</summary>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
internal readonly record struct Availability(string Status, string Reason, string Message)
{
    private const string Stalled = "Stalled";
    private const string Reconciling = "Reconciling";

    /// <summary>Kinds whose controllers say in <c>status.observedGeneration</c> which generation their numbers are about, before anything else.</summary>
    private static readonly string[] Observing = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "PodDisruptionBudget", "HorizontalPodAutoscaler"];

    public static Availability Of(KubeObject live)
    {
        if (!IsObserved(live))
        {
            return new Availability(Conditions.False, "NotObserved", "no controller of the cluster has looked at this generation yet");
        }

        return live.Kind switch
        {
            "Deployment" when Conditions.Find(live, "Progressing") is { Status: Conditions.False, Reason: "ProgressDeadlineExceeded" } late =>
                new Availability(Conditions.False, late.Reason, late.Message),
            "Deployment" or "ReplicaSet" or "ReplicationController" or "StatefulSet" => Counted(live, "availableReplicas", live.NumberAt("spec", "replicas") ?? 1, "replicas"),
            "DaemonSet" => Counted(live, "numberAvailable", live.NumberAt("status", "desiredNumberScheduled") ?? 0, "nodes"),
            "Job" when Conditions.Find(live, "Failed") is { Status: Conditions.True } failed => new Availability(Conditions.False, "JobFailed", failed.Message),
            "Job" => ByCondition(live, "Complete"),
            "Pod" when live.TextAt("status", "phase") is "Succeeded" => new Availability(Conditions.True, "Succeeded", "the pod has done its work"),
            "Pod" when live.TextAt("status", "phase") is "Failed" => new Availability(Conditions.False, "Failed", live.TextAt("status", "message") ?? "the pod has failed"),
            "Pod" => ByCondition(live, "Ready"),
            "CustomResourceDefinition" => ByCondition(live, "Established"),
            "PodDisruptionBudget" => (live.NumberAt("status", "currentHealthy") ?? 0) is var healthy && (live.NumberAt("status", "desiredHealthy") ?? 0) is var wanted && healthy >= wanted
                ? new Availability(Conditions.True, "BudgetMet", $"{healthy} of {wanted} pods are healthy")
                : new Availability(Conditions.False, "BudgetNotMet", $"{live.NumberAt("status", "currentHealthy") ?? 0} of {live.NumberAt("status", "desiredHealthy") ?? 0} pods are healthy"),
            "PersistentVolumeClaim" => live.TextAt("status", "phase") is "Bound"
                ? new Availability(Conditions.True, "Bound", "the claim is bound")
                : new Availability(Conditions.False, "NotBound", $"the claim is {live.TextAt("status", "phase") ?? "new"}"),
            "Service" when live.TextAt("spec", "type") == "LoadBalancer" => live.At("status", "loadBalancer", "ingress") is { ValueKind: JsonValueKind.Array }
                ? new Availability(Conditions.True, "AddressAssigned", "the load balancer has an address")
                : new Availability(Conditions.False, "AddressPending", "the load balancer has no address yet"),
            _ => ByConvention(live),
        };
    }

    /// <summary>Of any other kind, by the conditions that its controller may set: those of kstatus first, then Ready.</summary>
    private static Availability ByConvention(KubeObject live)
    {
        if (Conditions.Find(live, Stalled) is { Status: Conditions.True } stalled)
        {
            return new Availability(Conditions.False, stalled.Reason.Length > 0 ? stalled.Reason : Stalled, stalled.Message);
        }

        if (Conditions.Find(live, Reconciling) is { Status: Conditions.True } reconciling)
        {
            return new Availability(Conditions.False, reconciling.Reason.Length > 0 ? reconciling.Reason : Reconciling, reconciling.Message);
        }

        return Conditions.Find(live, "Ready") is { } ready
            ? new Availability(ready.Status is Conditions.True or Conditions.False ? ready.Status : Conditions.Unknown, ready.Reason.Length > 0 ? ready.Reason : "Ready", ready.Message)
            : new Availability(Conditions.True, "Exists", "the object exists");
    }

    /// <summary>Whether the status is about the object's present generation.</summary>
    public static bool IsObserved(KubeObject live) =>
        (live.NumberAt("status", "observedGeneration") ?? (Observing.Contains(live.Kind) ? 0 : live.Generation)) >= live.Generation;

    private static Availability Counted(KubeObject live, string field, long wanted, string noun)
    {
        long available = live.NumberAt("status", field) ?? 0;
        return available >= wanted
            ? new Availability(Conditions.True, "MinimumAvailable", $"{available} of {wanted} {noun} are available")
            : new Availability(Conditions.False, "MinimumUnavailable", $"{available} of {wanted} {noun} are available");
    }

    private static Availability ByCondition(KubeObject live, string type) =>
        Conditions.IsTrue(live, type)
            ? new Availability(Conditions.True, type, $"{type} is true")
            : new Availability(Conditions.False, "Not" + type, $"{type} is not true yet");
}
