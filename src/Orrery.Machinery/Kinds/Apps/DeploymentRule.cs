using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

internal sealed class DeploymentRule : WorkloadRule
{
    /// <summary>Annotations count: tools write what they want of a rollout there.</summary>
    public override bool ChangesDesiredState(JsonObject o, JsonObject old) =>
        base.ChangesDesiredState(o, old) || !JsonFields.Same(o.Metadata["annotations"], old.Metadata["annotations"]);

    public override void PrepareForStatusUpdate(JsonObject o, JsonObject old) => o.Metadata.CopyFrom(old.Metadata, "labels");

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.ObjectAt("status");
        WorkloadStatus.Validate(status, faults, "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas");
        WorkloadStatus.CollisionsMayNotDecrease(status, old.Child("status"), faults);
        long total = status.Number("replicas") ?? 0;
        WorkloadStatus.NotAbove(status, "updatedReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "readyReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "availableReplicas", total, "cannot be greater than status.replicas", faults);
        WorkloadStatus.NotAbove(status, "availableReplicas", status.Number("readyReplicas") ?? 0, "cannot be greater than readyReplicas", faults);
    }

    protected override void DefaultSpec(JsonObject spec)
    {
        spec.Fill("replicas", 1);
        JsonObject strategy = spec.ObjectAt("strategy");
        strategy.FillText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            JsonObject rolling = strategy.ObjectAt("rollingUpdate");
            rolling.Fill("maxUnavailable", "25%");
            rolling.Fill("maxSurge", "25%");
        }

        spec.Fill("revisionHistoryLimit", 10);
        spec.Fill("progressDeadlineSeconds", 600);
    }

    protected override void ValidateSpec(JsonObject spec, JsonObject? old, Faults faults)
    {
        faults.MayNotBeNegative("spec.replicas", spec.Number("replicas"));
        if (Selectors.ValidateWorkload(spec, "Deployment", faults))
        {
            TemplateValidation.Validate(spec, "spec.template", ["Always"], faults);
        }

        ValidateStrategy(spec.ObjectAt("strategy"), faults);
        faults.MayNotBeNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        faults.MayNotBeNegative("spec.revisionHistoryLimit", spec.Number("revisionHistoryLimit"));
        if (spec.Number("progressDeadlineSeconds") is { } deadline)
        {
            faults.MayNotBeNegative("spec.progressDeadlineSeconds", deadline);
            if (deadline <= (spec.Number("minReadySeconds") ?? 0))
            {
                faults.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
            }
        }
    }

    private static void ValidateStrategy(JsonObject strategy, Faults faults)
    {
        const string Path = "spec.strategy";
        switch (strategy.Text("type"))
        {
            case "Recreate" when strategy.Has("rollingUpdate"):
                faults.Forbidden(Path + ".rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate" when strategy.Child("rollingUpdate") is { } rolling:
                Rolling.Validate(rolling, Path + ".rollingUpdate", faults);
                if (Rolling.IsZero(rolling["maxUnavailable"]) && Rolling.IsZero(rolling["maxSurge"]))
                {
                    faults.Invalid(Path + ".rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
                }

                break;
            case "Recreate" or "RollingUpdate":
                break;
            default:
                faults.NotSupported(Path + ".type", strategy["type"], "Recreate", "RollingUpdate");
                break;
        }
    }
}
