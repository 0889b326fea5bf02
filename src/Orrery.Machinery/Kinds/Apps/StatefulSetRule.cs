using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds.Core;

namespace Orrery.Machinery.Kinds.Apps;

internal sealed class StatefulSetRule : WorkloadRule
{
    private static readonly string[] Mutable = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];

    public override void Default(JsonObject o)
    {
        base.Default(o);
        JsonObject status = o.ObjectAt("status");
        status.Fill("replicas", 0);
        status.Fill("availableReplicas", 0);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        JsonObject before = old.ObjectAt("spec");
        ValidateSpec(spec, before, faults);
        if (spec.Select(m => m.Key).Union(before.Select(m => m.Key)).Any(name => !Mutable.Contains(name) && !JsonFields.Same(spec[name], before[name])))
        {
            faults.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.ObjectAt("status");
        WorkloadStatus.Validate(status, faults, "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration");
        WorkloadStatus.CollisionsMayNotDecrease(status, old.Child("status"), faults);
        long total = status.Number("replicas") ?? 0;
        foreach (string count in new[] { "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas" })
        {
            WorkloadStatus.NotAbove(status, count, total, "cannot be greater than status.replicas", faults);
        }

        WorkloadStatus.NotAbove(status, "availableReplicas", status.Number("readyReplicas") ?? 0, "cannot be greater than status.readyReplicas", faults);
    }

    protected override void DefaultSpec(JsonObject spec)
    {
        spec.Fill("replicas", 1);
        spec.FillText("podManagementPolicy", "OrderedReady");
        JsonObject strategy = spec.ObjectAt("updateStrategy");
        if (strategy.Text("type").Length == 0)
        {
            // Who names the type says the rest too, or nothing of it.
            strategy["type"] = "RollingUpdate";
            strategy.ObjectAt("rollingUpdate");
        }

        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Child("rollingUpdate")?.Fill("partition", 0);
        }

        spec.Fill("revisionHistoryLimit", 10);
        JsonObject retention = spec.ObjectAt("persistentVolumeClaimRetentionPolicy");
        retention.FillText("whenDeleted", "Retain");
        retention.FillText("whenScaled", "Retain");
        foreach (JsonObject claim in spec.Items("volumeClaimTemplates"))
        {
            claim["kind"] = "PersistentVolumeClaim";
            claim["apiVersion"] = "v1";
            PersistentVolumeClaimRule.DefaultClaim(claim);
        }
    }

    protected override void ValidateSpec(JsonObject spec, JsonObject? old, Faults faults)
    {
        if (spec.Text("podManagementPolicy") is not ("OrderedReady" or "Parallel"))
        {
            faults.Invalid("spec.podManagementPolicy", spec["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'");
        }

        ValidateStrategy(spec.ObjectAt("updateStrategy"), faults);
        JsonObject retention = spec.ObjectAt("persistentVolumeClaimRetentionPolicy");
        faults.OneOf("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", retention.Text("whenDeleted"), "Retain", "Delete");
        faults.OneOf("spec.persistentVolumeClaimRetentionPolicy.whenScaled", retention.Text("whenScaled"), "Retain", "Delete");
        faults.MayNotBeNegative("spec.replicas", spec.Number("replicas"));
        faults.MayNotBeNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        faults.MayNotBeNegative("spec.ordinals.start", spec.Child("ordinals")?.Number("start"));
        if (Selectors.ValidateWorkload(spec, "StatefulSet", faults))
        {
            TemplateValidation.ValidateLoosely(spec, faults);
        }

        faults.MayNotBeNegative("spec.revisionHistoryLimit", spec.Number("revisionHistoryLimit"));
    }

    private static void ValidateStrategy(JsonObject strategy, Faults faults)
    {
        const string Path = "spec.updateStrategy";
        switch (strategy.Text("type"))
        {
            case "":
                faults.Required(Path);
                break;
            case "OnDelete" when strategy.Has("rollingUpdate"):
                faults.Invalid(Path + ".rollingUpdate", strategy["rollingUpdate"], "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate":
                faults.MayNotBeNegative(Path + ".rollingUpdate.partition", strategy.Child("rollingUpdate")?.Number("partition"));
                break;
            case "OnDelete":
                break;
            default:
                faults.Invalid(Path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }
}
