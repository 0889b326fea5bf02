using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds.Apps;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class ReplicationControllerRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = [new("status.replicas", "0")];

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        PodTemplates.Default(spec);
        if (spec.ObjectAt("template").ObjectAt("metadata").Child("labels") is { Count: > 0 } labels)
        {
            if (spec.Count("selector") == 0)
            {
                spec["selector"] = labels.DeepClone();
            }

            if (o.Metadata.Count("labels") == 0)
            {
                o.Metadata["labels"] = labels.DeepClone();
            }
        }

        spec.Fill("replicas", 1);
        o.ObjectAt("status").Fill("replicas", 0);
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        faults.MayNotBeNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        if (spec.Count("selector") == 0)
        {
            faults.Required("spec.selector");
        }

        faults.MayNotBeNegative("spec.replicas", spec.Number("replicas"));
        if (!LabelSelector.FromLabels(spec.TextMap("selector")).Matches(spec.ObjectAt("template").ObjectAt("metadata").TextMap("labels")))
        {
            faults.Invalid("spec.template.metadata.labels", spec.ObjectAt("template").ObjectAt("metadata")["labels"], "`selector` does not match template `labels`");
        }

        TemplateValidation.Validate(spec, "spec.template", ["Always"], faults);
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults) =>
        WorkloadStatus.Validate(o.ObjectAt("status"), faults, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration");
}

internal sealed class PodTemplateRule : KindRule
{
    public override bool CountsGeneration => true;

    public override bool ChangesDesiredState(JsonObject o, JsonObject old) => !JsonFields.Same(o["template"], old["template"]);

    public override void Default(JsonObject o) => PodTemplates.Default(o);

    public override void Validate(JsonObject o, Faults faults) => TemplateValidation.Validate(o, "template", ["Always", "OnFailure", "Never"], faults);
}
