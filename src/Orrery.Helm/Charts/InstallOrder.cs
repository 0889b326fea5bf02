namespace Orrery.Helm.Charts;

/// <summary>The order in which Helm installs kinds; kinds that it does not know come last, by name.</summary>
public static class InstallOrder
{
    private static readonly string[] Kinds =
    [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList",
        "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
        "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
        "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
    ];

    /// <summary>The order in which Helm uninstalls them: what serves goes before what it needs.</summary>
    private static readonly string[] Leaving =
    [
        "APIService", "Ingress", "IngressClass", "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler", "Deployment", "ReplicaSet", "ReplicationController",
        "Pod", "DaemonSet", "RoleBindingList", "RoleBinding", "RoleList", "Role", "ClusterRoleBindingList", "ClusterRoleBinding", "ClusterRoleList", "ClusterRole",
        "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "SecretList", "Secret", "ServiceAccount", "PodDisruptionBudget",
        "PodSecurityPolicy", "LimitRange", "ResourceQuota", "NetworkPolicy", "Namespace", "PriorityClass",
    ];

    /// <summary>The place of a kind in the order of installing, from 0; kinds that Helm does not know share the last one.</summary>
    public static int PlaceOf(string kind) => Array.IndexOf(Kinds, kind) is >= 0 and var place ? place : Kinds.Length;

    /// <summary>
    /// The place of a kind in the order of uninstalling, from 0. Kinds that Helm does not know share the first one, unlike there: what holds them by a
    /// finalizer is still running then.
    /// </summary>
    public static int PlaceOfLeaving(string kind) => Array.IndexOf(Leaving, kind) + 1;

    private static int Rank(string kind) => Array.IndexOf(Kinds, kind) is >= 0 and var rank ? rank : int.MaxValue;

    /// <summary>Plain manifests in install order, then hooks in the same.</summary>
    internal static List<Manifest> Sort(IReadOnlyCollection<Manifest> all) =>
        [.. Ordered(all.Where(m => m.Hook is null)), .. Ordered(all.Where(m => m.Hook is not null))];

    private static IEnumerable<Manifest> Ordered(IEnumerable<Manifest> some) =>
        some.OrderBy(m => Rank(m.Kind)).ThenBy(m => Rank(m.Kind) == int.MaxValue ? m.Kind : "", StringComparer.Ordinal);
}
