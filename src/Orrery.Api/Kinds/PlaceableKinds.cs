using System.Collections.Frozen;

namespace Orrery.Api.Kinds;

/// <summary>A built-in kind whose objects in virtual clusters run in data planes.</summary>
/// <param name="HasReplicas">Has <c>spec.replicas</c>, which can be divided and summed.</param>
/// <param name="HasStatus">Data planes report a status that is summed into the virtual object's.</param>
public sealed record PlaceableKind(GroupVersionResource Resource, string Kind, bool HasReplicas = false, bool HasStatus = true)
{
    public GroupKind GroupKind => new(Resource.Group, Kind);
}

/// <summary>Which kinds are placed. Roles, bindings and custom resources stay in the virtual cluster.</summary>
public static class PlaceableKinds
{
    public static readonly IReadOnlyList<PlaceableKind> All =
    [
        new(new("apps", "v1", "deployments"), "Deployment", HasReplicas: true),
        new(new("apps", "v1", "statefulsets"), "StatefulSet", HasReplicas: true),
        new(new("apps", "v1", "replicasets"), "ReplicaSet", HasReplicas: true),
        new(new("", "v1", "replicationcontrollers"), "ReplicationController", HasReplicas: true),
        new(new("apps", "v1", "daemonsets"), "DaemonSet"),
        new(new("batch", "v1", "jobs"), "Job"),
        new(new("batch", "v1", "cronjobs"), "CronJob"),
        new(new("", "v1", "pods"), "Pod"),
        new(new("", "v1", "services"), "Service"),
        new(new("", "v1", "configmaps"), "ConfigMap", HasStatus: false),
        new(new("", "v1", "secrets"), "Secret", HasStatus: false),
        new(new("", "v1", "serviceaccounts"), "ServiceAccount", HasStatus: false),
        new(new("", "v1", "limitranges"), "LimitRange", HasStatus: false),
        new(new("", "v1", "resourcequotas"), "ResourceQuota", HasStatus: false),
        new(new("", "v1", "endpoints"), "Endpoints", HasStatus: false),
        new(new("discovery.k8s.io", "v1", "endpointslices"), "EndpointSlice", HasStatus: false),
        new(new("", "v1", "persistentvolumeclaims"), "PersistentVolumeClaim"),
        new(new("networking.k8s.io", "v1", "ingresses"), "Ingress"),
        new(new("networking.k8s.io", "v1", "networkpolicies"), "NetworkPolicy", HasStatus: false),
        new(new("autoscaling", "v2", "horizontalpodautoscalers"), "HorizontalPodAutoscaler"),
        new(new("policy", "v1", "poddisruptionbudgets"), "PodDisruptionBudget"),
    ];

    /// <summary>
    /// Kinds whose objects make others, which <c>--cascade=orphan</c> leaves. What they made runs in data planes, so a server lets go of an object that is deleted so only once the
    /// controllers have told them.
    /// </summary>
    public static readonly FrozenSet<GroupResource> WithDependents =
        All.Where(k => k.Kind is "Deployment" or "ReplicaSet" or "ReplicationController" or "StatefulSet" or "DaemonSet" or "Job" or "CronJob").Select(k => k.Resource.GroupResource).ToFrozenSet();

    /// <summary>Kinds whose objects are pods or make them. All others are there for those.</summary>
    public static readonly FrozenSet<GroupKind> Workloads =
        All.Where(k => k.Kind is "Pod" || WithDependents.Contains(k.Resource.GroupResource)).Select(k => k.GroupKind).ToFrozenSet();

    private static readonly FrozenDictionary<GroupKind, PlaceableKind> ByKind = All.ToFrozenDictionary(k => k.GroupKind);

    public static PlaceableKind? Find(GroupKind kind) => ByKind.GetValueOrDefault(kind);
}
