using Orrery.Api;

namespace Orrery.Server.Discovery;

/// <summary><c>metrics.k8s.io</c>, as <c>kubectl top</c> and autoscalers look for it.</summary>
public static class ResourceMetrics
{
    private static readonly string[] Verbs = ["get", "list"];

    public static readonly GroupVersionResource Nodes = new("metrics.k8s.io", "v1beta1", "nodes");

    public static readonly GroupVersionResource Pods = new("metrics.k8s.io", "v1beta1", "pods");

    public static readonly ApiGroupSurface Surface = new(
        Pods.Group,
        [
            new ApiVersionSurface(
                Pods.Version,
                [
                    new ApiResourceSurface { Name = Nodes.Resource, Singular = "", Kind = "NodeMetrics", Namespaced = false, Verbs = Verbs },
                    new ApiResourceSurface { Name = Pods.Resource, Singular = "", Kind = "PodMetrics", Namespaced = true, Verbs = Verbs },
                ]),
        ]);

    /// <summary>No figures for an object of that name: upstream names the kind of the figures, and a pod with its namespace.</summary>
    public static StatusException NotFound(GroupVersionResource resource, string ns, string name) =>
        ApiErrors.NotFound(new GroupResource(resource.Group, resource == Pods ? "podmetrics" : "nodemetrics"), ns.Length > 0 ? $"{ns}/{name}" : name);
}
