using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Registry;

/// <summary>
/// autoscaling/v1 over v2: the one CPU target of v1 is the resource metric <c>cpu</c> of v2, and what else v2 says stands in annotations, so that a client of v1 that writes back what
/// it read loses nothing. Upstream: <c>pkg/apis/autoscaling/v1/conversion.go</c>.
/// </summary>
internal sealed class AutoscalerConversion : IVersionConversion
{
    private const string CpuTarget = "targetCPUUtilizationPercentage", CpuUsed = "currentCPUUtilizationPercentage";

    public void FromStored(JsonObject json)
    {
        json["apiVersion"] = "autoscaling/v1";
        AutoscalerAnnotations.Drop(json);
        JsonObject[] metrics = [], current = [], conditions = [];
        JsonNode? behavior = null;
        if (json["spec"] is JsonObject spec)
        {
            metrics = Taken(spec, "metrics");
            spec.Remove("behavior", out behavior);
            if (metrics.FirstOrDefault(AutoscalerMetricForms.IsCpu)?.NodeAt("resource", "target", "averageUtilization") is { } target)
            {
                spec[CpuTarget] = target.DeepClone();
            }
        }

        if (json["status"] is JsonObject status)
        {
            current = Taken(status, "currentMetrics");
            conditions = Taken(status, "conditions");
            if (current.Where(AutoscalerMetricForms.IsCpu).Select(m => m.NodeAt("resource", "current", "averageUtilization")).LastOrDefault(used => used is not null) is { } used)
            {
                status[CpuUsed] = used.DeepClone();
            }
        }

        AutoscalerAnnotations.Write(
            json, [.. metrics.Where(m => !AutoscalerMetricForms.IsCpu(m) || m.NodeAt("resource", "target", "averageUtilization") is null)], behavior as JsonObject, current, conditions);
    }

    public void ToStored(JsonObject json)
    {
        json["apiVersion"] = "autoscaling/v2";
        (JsonArray? metrics, JsonObject? behavior, JsonArray? current, JsonArray? conditions) = AutoscalerAnnotations.Read(json.NodeAt("metadata", "annotations") as JsonObject);
        AutoscalerAnnotations.Drop(json);
        if (json["spec"] is JsonObject spec)
        {
            if (spec.Remove(CpuTarget, out JsonNode? target) && target is not null)
            {
                (metrics ??= []).Add((JsonNode)AutoscalerMetricForms.Cpu("target", target));
            }

            Set(spec, "metrics", metrics);
            Set(spec, "behavior", behavior);
        }

        if (json["status"] is JsonObject status)
        {
            // The annotation says more.
            Set(status, "currentMetrics", status.Remove(CpuUsed, out JsonNode? used) && used is not null && current is null ? new JsonArray(AutoscalerMetricForms.Cpu("current", used)) : current);
            Set(status, "conditions", conditions);
        }
    }

    private static void Set(JsonObject json, string member, JsonNode? value)
    {
        if (value is not null)
        {
            json[member] = value;
        }
    }

    /// <summary>Takes a list out.</summary>
    private static JsonObject[] Taken(JsonObject json, string member) => json.Remove(member, out JsonNode? list) && list is JsonArray items ? [.. items.OfType<JsonObject>()] : [];
}
