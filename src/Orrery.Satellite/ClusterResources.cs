using Orrery.Api;

namespace Orrery.Satellite;

/// <summary>Resources of Kubernetes itself that a satellite names.</summary>
internal static class ClusterResources
{
    public static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");
    public static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    public static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    public static readonly GroupVersionResource Pods = new("", "v1", "pods");
    public static readonly GroupVersionResource Nodes = new("", "v1", "nodes");
    public static readonly GroupVersionResource Events = new("", "v1", "events");
    public static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");
    public static readonly GroupVersionResource NetworkPolicies = new("networking.k8s.io", "v1", "networkpolicies");
    public static readonly GroupVersionResource ResourceQuotas = new("", "v1", "resourcequotas");
    public static readonly GroupVersionResource LimitRanges = new("", "v1", "limitranges");
    public static readonly GroupVersionResource PodMetrics = new("metrics.k8s.io", "v1beta1", "pods");
    public static readonly GroupVersionResource NodeMetrics = new("metrics.k8s.io", "v1beta1", "nodes");
    public static readonly GroupVersionResource Jobs = new("batch", "v1", "jobs");
    public static readonly GroupVersionResource EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices");
    public static readonly GroupVersionResource Definitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    public static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");
}
