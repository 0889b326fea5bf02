using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class PersistentVolumeClaimRule : KindRule
{
    public override bool HasStatus => true;

    public static void DefaultClaim(JsonObject claim)
    {
        claim.ObjectAt("metadata");
        JsonObject spec = claim.ObjectAt("spec");
        spec.ObjectAt("resources");
        spec.FillText("volumeMode", "Filesystem");
        claim.ObjectAt("status").FillText("phase", "Pending");
    }

    public override void Default(JsonObject o) => DefaultClaim(o);

    public override void Validate(JsonObject o, Faults faults) => ClaimValidation.Validate(o.ObjectAt("spec"), "spec", faults);

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec"), before = old.ObjectAt("spec");
        bool bound = o.TextAt("status", "phase") == "Bound";
        if (!JsonFields.Same(WithoutMutable(spec, before, bound), WithoutMutable(before, before, bound)))
        {
            faults.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }

        Quantity wanted = Storage(spec.Child("resources")?.Child("requests")), asked = Storage(before.Child("resources")?.Child("requests"));
        if (wanted < asked && wanted <= Storage(old.ObjectAt("status").Child("capacity")))
        {
            faults.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }

        faults.MayNotChange("volumeMode", spec["volumeMode"], before["volumeMode"]);
        if (before.Has("volumeAttributesClassName") && spec.Text("volumeAttributesClassName").Length == 0 && before.Text("volumeAttributesClassName").Length > 0)
        {
            faults.Forbidden("spec.volumeAttributesClassName", spec.Has("volumeAttributesClassName") ? "update from non-nil value to an empty string is forbidden" : "update from non-nil value to nil is forbidden");
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        foreach ((string name, Quantity amount) in ResourceAmounts.Read(o.ObjectAt("status").Child("capacity")))
        {
            ResourceAmounts.ValidateAmount(amount, $"status.capacity[{name}]", faults);
        }
    }

    private static Quantity Storage(JsonObject? amounts) => ResourceAmounts.Read(amounts).GetValueOrDefault("storage");

    /// <summary>A claim is bound to its volume once; a bound one may grow and change its class of attributes.</summary>
    private static JsonObject WithoutMutable(JsonObject spec, JsonObject old, bool bound)
    {
        var rest = (JsonObject)spec.DeepClone();
        if (old.Text("volumeName").Length == 0)
        {
            rest.Remove("volumeName");
        }

        if (!old.Has("storageClassName"))
        {
            rest.Remove("storageClassName");
        }

        if (bound)
        {
            rest.Child("resources")?.Child("requests")?.Remove("storage");
            rest.Remove("volumeAttributesClassName");
        }

        return rest;
    }
}

internal sealed class PersistentVolumeRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("persistentVolumeReclaimPolicy", "Retain");
        spec.FillText("volumeMode", "Filesystem");
        Volumes.DefaultSource(spec);
        o.ObjectAt("status").FillText("phase", "Pending");
    }

    public override void Validate(JsonObject o, Faults faults) => PersistentVolumeValidation.Validate(o.ObjectAt("spec"), o.Name, faults);

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        PersistentVolumeValidation.ValidateUpdate(o.ObjectAt("spec"), old.ObjectAt("spec"), faults);
    }
}
