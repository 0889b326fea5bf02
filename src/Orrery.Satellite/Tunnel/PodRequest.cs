using Orrery.Api;

namespace Orrery.Satellite.Tunnel;

/// <summary>A request about one pod of a virtual cluster, by the path that it has there.</summary>
/// <param name="Pod">Name of the mirrored pod.</param>
internal sealed record PodRequest(ClusterName Cluster, string Namespace, string Pod, string Subresource)
{
    /// <summary>Whether it is a stream both ways, rather than something to read.</summary>
    public bool IsStream => Subresource != "log";

    /// <returns>Null for anything else.</returns>
    public static PodRequest? Parse(string path) => path.Split('/') switch
    {
        ["", "clusters", var root, var cluster, "api", "v1", "namespaces", var ns, "pods", var pod, "log" or "exec" or "attach" or "portforward"]
            when IsName(root) && IsName(cluster) && IsName(ns) && IsName(pod) => new PodRequest(new ClusterName(root, cluster), ns, pod, path[(path.LastIndexOf('/') + 1)..]),
        _ => null,
    };

    private static bool IsName(string part) => Names.CheckDns1123Subdomain(part).Count == 0;
}
