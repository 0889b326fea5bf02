using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>A metric of an autoscaler, as the annotations of <c>autoscaling/v1</c> have it and as v2 does. Upstream: <c>pkg/apis/autoscaling/v1/conversion.go</c>.</summary>
public static class AutoscalerMetricForms
{
    /// <summary>The amount that upstream's types have where v2 says none.</summary>
    private const string Zero = "0";

    private static readonly string[] Sources = ["object", "pods", "resource", "containerResource", "external"];

    /// <param name="metric">As v2 has it.</param>
    /// <param name="member"><c>target</c> for what is wanted, <c>current</c> for what is.</param>
    public static JsonObject ToV1(JsonObject metric, string member)
    {
        var made = new JsonObject { ["type"] = metric["type"]?.DeepClone() };
        foreach (string source in Sources)
        {
            if (metric.Child(source) is not { } of)
            {
                continue;
            }

            JsonObject amounts = of.Child(member) ?? [], to = [];
            made[source] = to;
            bool isTarget = member == "target", isResource = source is "resource" or "containerResource";
            if (isResource)
            {
                Copy(of, "name", to, "name");
                Copy(amounts, "averageUtilization", to, member + "AverageUtilization");
                Copy(amounts, "averageValue", to, member + "AverageValue", isTarget ? null : Zero);
                Copy(of, "container", to, "container");
                continue;
            }

            if (source == "object")
            {
                Copy(of, "describedObject", to, "target");
            }

            JsonObject named = of.Child("metric") ?? [];
            Copy(named, "name", to, "metricName", "");
            Copy(named, "selector", to, source == "external" ? "metricSelector" : "selector");
            if (source != "pods")
            {
                Copy(amounts, "value", to, member + "Value", source == "external" && isTarget ? null : Zero);
            }

            Copy(amounts, "averageValue", to, source == "object" ? "averageValue" : member + "AverageValue", source == "pods" ? Zero : null);
        }

        return made;
    }

    /// <param name="metric">As v1 has it.</param>
    /// <param name="member"><c>target</c> for what is wanted, <c>current</c> for what is.</param>
    public static JsonObject ToV2(JsonObject metric, string member)
    {
        var made = new JsonObject { ["type"] = metric["type"]?.DeepClone() };
        foreach (string source in Sources)
        {
            if (metric.Child(source) is not { } of)
            {
                continue;
            }

            JsonObject amounts = [], to = [];
            made[source] = to;
            if (source is "resource" or "containerResource")
            {
                Copy(of, "name", to, "name");
                Copy(of, "container", to, "container");
                Copy(of, member + "AverageUtilization", amounts, "averageUtilization");
                Copy(of, member + "AverageValue", amounts, "averageValue");
            }
            else
            {
                if (source == "object")
                {
                    Copy(of, "target", to, "describedObject");
                }

                var named = new JsonObject();
                Copy(of, "metricName", named, "name", "");
                Copy(of, source == "external" ? "metricSelector" : "selector", named, "selector");
                to["metric"] = named;
                Copy(of, member + "Value", amounts, "value");
                Copy(of, source == "object" ? "averageValue" : member + "AverageValue", amounts, "averageValue");
                if (amounts.Has("averageValue") && amounts.Text("value") == Zero)
                {
                    // What v1 has to say where only the other is meant.
                    amounts.Remove("value");
                }
            }

            if (member == "target")
            {
                amounts.Insert(0, "type", amounts.Has("averageUtilization") ? "Utilization" : amounts.Has("value") && !(source == "object" && amounts.Has("averageValue")) ? "Value" : "AverageValue");
            }

            to[member] = amounts;
        }

        return made;
    }

    /// <summary>The CPU alone, by the share that is used of what was asked for.</summary>
    public static JsonObject Cpu(string member, JsonNode share)
    {
        JsonObject value = member == "target" ? new JsonObject { ["type"] = "Utilization" } : [];
        value["averageUtilization"] = share.DeepClone();
        return new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [member] = value } };
    }

    public static bool IsCpu(JsonObject metric) => metric.Text("type") == "Resource" && metric.TextAt("resource", "name") == "cpu";

    /// <summary>All metrics of an object of v1, wanted and current, as v2 has them: the CPU among the others where what is current has it.</summary>
    internal static (JsonElement[] Wanted, JsonElement[] Current) OfV1(KubeObject autoscaler)
    {
        (JsonArray? others, _, JsonArray? known, _) = AutoscalerAnnotations.Read(autoscaler.At("metadata", "annotations") is { } annotations ? KubeJson.ToNode(annotations) as JsonObject : null);
        List<JsonObject> wanted = [.. (others ?? []).OfType<JsonObject>()];
        JsonObject[] current = known is not null ? [.. known.OfType<JsonObject>()] : autoscaler.NumberAt("status", "currentCPUUtilizationPercentage") is { } used ? [Cpu("current", used)] : [];
        if (autoscaler.NumberAt("spec", "targetCPUUtilizationPercentage") is { } share)
        {
            int at = Array.FindIndex(current, IsCpu);
            wanted.Insert(at < 0 || at > wanted.Count ? wanted.Count : at, Cpu("target", share));
        }

        return ([.. wanted.Select(KubeJson.ToElement)], [.. current.Select(KubeJson.ToElement)]);
    }

    /// <param name="otherwise">Where there is nothing to copy; null leaves it out.</param>
    private static void Copy(JsonObject from, string name, JsonObject to, string under, string? otherwise = null)
    {
        if ((from[name]?.DeepClone() ?? otherwise) is { } value)
        {
            to[under] = value;
        }
    }
}
