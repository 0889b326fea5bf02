using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

/// <summary>What Deployment, ReplicaSet, StatefulSet and DaemonSet have in common: a selector, a pod template and a status.</summary>
internal abstract class WorkloadRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        PodTemplates.Default(spec);
        DefaultSpec(spec);
        o.ObjectAt("status");
    }

    public override void Validate(JsonObject o, Faults faults) => ValidateSpec(o.ObjectAt("spec"), null, faults);

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        ValidateSpec(o.ObjectAt("spec"), old.Child("spec"), faults);
        faults.MayNotChange("spec.selector", o.Child("spec")?["selector"], old.Child("spec")?["selector"]);
    }

    protected virtual void DefaultSpec(JsonObject spec)
    {
    }

    /// <param name="old">Null on create.</param>
    protected abstract void ValidateSpec(JsonObject spec, JsonObject? old, Faults faults);
}
