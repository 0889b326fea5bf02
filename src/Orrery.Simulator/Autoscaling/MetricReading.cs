using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Metrics;

namespace Orrery.Simulator.Autoscaling;

/// <summary>What one metric of an autoscaler says: how many replicas it wants, and how it stands (upstream: <c>replica_calculator.go</c>). Pure.</summary>
/// <param name="Name">For people, as <c>cpu resource utilization (percentage of request)</c>.</param>
/// <param name="Current">An entry of <c>status.currentMetrics</c>; null where nothing was measured.</param>
/// <param name="Reason">Why there is no figure, as a condition's reason; empty where there is one.</param>
internal sealed record MetricReading(int Replicas, string Name, JsonObject? Current, string Reason, string Message)
{
    /// <summary>Nothing is done about a metric that is as near to its target as this.</summary>
    private const double Tolerance = 0.1;

    public bool IsKnown => Reason.Length == 0;

    /// <param name="replicas">What the target has now.</param>
    /// <param name="pods">The target's, whatever their state.</param>
    public static MetricReading Of(JsonElement metric, int replicas, IReadOnlyList<KubeObject> pods)
    {
        string type = metric.GetProperty("type").GetString() ?? "";
        (string member, string reason) = type switch
        {
            "Resource" => ("resource", "FailedGetResourceMetric"),
            "ContainerResource" => ("containerResource", "FailedGetContainerResourceMetric"),
            _ => ("", $"FailedGet{type}Metric"),
        };
        if (member.Length == 0)
        {
            return Unknown(reason, $"metrics of type {type} need an API that this cluster does not serve");
        }

        JsonElement source = metric.GetProperty(member);
        string resource = source.GetProperty("name").GetString()!;
        string? container = source.TryGetProperty("container", out JsonElement only) ? only.GetString() : null;
        List<KubeObject> live = [.. pods.Where(p => p.IsActivePod)];
        List<KubeObject> measured = [.. live.Where(p => p.PodPhase == "Running" && p.IsReadyPod)];
        if (measured.Count == 0 || resource is not ("cpu" or "memory"))
        {
            return Unknown(reason, $"failed to get {resource} utilization: unable to get metrics for resource {resource}: no metrics returned from resource metrics API");
        }

        long used = measured.Sum(p => Used(p, resource, container));
        JsonElement target = source.GetProperty("target");
        var current = new JsonObject { ["averageValue"] = Amount(used / measured.Count) };
        string name = container is null ? $"{resource} resource" : $"{resource} container resource";
        double perPod;
        Func<KubeObject, long> share;
        if (target.TryGetProperty("averageUtilization", out JsonElement percent))
        {
            foreach (KubeObject pod in live)
            {
                if (Unasked(pod, resource, container) is { } missing)
                {
                    return Unknown(reason, $"failed to get {resource} utilization: missing request for {resource} in container {missing} of Pod {pod.Name}");
                }
            }

            share = p => Asked(p, resource, container);
            perPod = percent.GetInt32() / 100.0;
            current["averageUtilization"] = used * 100 / Math.Max(1, measured.Sum(share));
            name += " utilization (percentage of request)";
        }
        else
        {
            share = static _ => 1;
            perPod = Quantity.TryParse(target.GetProperty("averageValue").GetString()!, out Quantity wanted) ? wanted.MilliValue : 1;
        }

        var entry = new JsonObject { ["name"] = resource, ["current"] = current };
        if (container is not null)
        {
            entry["container"] = container;
        }

        return new MetricReading(
            Wanted(used, perPod, replicas, measured, live, share), name, new JsonObject { ["type"] = type, [member] = entry }, "", "");
    }

    /// <summary>Pods that do not run yet use nothing where more are wanted: those that were asked for already are not asked for again.</summary>
    private static int Wanted(long used, double perPod, int replicas, List<KubeObject> measured, List<KubeObject> live, Func<KubeObject, long> share)
    {
        double ratio = used / (perPod * Math.Max(1, measured.Sum(share)));
        int count = measured.Count;
        if (ratio > 1 && live.Count > measured.Count)
        {
            double lower = used / (perPod * Math.Max(1, live.Sum(share)));
            if (lower < 1)
            {
                return replicas;
            }

            (ratio, count) = (lower, live.Count);
        }

        return Math.Abs(1 - ratio) <= Tolerance ? replicas : (int)Math.Ceiling(ratio * count);
    }

    private static MetricReading Unknown(string reason, string message) => new(0, "", null, reason, message);

    /// <summary>In thousandths.</summary>
    private static long Used(KubeObject pod, string resource, string? container) =>
        SimulatedUsage.OfContainers(pod).Where(c => container is null || c.Name == container).Sum(c => resource == "cpu" ? c.Usage.MilliCpu : c.Usage.MemoryKi * 1024 * 1000);

    /// <summary>In thousandths.</summary>
    private static long Asked(KubeObject pod, string resource, string? container) => Requests(pod, resource, container).Sum(r => r.Asked ?? 0);

    private static string? Unasked(KubeObject pod, string resource, string? container) =>
        Requests(pod, resource, container).Where(r => r.Asked is null).Select(r => r.Container).FirstOrDefault();

    private static IEnumerable<(string Container, long? Asked)> Requests(KubeObject pod, string resource, string? container) =>
        from c in pod.At("spec", "containers")!.Value.EnumerateArray()
        let name = c.GetProperty("name").GetString()!
        where container is null || name == container
        select (name, c.TryGetProperty("resources", out JsonElement all) && all.TryGetProperty("requests", out JsonElement asked)
            && asked.TryGetProperty(resource, out JsonElement amount) && Quantity.TryParse(amount.ToString(), out Quantity quantity) ? (long?)quantity.MilliValue : null);

    private static string Amount(long thousandths) => thousandths % 1000 == 0
        ? (thousandths / 1000).ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{thousandths}m");
}
