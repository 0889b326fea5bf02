using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Devices;

internal sealed class ResourceClaimRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o) => DeviceRequests.Default(o.ObjectAt("spec"));

    public override void Validate(JsonObject o, Faults faults) => DeviceRequests.Validate(o.ObjectAt("spec"), "spec", faults);

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults) => faults.MayNotChange("spec", o["spec"], old["spec"]);

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.Child("status") ?? [];
        if (status.Count("reservedFor") > 0 && !status.Has("allocation"))
        {
            faults.Forbidden("status.reservedFor", "may not be specified when `allocated` is not set");
        }

        DeviceRequests.Set(status, "reservedFor", 256, "status", faults, (user, at) => faults.Need(user, at, "resource", "name", "uid"), "uid");
        if (old.Child("status")?.Has("allocation") == true && status.Has("allocation"))
        {
            faults.MayNotChange("status.allocation", status["allocation"], old.Child("status")!["allocation"]);
        }
    }
}

internal sealed class ResourceClaimTemplateRule : KindRule
{
    public override void Default(JsonObject o) => DeviceRequests.Default(o.ObjectAt("spec").ObjectAt("spec"));

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Child("metadata") is { } metadata)
        {
            ObjectMetaRules.ValidateLabels(metadata, "labels", "spec.metadata.labels", faults);
            ObjectMetaRules.ValidateAnnotations(metadata, "spec.metadata.annotations", faults);
        }

        DeviceRequests.Validate(spec.ObjectAt("spec"), "spec.spec", faults);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange("spec", o["spec"], old["spec"]);
    }
}

internal sealed class DeviceClassRule : KindRule
{
    private const int MostConfigurations = 32;

    public override bool CountsGeneration => true;

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        DeviceRequests.Selectors(spec, "spec", faults);
        DeviceRequests.Set(spec, "config", MostConfigurations, "spec", faults, (config, at) => DeviceRequests.Configuration(config, at, faults));
        if (spec.Text("extendedResourceName") is { Length: > 0 } name && (!name.Contains('/', StringComparison.Ordinal) || Names.CheckQualifiedName(name).Count > 0))
        {
            faults.Invalid("spec.extendedResourceName", name, "must be a valid extended resource name");
        }
    }
}
