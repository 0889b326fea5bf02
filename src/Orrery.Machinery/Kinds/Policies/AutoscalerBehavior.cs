using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds.Policies;

/// <summary>Rules for how fast a HorizontalPodAutoscaler may scale.</summary>
internal static class AutoscalerBehavior
{
    private const int LongestWindow = 3600, LongestPeriod = 1800;

    public static void Validate(JsonObject? behavior, Faults faults)
    {
        foreach (string direction in new[] { "scaleUp", "scaleDown" })
        {
            if (behavior?.Child(direction) is { } rules)
            {
                ValidateRules(rules, "spec.behavior." + direction, faults);
            }
        }
    }

    private static void ValidateRules(JsonObject rules, string path, Faults faults)
    {
        if (rules.Number("stabilizationWindowSeconds") is { } window and (< 0 or > LongestWindow))
        {
            faults.Invalid(path + ".stabilizationWindowSeconds", window, window < 0 ? "must be greater than or equal to zero" : $"must be less than or equal to {LongestWindow}");
        }

        if (rules.Has("selectPolicy"))
        {
            faults.OneOf(path + ".selectPolicy", rules.Text("selectPolicy"), "Disabled", "Max", "Min");
        }

        if (rules.Count("policies") == 0)
        {
            faults.Required(path + ".policies", "must specify at least one Policy");
        }

        int i = 0;
        foreach (JsonObject policy in rules.Items("policies"))
        {
            string at = $"{path}.policies[{i++}]";
            faults.OneOf(at + ".type", policy.Text("type"), "Percent", "Pods");
            Positive(policy, "value", at, faults);
            Positive(policy, "periodSeconds", at, faults);
            if (policy.Number("periodSeconds") is > LongestPeriod and var period)
            {
                faults.Invalid(at + ".periodSeconds", period, $"must be less than or equal to {LongestPeriod}");
            }
        }
    }

    private static void Positive(JsonObject policy, string member, string path, Faults faults)
    {
        if ((policy.Number(member) ?? 0) <= 0)
        {
            faults.Invalid($"{path}.{member}", policy.Number(member) ?? 0, "must be greater than zero");
        }
    }
}
