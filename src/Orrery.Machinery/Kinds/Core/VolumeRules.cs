using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class PersistentVolumeClaimRule : KindRule
{
    private static readonly string[] Modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

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

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Count("accessModes") == 0)
        {
            faults.Required("spec.accessModes", "at least 1 access mode is required");
        }

        foreach (string mode in spec.Texts("accessModes"))
        {
            faults.OneOf("spec.accessModes", mode, Modes);
        }

        Selectors.Validate(spec.Child("selector"), "spec.selector", faults);
        if (!ResourceAmounts.Read(spec.Child("resources")?.Child("requests")).TryGetValue("storage", out Quantity storage))
        {
            faults.Required("spec.resources[storage]");
        }
        else if (storage.Sign <= 0)
        {
            faults.Invalid("spec.resources[storage]", storage.ToString(), "must be greater than zero");
        }

        if (spec.Text("storageClassName") is { Length: > 0 } name)
        {
            faults.All("spec.storageClassName", name, Names.CheckDns1123Subdomain(name));
        }

        faults.OneOf("spec.volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec");
        JsonObject before = old.ObjectAt("spec");
        bool bound = before.Text("volumeName").Length > 0;
        if (spec.Select(m => m.Key).Union(before.Select(m => m.Key)).Any(m => !MayChange(m, spec, before, bound) && !JsonFields.Same(spec[m], before[m])))
        {
            faults.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }

        Quantity wanted = ResourceAmounts.Read(spec.Child("resources")?.Child("requests")).GetValueOrDefault("storage");
        Quantity asked = ResourceAmounts.Read(before.Child("resources")?.Child("requests")).GetValueOrDefault("storage");
        if (wanted < asked)
        {
            faults.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
    }

    private static bool MayChange(string member, JsonObject spec, JsonObject before, bool bound) => member switch
    {
        "resources" => bound && JsonFields.Same(spec.Child("resources")?["limits"], before.Child("resources")?["limits"]),
        "volumeAttributesClassName" => bound,
        "volumeName" or "storageClassName" => before.Text(member).Length == 0 && !before.Has(member),
        _ => false,
    };
}

internal sealed class PersistentVolumeRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("persistentVolumeReclaimPolicy", "Retain");
        spec.FillText("volumeMode", "Filesystem");
        spec.Child("hostPath")?.Fill("type", "");
        spec.Child("iscsi")?.FillText("iscsiInterface", "default");
        o.ObjectAt("status").FillText("phase", "Pending");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Count("accessModes") == 0)
        {
            faults.Required("spec.accessModes");
        }

        foreach (string mode in spec.Texts("accessModes"))
        {
            faults.OneOf("spec.accessModes", mode, "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod");
        }

        Dictionary<string, Quantity> capacity = ResourceAmounts.Read(spec.Child("capacity"));
        if (spec.Count("capacity") == 0)
        {
            faults.Required("spec.capacity");
        }
        else if (!capacity.ContainsKey("storage") || capacity.Count > 1)
        {
            faults.NotSupported("spec.capacity", spec["capacity"], "storage");
        }

        faults.OneOf("spec.persistentVolumeReclaimPolicy", spec.Text("persistentVolumeReclaimPolicy"), "Delete", "Recycle", "Retain");
        faults.OneOf("spec.volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
    }
}
