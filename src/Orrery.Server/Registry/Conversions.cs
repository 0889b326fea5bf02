using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>Built-in kinds that are served in another version than they are kept in.</summary>
internal static class Conversions
{
    public static IVersionConversion? Find(GroupVersionKind kind) => kind switch
    {
        { Group: "events.k8s.io", Kind: "Event" } => new EventConversion(),
        { Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler" } => new AutoscalerConversion(),
        _ => null,
    };

    /// <summary>events.k8s.io/v1 over core/v1: other names for the same fields (api/events/v1 conversion).</summary>
    private sealed class EventConversion : IVersionConversion
    {
        private static readonly (string Stored, string Served)[] Names =
        [
            ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
            ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
        ];

        public void FromStored(JsonObject json)
        {
            json["apiVersion"] = "events.k8s.io/v1";
            foreach ((string stored, string served) in Names)
            {
                Rename(json, stored, served);
            }
        }

        public void ToStored(JsonObject json)
        {
            json["apiVersion"] = "v1";
            foreach ((string stored, string served) in Names)
            {
                Rename(json, served, stored);
            }

            json["involvedObject"] ??= new JsonObject();
        }
    }

    /// <summary>autoscaling/v1 over v2: the one CPU target of v1 is the resource metric <c>cpu</c> of v2.</summary>
    private sealed class AutoscalerConversion : IVersionConversion
    {
        public void FromStored(JsonObject json)
        {
            json["apiVersion"] = "autoscaling/v1";
            if (json["spec"] is JsonObject spec && spec.Remove("metrics", out JsonNode? metrics))
            {
                spec.Remove("behavior");
                if (Cpu(metrics)?.NodeAt("resource", "target", "averageUtilization") is { } target)
                {
                    spec["targetCPUUtilizationPercentage"] = target.DeepClone();
                }
            }

            if (json["status"] is JsonObject status)
            {
                status.Remove("conditions");
                if (status.Remove("currentMetrics", out JsonNode? current) && Cpu(current)?.NodeAt("resource", "current", "averageUtilization") is { } used)
                {
                    status["currentCPUUtilizationPercentage"] = used.DeepClone();
                }
            }
        }

        public void ToStored(JsonObject json)
        {
            json["apiVersion"] = "autoscaling/v2";
            if (json["spec"] is JsonObject spec && spec.Remove("targetCPUUtilizationPercentage", out JsonNode? target))
            {
                spec["metrics"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Resource",
                    ["resource"] = new JsonObject
                    {
                        ["name"] = "cpu",
                        ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = target?.DeepClone() },
                    },
                });
            }

            (json["status"] as JsonObject)?.Remove("currentCPUUtilizationPercentage");
        }

        private static JsonObject? Cpu(JsonNode? metrics) =>
            (metrics as JsonArray)?.OfType<JsonObject>().FirstOrDefault(m => m.TextAt("type") == "Resource" && m.TextAt("resource", "name") == "cpu");
    }

    private static void Rename(JsonObject json, string from, string to)
    {
        if (json.Remove(from, out JsonNode? value))
        {
            json[to] = value;
        }
    }
}
