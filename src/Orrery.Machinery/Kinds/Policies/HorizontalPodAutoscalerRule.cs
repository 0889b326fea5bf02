using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Policies;

/// <summary>autoscaling/v2; v1 is another face of the same objects.</summary>
internal sealed class HorizontalPodAutoscalerRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.Fill("minReplicas", 1);
        if (spec.Count("metrics") == 0)
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 } },
            });
        }

        if (spec.Child("behavior") is { } behavior)
        {
            DefaultScaling(behavior.ObjectAt("scaleUp"), ("Pods", 4), ("Percent", 100));
            behavior.ObjectAt("scaleUp").Fill("stabilizationWindowSeconds", 0);
            DefaultScaling(behavior.ObjectAt("scaleDown"), ("Percent", 100));
        }

        o.ObjectAt("status");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        ValidateSpec(spec, spec.Child("behavior"), faults);
    }

    internal static void ValidateSpec(JsonObject spec, JsonObject? behavior, Faults faults)
    {
        AutoscalerBounds.Validate(spec, faults);
        AutoscalerMetrics.Validate(spec, faults);
        AutoscalerBounds.ValidateZero(spec, faults);
        AutoscalerBehavior.Validate(behavior, faults);
    }

    private static void DefaultScaling(JsonObject rules, params ReadOnlySpan<(string Type, int Value)> policies)
    {
        rules.FillText("selectPolicy", "Max");
        if (rules.Count("policies") > 0)
        {
            return;
        }

        var list = new JsonArray();
        foreach ((string type, int value) in policies)
        {
            list.Add((JsonNode)new JsonObject { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 });
        }

        rules["policies"] = list;
    }
}

internal sealed class HorizontalPodAutoscalerV1Rule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.Fill("minReplicas", 1);
        if (AutoscalerAnnotations.Read(o.NodeAt("metadata", "annotations") as JsonObject).Metrics is not { Count: > 0 })
        {
            // Told nothing, it goes by the CPU, as v2 does; what this version cannot say stands in the annotation.
            spec.Fill("targetCPUUtilizationPercentage", 80);
        }

        JsonObject status = o.ObjectAt("status");
        status.Fill("currentReplicas", 0);
        status.Fill("desiredReplicas", 0);
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        // As what it stands for.
        (JsonArray? metrics, JsonObject? behavior, _, _) = AutoscalerAnnotations.Read(o.NodeAt("metadata", "annotations") as JsonObject);
        var spec = (JsonObject)o.ObjectAt("spec").DeepClone();
        if (spec["targetCPUUtilizationPercentage"] is { } target)
        {
            (metrics ??= []).Add((JsonNode)AutoscalerMetricForms.Cpu("target", target));
        }

        spec["metrics"] = metrics;
        HorizontalPodAutoscalerRule.ValidateSpec(spec, behavior, faults);
    }
}

internal static class AutoscalerBounds
{
    /// <summary>Nothing that runs could tell that something is to run again.</summary>
    public static void ValidateZero(JsonObject spec, Faults faults)
    {
        if (spec.Number("minReplicas") == 0 && !spec.Items("metrics").Any(m => m.Text("type") is "Object" or "External"))
        {
            faults.Forbidden("spec.metrics", "must specify at least one Object or External metric to support scaling to zero replicas");
        }
    }

    public static void Validate(JsonObject spec, Faults faults)
    {
        if (spec.Number("minReplicas") is < 1 and var least)
        {
            faults.Invalid("spec.minReplicas", least, "must be greater than or equal to 1");
        }

        long most = spec.Number("maxReplicas") ?? 0;
        if (most < 1)
        {
            faults.Invalid("spec.maxReplicas", most, "must be greater than 0");
        }

        if (spec.Number("minReplicas") is { } min && most < min)
        {
            faults.Invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`");
        }

        JsonObject target = spec.ObjectAt("scaleTargetRef");
        foreach (string member in new[] { "kind", "name" })
        {
            if (target.Text(member) is { Length: > 0 } value)
            {
                faults.All("spec.scaleTargetRef." + member, value, Names.CheckPathSegment(value));
            }
            else
            {
                faults.Required("spec.scaleTargetRef." + member);
            }
        }

        // ReplicationControllers are the one scalable kind of the core group.
        if (target.Text("apiVersion").Length == 0 && target.Text("kind") != "ReplicationController")
        {
            faults.Invalid("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group");
        }
    }
}
