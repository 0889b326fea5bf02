using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Discovery;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Metrics;

/// <summary>Answers <c>metrics.k8s.io</c> of a simulated cluster, as a metrics server would.</summary>
/// <param name="pods">Null until the simulation has begun.</param>
/// <param name="nodes">Null until the simulation has begun.</param>
internal sealed class MetricsApi(Func<Informer?> pods, Func<Informer?> nodes, TimeProvider time) : IGroupHandler
{
    private const int WindowSeconds = 15;

    public ApiGroupSurface Surface => ResourceMetrics.Surface;

    public ValueTask<bool> IsServedAsync(ClusterName cluster, CancellationToken cancellationToken) => ValueTask.FromResult(cluster.IsRoot);

    public async Task HandleAsync(GroupRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        bool isPods = asked.Resource == ResourceMetrics.Pods;
        LabelSelector selector = LabelSelector.Parse(asked.LabelSelector);
        IEnumerable<KubeObject> meant = (isPods ? pods() : nodes())?.All() ?? [];
        if (isPods)
        {
            // Nothing is measured of what does not run.
            meant = meant.Where(p => p.PodPhase == "Running" && (asked.Namespace.Length == 0 || p.Namespace == asked.Namespace));
        }

        List<JsonObject> measured =
        [
            .. meant.Where(o => (asked.Name.Length == 0 || o.Name == asked.Name) && selector.Matches(o.Labels))
                .OrderBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal)
                .Select(o => isPods ? OfPod(o) : OfNode(o)),
        ];

        await MetricsAnswer.WriteAsync(asked, measured, http, time, cancellationToken).ConfigureAwait(false);
    }

    private JsonObject OfPod(KubeObject pod)
    {
        JsonObject json = Head(pod);
        json["containers"] = new JsonArray([.. SimulatedUsage.OfContainers(pod).Select(c => (JsonNode)new JsonObject { ["name"] = c.Name, ["usage"] = Json(c.Usage) })]);
        return json;
    }

    private JsonObject OfNode(KubeObject node)
    {
        SimulatedUsage usage = SimulatedUsage.Idle;
        foreach (KubeObject pod in pods()?.ByIndex("node", node.Name) ?? [])
        {
            if (pod.PodPhase == "Running")
            {
                usage = SimulatedUsage.OfContainers(pod).Aggregate(usage, (sum, c) => sum + c.Usage);
            }
        }

        JsonObject json = Head(node);
        json["usage"] = Json(usage);
        return json;
    }

    private JsonObject Head(KubeObject of)
    {
        DateTimeOffset now = time.GetUtcNow();
        var metadata = new JsonObject { ["name"] = of.Name, ["creationTimestamp"] = Conditions.Time(now) };
        if (of.Namespace.Length > 0)
        {
            metadata["namespace"] = of.Namespace;
        }

        if (of.At("metadata", "labels") is { } labels)
        {
            metadata["labels"] = KubeJson.ToNode(labels);
        }

        return new JsonObject
        {
            ["metadata"] = metadata,
            ["timestamp"] = Conditions.Time(DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() / WindowSeconds * WindowSeconds)),
            ["window"] = $"{WindowSeconds}s",
        };
    }

    private static JsonObject Json(SimulatedUsage usage) => new()
    {
        ["cpu"] = string.Create(CultureInfo.InvariantCulture, $"{usage.MilliCpu}m"),
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{usage.MemoryKi}Ki"),
    };
}
