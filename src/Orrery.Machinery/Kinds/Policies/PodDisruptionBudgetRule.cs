using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds.Apps;

namespace Orrery.Machinery.Kinds.Policies;

internal sealed class PodDisruptionBudgetRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override bool ChecksMetadata => false;

    public override void Default(JsonObject o)
    {
        o.ObjectAt("spec");
        JsonObject status = o.ObjectAt("status");
        foreach (string count in new[] { "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods" })
        {
            status.Fill(count, 0);
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Has("minAvailable") && spec.Has("maxUnavailable"))
        {
            // Upstream prints its internal type here.
            faults.Invalid("spec", new JsonObject
            {
                ["MinAvailable"] = spec["minAvailable"]!.DeepClone(),
                ["Selector"] = spec["selector"]?.DeepClone(),
                ["MaxUnavailable"] = spec["maxUnavailable"]!.DeepClone(),
                ["UnhealthyPodEvictionPolicy"] = spec["unhealthyPodEvictionPolicy"]?.DeepClone(),
            }, "minAvailable and maxUnavailable cannot be both set");
        }

        foreach (string count in new[] { "minAvailable", "maxUnavailable" })
        {
            Rolling.ValidateCount(spec[count], "spec." + count, faults);
            Rolling.NotAboveAll(spec[count], "spec." + count, faults);
        }

        Selectors.Validate(spec.Child("selector"), "spec.selector", faults);
        if (spec.Text("unhealthyPodEvictionPolicy") is { Length: > 0 } policy)
        {
            faults.OneOf("spec.unhealthyPodEvictionPolicy", policy, "AlwaysAllow", "IfHealthyBudget");
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults) =>
        WorkloadStatus.Validate(o.ObjectAt("status"), faults, "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods");
}
