using System.Text.Json;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Whether what was applied does its work, by kind. Pure.</summary>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
internal readonly record struct Availability(string Status, string Reason, string Message)
{
    /// <summary>Kinds whose controllers say in <c>status.observedGeneration</c> which generation their numbers are about.</summary>
    private static readonly string[] Observing = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "PodDisruptionBudget", "HorizontalPodAutoscaler"];

    public static Availability Of(KubeObject live)
    {
        if (!IsObserved(live))
        {
            return new Availability(Conditions.False, "NotObserved", "no controller of the cluster has looked at this generation yet");
        }

        return live.Kind switch
        {
            "Deployment" or "ReplicaSet" or "StatefulSet" => Counted(live, "availableReplicas", live.NumberAt("spec", "replicas") ?? 1, "replicas"),
            "DaemonSet" => Counted(live, "numberAvailable", live.NumberAt("status", "desiredNumberScheduled") ?? 0, "nodes"),
            "Job" => ByCondition(live, "Complete"),
            "Pod" => ByCondition(live, "Ready"),
            "PersistentVolumeClaim" => live.TextAt("status", "phase") is "Bound"
                ? new Availability(Conditions.True, "Bound", "the claim is bound")
                : new Availability(Conditions.False, "NotBound", $"the claim is {live.TextAt("status", "phase") ?? "new"}"),
            "Service" when live.TextAt("spec", "type") == "LoadBalancer" => live.At("status", "loadBalancer", "ingress") is { ValueKind: JsonValueKind.Array }
                ? new Availability(Conditions.True, "AddressAssigned", "the load balancer has an address")
                : new Availability(Conditions.False, "AddressPending", "the load balancer has no address yet"),
            _ => new Availability(Conditions.True, "Exists", "the object exists"),
        };
    }

    /// <summary>Whether the status is about the object's present generation.</summary>
    public static bool IsObserved(KubeObject live) =>
        !Observing.Contains(live.Kind) || (live.NumberAt("status", "observedGeneration") ?? 0) >= live.Generation;

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
