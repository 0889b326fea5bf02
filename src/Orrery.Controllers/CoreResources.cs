using Orrery.Api;

namespace Orrery.Controllers;

/// <summary>Resources of Kubernetes itself that controllers name.</summary>
internal static class CoreResources
{
    public static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");
    public static readonly GroupVersionResource Pods = new("", "v1", "pods");
    public static readonly GroupVersionResource Bindings = new("", "v1", "bindings");
    public static readonly GroupVersionResource Nodes = new("", "v1", "nodes");
    public static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    public static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    public static readonly GroupVersionResource Events = new("", "v1", "events");
    public static readonly GroupVersionResource ReplicaSets = new("apps", "v1", "replicasets");
    public static readonly GroupVersionResource ControllerRevisions = new("apps", "v1", "controllerrevisions");
    public static readonly GroupVersionResource Services = new("", "v1", "services");
    public static readonly GroupVersionResource Endpoints = new("", "v1", "endpoints");
    public static readonly GroupVersionResource EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices");
    public static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");
    public static readonly GroupVersionResource ServiceAccounts = new("", "v1", "serviceaccounts");
    public static readonly GroupVersionResource SigningRequests = new("certificates.k8s.io", "v1", "certificatesigningrequests");
    public static readonly GroupVersionResource ResourceQuotas = new("", "v1", "resourcequotas");
    public static readonly GroupVersionResource LimitRanges = new("", "v1", "limitranges");
    public static readonly GroupVersionResource Roles = new("rbac.authorization.k8s.io", "v1", "roles");
    public static readonly GroupVersionResource RoleBindings = new("rbac.authorization.k8s.io", "v1", "rolebindings");
    public static readonly GroupVersionResource ClusterRoles = new("rbac.authorization.k8s.io", "v1", "clusterroles");
    public static readonly GroupVersionResource ClusterRoleBindings = new("rbac.authorization.k8s.io", "v1", "clusterrolebindings");
    public static readonly GroupVersionResource ValidatingAdmissionPolicies = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies");
    public static readonly GroupVersionResource ValidatingAdmissionPolicyBindings = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings");
    public static readonly GroupVersionResource CustomResourceDefinitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions");
}
