namespace Orrery.Helm.Charts;

/// <summary>The order in which Helm installs kinds; kinds that it does not know come last, by name.</summary>
internal static class InstallOrder
{
    private static readonly string[] Kinds =
    [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList",
        "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
        "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
        "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
    ];

    private static int Rank(string kind) => Array.IndexOf(Kinds, kind) is >= 0 and var rank ? rank : int.MaxValue;

    /// <summary>Plain manifests in install order, then hooks in the same.</summary>
    public static List<Manifest> Sort(IReadOnlyCollection<Manifest> all) =>
        [.. Ordered(all.Where(m => m.Hook is null)), .. Ordered(all.Where(m => m.Hook is not null))];

    private static IEnumerable<Manifest> Ordered(IEnumerable<Manifest> some) =>
        some.OrderBy(m => Rank(m.Kind)).ThenBy(m => Rank(m.Kind) == int.MaxValue ? m.Kind : "", StringComparer.Ordinal);
}
