using System.Collections.Frozen;

namespace Orrery.Machinery.Kinds;

/// <summary>What the Go source says of a type's members, and no schema does.</summary>
/// <param name="Nulls">Written as null when not set: times that are no pointers, lists without omitempty.</param>
/// <param name="Plain">Numbers and flags that are no pointers: zero and false are left out.</param>
/// <param name="Pointers">Strings that are pointers: the empty string says something.</param>
internal sealed record WireFacts(FrozenSet<string> Nulls, FrozenSet<string> Plain, FrozenSet<string> Pointers)
{
    private static readonly WireFacts None = Make("", "", "");
    private static readonly WireFacts Condition = Make("lastTransitionTime", "observedGeneration", "");

    /// <summary>By the type's short name: the last part of its name.</summary>
    private static readonly FrozenDictionary<string, WireFacts> ByType = new Dictionary<string, WireFacts>
    {
        ["AWSElasticBlockStoreVolumeSource"] = Make("", "partition readOnly", ""),
        ["CephFSVolumeSource"] = Make("", "readOnly", ""),
        ["CertificateSigningRequestCondition"] = Make("lastUpdateTime lastTransitionTime", "", ""),
        ["ClusterRole"] = Make("rules", "", ""),
        ["Container"] = Make("", "stdin stdinOnce tty", "restartPolicy"),
        ["ContainerPort"] = Make("", "hostPort", ""),
        ["ContainerStateRunning"] = Make("startedAt", "", ""),
        ["ContainerStateTerminated"] = Make("startedAt finishedAt", "signal", ""),
        ["CronJobSpec"] = Make("", "", "timeZone"),
        ["CustomResourceDefinitionStatus"] = Make("conditions storedVersions", "", ""),
        ["DaemonSetSpec"] = Make("", "minReadySeconds", ""),
        ["DaemonSetStatus"] = Make("", "observedGeneration updatedNumberScheduled numberAvailable numberUnavailable", ""),
        ["DeploymentCondition"] = Make("lastUpdateTime lastTransitionTime", "", ""),
        ["DeploymentSpec"] = Make("", "minReadySeconds paused", ""),
        ["DeploymentStatus"] = Make("", "observedGeneration replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas", ""),
        ["Endpoint"] = Make("", "", "hostname nodeName zone"),
        ["EndpointPort"] = Make("", "", "name protocol appProtocol"),
        ["EndpointSlice"] = Make("endpoints ports", "", ""),
        ["EphemeralContainer"] = Make("", "stdin stdinOnce tty", "restartPolicy"),
        ["Event"] = Make("firstTimestamp lastTimestamp eventTime deprecatedFirstTimestamp deprecatedLastTimestamp", "count deprecatedCount", ""),
        ["GRPCAction"] = Make("", "", "service"),
        ["HTTPIngressRuleValue"] = Make("paths", "", ""),
        ["HorizontalPodAutoscalerStatus"] = Make("currentMetrics", "currentReplicas", ""),
        ["HostPathVolumeSource"] = Make("", "", "type"),
        ["IngressSpec"] = Make("", "", "ingressClassName"),
        ["JobCondition"] = Make("lastProbeTime lastTransitionTime", "", ""),
        ["JobStatus"] = Make("", "active succeeded failed", ""),
        ["LeaseSpec"] = Make("", "", "holderIdentity strategy preferredHolder"),
        ["LimitRangeSpec"] = Make("limits", "", ""),
        ["NFSVolumeSource"] = Make("", "readOnly", ""),
        ["NodeCondition"] = Make("lastHeartbeatTime lastTransitionTime", "", ""),
        ["NodeSpec"] = Make("", "unschedulable", ""),
        ["ObjectMeta"] = Make("", "generation", ""),
        ["PersistentVolumeClaimCondition"] = Make("lastProbeTime lastTransitionTime", "", ""),
        ["PersistentVolumeClaimSpec"] = Make("", "", "storageClassName volumeAttributesClassName"),
        ["PersistentVolumeClaimVolumeSource"] = Make("", "readOnly", ""),
        ["PersistentVolumeSpec"] = Make("", "", "volumeAttributesClassName"),
        ["PodCondition"] = Make("lastProbeTime lastTransitionTime", "observedGeneration", ""),
        ["PodDisruptionBudgetStatus"] = Make("", "observedGeneration", ""),
        ["PodSpec"] = Make("containers", "hostNetwork hostPID hostIPC", "runtimeClassName"),
        ["PodStatus"] = Make("", "observedGeneration", ""),
        ["PolicyRule"] = Make("verbs", "", ""),
        ["PriorityClass"] = Make("", "globalDefault", ""),
        ["Probe"] = Make("", "initialDelaySeconds", ""),
        ["ReplicaSetSpec"] = Make("", "minReadySeconds", ""),
        ["ReplicaSetStatus"] = Make("", "fullyLabeledReplicas readyReplicas availableReplicas observedGeneration", ""),
        ["ReplicationControllerSpec"] = Make("", "minReadySeconds", ""),
        ["ReplicationControllerStatus"] = Make("", "fullyLabeledReplicas readyReplicas availableReplicas observedGeneration", ""),
        ["Role"] = Make("rules", "", ""),
        ["ScaleSpec"] = Make("", "replicas", ""),
        ["SeccompProfile"] = Make("", "", "localhostProfile"),
        ["AppArmorProfile"] = Make("", "", "localhostProfile"),
        ["ServicePort"] = Make("", "nodePort", "appProtocol"),
        ["ServiceReference"] = Make("", "", "path"),
        ["ServiceSpec"] = Make("", "publishNotReadyAddresses healthCheckNodePort", "loadBalancerClass"),
        ["StatefulSetSpec"] = Make("", "minReadySeconds", ""),
        ["StatefulSetStatus"] = Make("", "observedGeneration readyReplicas currentReplicas updatedReplicas", ""),
        ["VolumeMount"] = Make("", "readOnly", ""),
        ["WebhookClientConfig"] = Make("", "", "url"),
    }.ToFrozenDictionary();

    public static WireFacts Of(string? type)
    {
        if (type is null)
        {
            return None;
        }

        string name = type[(type.LastIndexOf('.') + 1)..];
        return ByType.GetValueOrDefault(name) ?? (name.EndsWith("Condition", StringComparison.Ordinal) ? Condition : None);
    }

    private static WireFacts Make(string nulls, string plain, string pointers) => new(Set(nulls), Set(plain), Set(pointers));

    private static FrozenSet<string> Set(string names) => FrozenSet.ToFrozenSet(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
}
