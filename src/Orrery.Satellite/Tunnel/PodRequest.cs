using Orrery.Api;

namespace Orrery.Satellite.Tunnel;

/// <summary>A request about one pod of a virtual cluster, by the path that it has there.</summary>
/// <param name="Pod">Name of the mirrored pod.</param>
internal sealed record PodRequest(ClusterName Cluster, string Namespace, string Pod, string Subresource)
{
    private const int SegmentsBeforeTail = 11;

    /// <summary>Whether it is a stream both ways, rather than something to read.</summary>
    public bool IsStream => Subresource is not ("log" or "proxy");

    /// <summary>Whatever the client says is said to the pod itself.</summary>
    public bool IsProxy => Subresource == "proxy";

    /// <summary>In the path of a proxy before the pod's name: empty, <c>http:</c> or <c>https:</c>.</summary>
    public string Scheme { get; init; } = "";

    /// <summary>In the path of a proxy after the pod's name: empty, or a port behind its colon.</summary>
    public string Port { get; init; } = "";

    /// <returns>Null for anything else.</returns>
    public static PodRequest? Parse(string path) => path.Split('/') switch
    {
        ["", "clusters", var root, var cluster, "api", "v1", "namespaces", var ns, "pods", var pod, "log" or "exec" or "attach" or "portforward"]
            when IsName(root) && IsName(cluster) && IsName(ns) && IsName(pod) => new PodRequest(new ClusterName(root, cluster), ns, pod, path[(path.LastIndexOf('/') + 1)..]),
        ["", "clusters", var root, var cluster, "api", "v1", "namespaces", var ns, "pods", var pod, "proxy", ..]
            when IsName(root) && IsName(cluster) && IsName(ns) => Proxy(new ClusterName(root, cluster), ns, pod.Split(':')),
        _ => null,
    };

    /// <summary>What of a proxy's raw path is for the pod: from the slash after <c>proxy</c> on.</summary>
    public static string TailOf(string rawTarget)
    {
        int question = rawTarget.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? rawTarget : rawTarget[..question];
        int at = 0;
        for (int i = 0; i < SegmentsBeforeTail && at >= 0; i++)
        {
            at = path.IndexOf('/', at + (i == 0 ? 0 : 1));
        }

        return at < 0 ? "" : path[at..];
    }

    private static PodRequest? Proxy(ClusterName cluster, string ns, string[] name) => name switch
    {
        [var pod] when IsName(pod) => new PodRequest(cluster, ns, pod, "proxy"),
        [var pod, var port] when IsName(pod) && IsPort(port) => new PodRequest(cluster, ns, pod, "proxy") { Port = ":" + port },
        ["http" or "https", var pod, var port] when IsName(pod) && IsPort(port) => new PodRequest(cluster, ns, pod, "proxy") { Scheme = name[0] + ":", Port = ":" + port },
        _ => null,
    };

    private static bool IsPort(string text) => text.Length is > 0 and <= 15 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static bool IsName(string part) => Names.CheckDns1123Subdomain(part).Count == 0;
}
