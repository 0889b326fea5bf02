using System.Collections.Frozen;

namespace Orrery.Satellite.Policy;

/// <summary>
/// Kinds of Kubernetes' own groups to which none, or hardly any, are added: a name in one of these that is not among them was misspelled, and would forbid nothing. Of other groups nobody knows what
/// the cluster will serve.
/// </summary>
internal static class SettledKinds
{
    private static readonly FrozenDictionary<string, string[]> ByGroup = new Dictionary<string, string[]>
    {
        [""] =
        [
            "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "ResourceQuota", "Secret",
            "Service", "ServiceAccount",
        ],
        ["apps"] = ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        ["autoscaling"] = ["HorizontalPodAutoscaler"],
        ["batch"] = ["CronJob", "Job"],
        ["networking.k8s.io"] = ["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"],
        ["policy"] = ["PodDisruptionBudget"],
        ["rbac.authorization.k8s.io"] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What is wrong with a kind as the policy writes it, such as <c>Deployment.apps</c>.</summary>
    /// <returns>Null when nothing is known to be.</returns>
    public static string? Fault(string kind)
    {
        int dot = kind.IndexOf('.', StringComparison.Ordinal);
        (string name, string group) = dot < 0 ? (kind, "") : (kind[..dot], kind[(dot + 1)..]);
        return !ByGroup.TryGetValue(group, out string[]? known) || known.Contains(name, StringComparer.Ordinal) ? null
            : group.Length > 0 ? $"\"{kind}\" is no kind; group {group} has {string.Join(", ", known)}"
            : ByGroup.FirstOrDefault(g => g.Value.Contains(name, StringComparer.Ordinal)).Key is { } other ? $"\"{kind}\" lacks its group; it is written {kind}.{other}"
            : $"\"{kind}\" is no kind; those without a group are {string.Join(", ", known)}";
    }
}
