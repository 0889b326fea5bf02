using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

internal sealed class ReplicaSetRule : WorkloadRule
{
    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.ObjectAt("status");
        WorkloadStatus.Validate(status, faults, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration");
        long total = status.Number("replicas") ?? 0;
        WorkloadStatus.NotAbove(status, "fullyLabeledReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "readyReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "availableReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "availableReplicas", status.Number("readyReplicas") ?? 0, "cannot be greater than readyReplicas", faults);
    }

    public override void Default(JsonObject o)
    {
        base.Default(o);
        o.ObjectAt("status").Fill("replicas", 0);
    }

    protected override void DefaultSpec(JsonObject spec) => spec.Fill("replicas", 1);

    protected override void ValidateSpec(JsonObject spec, JsonObject? old, Faults faults)
    {
        faults.MayNotBeNegative("spec.replicas", spec.Number("replicas"));
        faults.MayNotBeNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        if (Selectors.ValidateWorkload(spec, "ReplicaSet", faults))
        {
            TemplateValidation.Validate(spec, "spec.template", ["Always"], faults);
        }
    }
}
