using System.Text.Json;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Whether what was applied does its work, by kind: as kstatus has it, and of what runs to an end not before it is there. Pure.</summary>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
internal readonly record struct Availability(string Status, string Reason, string Message)
{
    private const string Stalled = "Stalled";
    private const string Reconciling = "Reconciling";

    /// <summary>Kinds whose controllers say in <c>status.observedGeneration</c> which generation their numbers are about, before anything else.</summary>
    private static readonly string[] Observing = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "PodDisruptionBudget", "HorizontalPodAutoscaler"];

    public static Availability Of(KubeObject live) =>
        live.IsDeleting ? No("Terminating", "the object is being deleted")
        : !IsObserved(live) ? NotObserved
        : IsUpstream(live) ? OfUpstream(live)
        : ByConvention(live);

    /// <summary>Whether the status is about the object's present generation.</summary>
    public static bool IsObserved(KubeObject live) =>
        (live.NumberAt("status", "observedGeneration") ?? (IsUpstream(live) && Observing.Contains(live.Kind) ? 0 : live.Generation)) >= live.Generation;

    private static Availability NotObserved => No("NotObserved", "no controller of the cluster has looked at this generation yet");

    private static Availability OfUpstream(KubeObject live) => live.Kind switch
    {
        "Deployment" when Conditions.Find(live, "Progressing") is { Status: Conditions.False, Reason: "ProgressDeadlineExceeded" } late => No(late.Reason, late.Message),
        "Deployment" or "ReplicaSet" or "ReplicationController" or "StatefulSet" => Counted(live, "availableReplicas", WantedReplicas(live), "replicas"),
        "DaemonSet" => Counted(live, "numberAvailable", live.NumberAt("status", "desiredNumberScheduled") ?? 0, "nodes"),
        "Job" when Conditions.Find(live, "Failed") is { Status: Conditions.True } failed => No("JobFailed", failed.Message),
        "Job" when Conditions.IsTrue(live, "Suspended") => Yes("Suspended", "the job is suspended, as it is to be"),
        "Job" => ByCondition(live, "Complete"),
        "Pod" when live.TextAt("status", "phase") is "Succeeded" => Yes("Succeeded", "the pod has done its work"),
        "Pod" when live.TextAt("status", "phase") is "Failed" => No("Failed", live.TextAt("status", "message") ?? "the pod has failed"),
        "Pod" when Conditions.Find(live, "PodScheduled") is { Status: Conditions.False, Reason: "Unschedulable" } unscheduled => No(unscheduled.Reason, unscheduled.Message),
        "Pod" => ByCondition(live, "Ready"),
        "CustomResourceDefinition" when Conditions.Find(live, "NamesAccepted") is { Status: Conditions.False } taken => No(taken.Reason.Length > 0 ? taken.Reason : "NotAccepted", taken.Message),
        "CustomResourceDefinition" => ByCondition(live, "Established"),
        "APIService" => ByCondition(live, "Available"),
        "PodDisruptionBudget" => Budget(live),
        "PersistentVolumeClaim" => live.TextAt("status", "phase") is "Bound"
            ? Yes("Bound", "the claim is bound")
            : No("NotBound", $"the claim is {live.TextAt("status", "phase") ?? "new"}"),
        "Service" when live.TextAt("spec", "type") == "LoadBalancer" => live.At("status", "loadBalancer", "ingress") is { ValueKind: JsonValueKind.Array } addresses && addresses.GetArrayLength() > 0
            ? Yes("AddressAssigned", "the load balancer has an address")
            : No("AddressPending", "the load balancer has no address yet"),
        _ => ByConvention(live),
    };

    /// <summary>Of any other kind, by the conditions that its controller may set: those of kstatus first, then Ready.</summary>
    private static Availability ByConvention(KubeObject live)
    {
        if (Conditions.Find(live, Stalled) is { Status: Conditions.True } stalled)
        {
            return No(stalled.Reason.Length > 0 ? stalled.Reason : Stalled, stalled.Message);
        }

        if (Conditions.Find(live, Reconciling) is { Status: Conditions.True } reconciling)
        {
            return No(reconciling.Reason.Length > 0 ? reconciling.Reason : Reconciling, reconciling.Message);
        }

        // Many controllers say only in each condition which generation that is about.
        return Conditions.Find(live, "Ready") is not { } ready ? Yes("Exists", "the object exists")
            : ready.ObservedGeneration < live.Generation ? NotObserved
            : new Availability(ready.Status is Conditions.True or Conditions.False ? ready.Status : Conditions.Unknown, ready.Reason.Length > 0 ? ready.Reason : "Ready", ready.Message);
    }

    /// <summary>A budget does its work once it is counted: also one that is not met, as of pods that there are none of. Those who make the pods are judged by themselves.</summary>
    private static Availability Budget(KubeObject live)
    {
        if (Conditions.Find(live, "DisruptionAllowed") is { Status: Conditions.False, Reason: "SyncFailed" } fault)
        {
            return No(fault.Reason, fault.Message);
        }

        long healthy = live.NumberAt("status", "currentHealthy") ?? 0, wanted = live.NumberAt("status", "desiredHealthy") ?? 0;
        return Yes(healthy >= wanted ? "BudgetMet" : "BudgetNotMet", $"{healthy} of {wanted} pods are healthy");
    }

    private static Availability Counted(KubeObject live, string field, long wanted, string noun)
    {
        long available = live.NumberAt("status", field) ?? 0;
        string counts = $"{available} of {wanted} {noun} are available";
        return available >= wanted ? (NotRolledOut(live) is { } rest ? No("RollingOut", rest) : Yes("MinimumAvailable", counts))
            : Conditions.Find(live, "ReplicaFailure") is { Status: Conditions.True } failure ? No("ReplicaFailure", $"{counts}: {failure.Message}")
            : No("MinimumUnavailable", counts);
    }

    /// <summary>What is left of a rollout while as many as are wanted are available, some of them of the former kind; null when nothing is. Whoever updates only what is deleted has rolled out.</summary>
    private static string? NotRolledOut(KubeObject live)
    {
        bool isRolling = live.TextAt("spec", "updateStrategy", "type") is null or "RollingUpdate";
        long wanted = WantedReplicas(live), updated = live.NumberAt("status", "updatedReplicas") ?? 0, nodes = live.NumberAt("status", "desiredNumberScheduled") ?? 0;

        // Those below the partition stay as they are.
        long renewed = wanted - (live.NumberAt("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);
        return live.Kind switch
        {
            "Deployment" when updated < wanted => $"{updated} of {wanted} replicas are new",
            "StatefulSet" when isRolling && updated < renewed => $"{updated} of {renewed} replicas are new",
            "DaemonSet" when isRolling && (live.NumberAt("status", "updatedNumberScheduled") ?? 0) is var there && there < nodes => $"{there} of {nodes} nodes run what is new",
            not "DaemonSet" when (live.NumberAt("status", "replicas") ?? 0) - wanted is > 0 and var surplus => $"{surplus} former replicas are still there",
            _ => null,
        };
    }

    private static long WantedReplicas(KubeObject live) => live.NumberAt("spec", "replicas") ?? 1;

    private static Availability ByCondition(KubeObject live, string type) =>
        Conditions.Find(live, type) is not { } found ? No("Not" + type, $"{type} is not true yet")
        : found.Status == Conditions.True ? Yes(type, $"{type} is true")
        : No("Not" + type, found.Message.Length > 0 ? found.Message : $"{type} is not true yet");

    private static bool IsUpstream(KubeObject live) => live.GroupVersionKind.GroupKind.IsUpstream;

    private static Availability Yes(string reason, string message) => new(Conditions.True, reason, message);

    private static Availability No(string reason, string message) => new(Conditions.False, reason, message);
}
