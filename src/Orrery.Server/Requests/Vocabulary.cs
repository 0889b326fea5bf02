using System.Collections.Frozen;

namespace Orrery.Server.Requests;

/// <summary>Words that requests have in common: one string for all of them, however many requests there are and however long they last.</summary>
internal static class Vocabulary
{
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Words = FrozenSet.ToFrozenSet(
        [
            // 1. Paths: prefixes, groups and versions, namespaces, and the resources that most requests are about.
            "api", "apis", "v1", "v1alpha1", "v1beta1", "v2", "namespaces", "default", "kube-system", "status", "watch",
            "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "storage.k8s.io",
            "apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io", "scheduling.k8s.io", "node.k8s.io", "certificates.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "orrery.dev",
            "pods", "configmaps", "secrets", "services", "serviceaccounts", "events", "endpoints", "nodes", "persistentvolumeclaims", "persistentvolumes", "resourcequotas", "limitranges", "replicationcontrollers",
            "deployments", "replicasets", "statefulsets", "daemonsets", "controllerrevisions", "jobs", "cronjobs", "ingresses", "networkpolicies", "endpointslices", "leases", "poddisruptionbudgets",
            "horizontalpodautoscalers", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "customresourcedefinitions", "storageclasses", "priorityclasses",
            "works", "observations", "dataplanes", "virtualclusters", "tenants", "tenancies", "installations", "releases", "applications",

            // 2. Queries.
            "resourceVersion", "resourceVersionMatch", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds", "timeout", "limit", "continue", "labelSelector", "fieldSelector",
            "fieldManager", "fieldValidation", "dryRun", "force", "pretty", "propagationPolicy", "true", "false", "0", "1", "500", "Strict", "Warn", "Ignore", "NotOlderThan",
        ],
        StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The text as a string.</summary>
    public static string Of(ReadOnlySpan<char> text) => Words.TryGetValue(text, out string? known) ? known : text.ToString();
}
