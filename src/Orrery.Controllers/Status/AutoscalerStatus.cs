using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Status;

/// <summary>Merges what autoscalers say: replicas add up, and what is measured is the mean over them.</summary>
internal static class AutoscalerStatus
{
    public static void Merge(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        WorkloadStatus.Sum(status, known, "desiredReplicas", always: true);
        WorkloadStatus.Sum(status, known, "currentReplicas", always: false);
        if (known.Select(r => r.Text("lastScaleTime")).Max(StringComparer.Ordinal) is { } last)
        {
            status["lastScaleTime"] = last;
        }

        List<(JsonElement[] Metrics, long Weight)> said = [.. known.Select(r => (
            r.Part("currentMetrics") is { ValueKind: JsonValueKind.Array } all ? all.EnumerateArray().ToArray() : [], Math.Max(1, r.Number("currentReplicas"))))];

        // In the order of spec.metrics, as who shows them counts.
        int count = said.Select(s => s.Metrics.Length).DefaultIfEmpty().Max();
        JsonNode[] metrics = [.. Enumerable.Range(0, count).Select(i => Mean([.. said.Where(s => i < s.Metrics.Length).Select(s => ((JsonObject)KubeJson.ToNode(s.Metrics[i])!, s.Weight))]))];
        if (metrics.Length > 0)
        {
            status["currentMetrics"] = new JsonArray(metrics);
        }

        conditions.All(known);
    }

    /// <summary>A metric that is known nowhere stands without a type, as upstream's controller leaves it.</summary>
    private static JsonNode Mean(List<(JsonObject Metric, long Weight)> all)
    {
        all.RemoveAll(m => Source(m.Metric)?["current"] is not JsonObject);
        if (all.Count < 2)
        {
            return all.Count == 1 ? all[0].Metric : new JsonObject { ["type"] = "" };
        }

        JsonObject figures = Source(all[0].Metric)!["current"]!.AsObject();
        foreach (string figure in figures.Select(f => f.Key).ToList())
        {
            List<(Quantity Amount, long Weight)> known =
            [
                .. from m in all
                   let value = Source(m.Metric)!["current"]![figure]
                   where value is not null && Quantity.TryParse(value.ToString(), out _)
                   select (Quantity.Parse(value.ToString()), m.Weight),
            ];
            if (known.Count > 0)
            {
                long mean = (long)(known.Sum(s => (decimal)s.Amount.MilliValue * s.Weight) / known.Sum(s => s.Weight));
                figures[figure] = figure == "averageUtilization" ? mean / 1000 : Quantity.FromMilli(mean).ToString();
            }
        }

        return all[0].Metric;
    }

    /// <summary>The member that is named after the metric's type: <c>resource</c> of type <c>Resource</c>.</summary>
    private static JsonObject? Source(JsonObject metric) =>
        metric.TextAt("type") is { Length: > 0 } type ? metric[char.ToLowerInvariant(type[0]).ToString(CultureInfo.InvariantCulture) + type[1..]] as JsonObject : null;
}
