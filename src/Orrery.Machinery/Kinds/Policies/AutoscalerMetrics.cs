using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Policies;

/// <summary>Rules for what a HorizontalPodAutoscaler looks at (<c>pkg/apis/autoscaling/validation</c>).</summary>
internal static class AutoscalerMetrics
{
    private static readonly (string Type, string Member)[] Sources = [("Object", "object"), ("External", "external"), ("Pods", "pods"), ("Resource", "resource"), ("ContainerResource", "containerResource")];

    public static void Validate(JsonObject spec, Faults faults)
    {
        int i = 0;
        foreach (JsonObject metric in spec.Items("metrics"))
        {
            ValidateMetric(metric, $"spec.metrics[{i++}]", faults);
        }
    }

    private static void ValidateMetric(JsonObject metric, string path, Faults faults)
    {
        string type = metric.Text("type");
        if (type.Length == 0)
        {
            faults.Required(path + ".type", "must specify a metric source type");
        }

        if (!Sources.Any(s => s.Type == type))
        {
            faults.NotSupported(path + ".type", type, "ContainerResource", "External", "Object", "Pods", "Resource");
        }

        string[] present = [.. Sources.Select(s => s.Member).Where(metric.Has)];
        if (present.Length > 0)
        {
            ValidateSource(present[0], metric.ObjectAt(present[0]), $"{path}.{present[0]}", faults);
        }

        string? expected = Sources.FirstOrDefault(s => s.Type == type).Member;
        if (expected is not null && !present.Contains(expected))
        {
            faults.Required($"{path}.{expected}", "must populate information for the given metric source");
        }

        foreach (string other in present.Length == 1 ? [] : present.Where(p => p != expected))
        {
            faults.Forbidden($"{path}.{other}", "must populate the given metric source only");
        }
    }

    private static void ValidateSource(string kind, JsonObject source, string path, Faults faults)
    {
        JsonObject target = source.ObjectAt("target");
        string targetAt = path + ".target";
        bool hasValue = target.Has("value"), hasAverage = target.Has("averageValue"), hasUtilization = target.Has("averageUtilization");
        if (kind is "resource" or "containerResource")
        {
            NeedName(source, path, "name", "must specify a resource name", faults);
            if (kind == "containerResource")
            {
                NeedName(source, path, "container", "must specify a container", faults);
            }

            ValidateTarget(target, targetAt, faults);
            if (!hasUtilization && !hasAverage)
            {
                faults.Required(targetAt + ".averageUtilization", "must set either a target raw value or a target utilization");
            }

            if (hasUtilization && hasAverage)
            {
                faults.Forbidden(targetAt + ".averageValue", "may not set both a target raw value and a target utilization");
            }

            return;
        }

        if (kind == "object")
        {
            ValidateReference(source.ObjectAt("describedObject"), path + ".describedObject", faults);
        }

        ValidateIdentifier(source.ObjectAt("metric"), path + ".metric", faults);
        ValidateTarget(target, targetAt, faults);
        switch (kind)
        {
            case "object" when !hasValue && !hasAverage:
                faults.Required(targetAt + ".averageValue", "must set either a target value or averageValue");
                break;
            case "external" when !hasValue && !hasAverage:
                faults.Required(targetAt + ".averageValue", "must set either a target value for metric or a per-pod target");
                break;
            case "external" when hasValue && hasAverage:
                faults.Forbidden(targetAt + ".value", "may not set both a target value for metric and a per-pod target");
                break;
            case "pods" when Read(target, "averageValue") is not { Sign: > 0 }:
                faults.Required(targetAt + ".averageValue", "must specify a positive target averageValue");
                break;
        }
    }

    private static void ValidateTarget(JsonObject target, string path, Faults faults)
    {
        string type = target.Text("type");
        if (type.Length == 0)
        {
            faults.Required(path + ".type", "must specify a metric target type");
        }

        if (type is not ("Utilization" or "Value" or "AverageValue"))
        {
            faults.Invalid(path + ".type", type, "must be either Utilization, Value, or AverageValue");
        }

        if (target.Number("averageUtilization") is < 1 and var utilization)
        {
            faults.Invalid(path + ".averageUtilization", utilization, "must be greater than 0");
        }

        foreach (string member in new[] { "value", "averageValue" })
        {
            if (Read(target, member) is { Sign: <= 0 } amount)
            {
                faults.Invalid($"{path}.{member}", amount.ToString(), "must be positive");
            }
        }
    }

    private static void ValidateIdentifier(JsonObject metric, string path, Faults faults)
    {
        NeedName(metric, path, "name", "must specify a metric name", faults);
        if (metric.Text("name") is { Length: > 0 } name)
        {
            faults.All(path + ".name", name, Names.CheckPathSegment(name));
        }
    }

    public static void ValidateReference(JsonObject reference, string path, Faults faults)
    {
        foreach (string member in new[] { "kind", "name" })
        {
            if (reference.Text(member) is { Length: > 0 } value)
            {
                faults.All($"{path}.{member}", value, Names.CheckPathSegment(value));
            }
            else
            {
                faults.Required($"{path}.{member}");
            }
        }
    }

    private static void NeedName(JsonObject o, string path, string member, string detail, Faults faults)
    {
        if (o.Text(member).Length == 0)
        {
            faults.Required($"{path}.{member}", detail);
        }
    }

    private static Quantity? Read(JsonObject target, string member) =>
        target[member] is { } node && Quantity.TryParse(node.IsText ? node.AsText() : node.ToJsonString(), out Quantity amount) ? amount : null;
}
