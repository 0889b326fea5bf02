using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

internal sealed class DaemonSetRule : WorkloadRule
{
    /// <summary>The template's generation was a field once; v1 carries it as an annotation.</summary>
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    public override void PrepareForCreate(JsonObject o) => SetTemplateGeneration(o, 1);

    public override void PrepareForUpdate(JsonObject o, JsonObject old)
    {
        long before = long.TryParse(old.Metadata.Child("annotations")?.Text(TemplateGeneration), out long n) ? n : 1;
        bool changed = !JsonFields.Same(o.Child("spec")?["template"], old.Child("spec")?["template"]);
        SetTemplateGeneration(o, changed ? before + 1 : before);
    }

    public override void Default(JsonObject o)
    {
        base.Default(o);
        o.Metadata.ObjectAt("annotations").FillText(TemplateGeneration, "0");
        JsonObject status = o.ObjectAt("status");
        foreach (string count in new[] { "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady" })
        {
            status.Fill(count, 0);
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        WorkloadStatus.Validate(o.ObjectAt("status"), faults, "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable");
        WorkloadStatus.CollisionsMayNotDecrease(o.ObjectAt("status"), old.Child("status"), faults);
    }

    protected override void DefaultSpec(JsonObject spec)
    {
        JsonObject strategy = spec.ObjectAt("updateStrategy");
        strategy.FillText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            JsonObject rolling = strategy.ObjectAt("rollingUpdate");
            rolling.Fill("maxUnavailable", 1);
            rolling.Fill("maxSurge", 0);
        }

        spec.Fill("revisionHistoryLimit", 10);
    }

    protected override void ValidateSpec(JsonObject spec, JsonObject? old, Faults faults)
    {
        Selectors.ValidateWorkload(spec, "DaemonSet", faults);
        TemplateValidation.Validate(spec, "spec.template", ["Always"], faults);
        faults.MayNotBeNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        JsonObject strategy = spec.ObjectAt("updateStrategy");
        switch (strategy.Text("type"))
        {
            case "OnDelete":
                break;
            case "RollingUpdate" when strategy.Child("rollingUpdate") is { } rolling:
                ValidateRolling(rolling, "spec.updateStrategy.rollingUpdate", faults);
                break;
            case "RollingUpdate":
                faults.Required("spec.updateStrategy.rollingUpdate");
                break;
            default:
                faults.NotSupported("spec.updateStrategy", strategy["type"], "RollingUpdate", "OnDelete");
                break;
        }

        faults.MayNotBeNegative("spec.revisionHistoryLimit", spec.Number("revisionHistoryLimit"));
    }

    private static void ValidateRolling(JsonObject rolling, string path, Faults faults)
    {
        bool surges = !Rolling.IsZero(rolling["maxSurge"]);
        bool drops = !Rolling.IsZero(rolling["maxUnavailable"]);
        Rolling.ValidateCount(rolling["maxUnavailable"], path + ".maxUnavailable", faults);
        Rolling.ValidateCount(rolling["maxSurge"], path + ".maxSurge", faults);
        if (surges && drops)
        {
            faults.Invalid(path + ".maxSurge", rolling["maxSurge"], "may not be set when maxUnavailable is non-zero");
        }
        else if (!surges && !drops)
        {
            faults.Required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
        }

        Rolling.NotAboveAll(rolling["maxUnavailable"], path + ".maxUnavailable", faults);
        Rolling.NotAboveAll(rolling["maxSurge"], path + ".maxSurge", faults);
    }

    private static void SetTemplateGeneration(JsonObject o, long value) =>
        o.Metadata.ObjectAt("annotations")[TemplateGeneration] = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
