using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Policies;

internal sealed class StorageClassRule : KindRule
{
    public override void Default(JsonObject o)
    {
        o.FillText("reclaimPolicy", "Delete");
        o.FillText("volumeBindingMode", "Immediate");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        if (o.Text("provisioner").Length == 0)
        {
            faults.Required("provisioner");
        }
        else
        {
            faults.All("provisioner", o.Text("provisioner"), Names.CheckQualifiedName(o.Text("provisioner").ToLowerInvariant()));
        }

        faults.OneOf("reclaimPolicy", o.Text("reclaimPolicy"), "Delete", "Retain");
        faults.OneOf("volumeBindingMode", o.Text("volumeBindingMode"), "Immediate", "WaitForFirstConsumer");
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        foreach (string member in new[] { "parameters", "provisioner", "reclaimPolicy" })
        {
            if (!JsonFields.Same(o[member], old[member]))
            {
                faults.Forbidden(member, $"updates to {member} are forbidden.");
            }
        }

        faults.MayNotChange("volumeBindingMode", o["volumeBindingMode"], old["volumeBindingMode"]);
    }
}

internal sealed class CsiDriverRule : KindRule
{
    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.Fill("attachRequired", true);
        spec.Fill("podInfoOnMount", false);
        spec.Fill("storageCapacity", false);
        spec.FillText("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Fill("requiresRepublish", false);
        spec.Fill("seLinuxMount", false);
        if (spec.Count("volumeLifecycleModes") == 0)
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }
}

internal sealed class PriorityClassRule : KindRule
{
    private const long HighestForUsers = 1_000_000_000;

    public override bool CreatesOnUpdate => true;

    public override bool CountsGeneration => true;

    public override bool ChangesDesiredState(JsonObject o, JsonObject old) => false;

    public override void Default(JsonObject o)
    {
        o.FillText("preemptionPolicy", "PreemptLowerPriority");
        o.Fill("value", 0);
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        if (o.Name.StartsWith("system-", StringComparison.Ordinal))
        {
            if (Misuse(o) is { } why)
            {
                faults.Forbidden("metadata.name", $"priority class names with 'system-' prefix are reserved for system use only. error: {why}");
            }
        }
        else if (o.Number("value") > HighestForUsers)
        {
            faults.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestForUsers}");
        }

        faults.OneOf("preemptionPolicy", o.Text("preemptionPolicy"), "PreemptLowerPriority", "Never");
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        if (o.Number("value") != old.Number("value"))
        {
            faults.Forbidden("value", "may not be changed in an update.");
        }

        faults.MayNotChange("preemptionPolicy", o["preemptionPolicy"], old["preemptionPolicy"]);
    }

    /// <summary>Why the class is none of the system's own; null when it is one.</summary>
    private static string? Misuse(JsonObject o)
    {
        long? value = o.Name switch { "system-cluster-critical" => 2_000_000_000, "system-node-critical" => 2_000_001_000, _ => null };
        return value is null ? $"{o.Name} is not a known system priority class"
            : o.Number("value") != value ? $"value of {o.Name} PriorityClass must be {value}"
            : o.Flag("globalDefault") ? $"globalDefault of {o.Name} PriorityClass must be false"
            : null;
    }
}

internal sealed class LeaseRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override void Default(JsonObject o) => o.ObjectAt("spec");

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Number("leaseDurationSeconds") is <= 0 and var duration)
        {
            faults.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        }

        faults.MayNotBeNegative("spec.leaseTransitions", spec.Number("leaseTransitions"));
    }
}
