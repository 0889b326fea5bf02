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
        ValidateParameters(o.TextMap("parameters"), faults);
        ValidateTopologies(o, faults);
    }

    private static void ValidateParameters(IReadOnlyDictionary<string, string> parameters, Faults faults)
    {
        const int Most = 512, MostBytes = 256 * 1024;
        if (parameters.Count > Most)
        {
            faults.Add(FieldError.TooLong("parameters", Most));
        }

        if (parameters.Keys.Any(k => k.Length == 0))
        {
            faults.Invalid("parameters", "", "field can not be empty.");
        }

        if (parameters.Sum(p => p.Key.Length + p.Value.Length) > MostBytes)
        {
            faults.Add(FieldError.TooLong("parameters", MostBytes));
        }
    }

    private static void ValidateTopologies(JsonObject o, Faults faults)
    {
        int t = 0;
        foreach (JsonObject term in o.Items("allowedTopologies"))
        {
            if (term.Count("matchLabelExpressions") == 0)
            {
                // Upstream compares terms with those before it in a list that begins with empty ones.
                faults.Duplicate($"allowedTopologies[{t}].matchLabelExpressions", "");
            }

            var keys = new HashSet<string>(StringComparer.Ordinal);
            int e = 0;
            foreach (JsonObject expression in term.Items("matchLabelExpressions"))
            {
                string at = $"allowedTopologies[{t}].matchLabelExpressions[{e++}]", key = expression.Text("key");
                string[] values = [.. expression.Texts("values")];
                if (values.Length == 0)
                {
                    faults.Required(at + ".values");
                }

                for (int i = 0; i < values.Length; i++)
                {
                    if (Array.IndexOf(values, values[i]) < i)
                    {
                        faults.Duplicate($"{at}.values[{i}]", values[i]);
                    }
                }

                faults.All(at + ".key", key, Names.CheckQualifiedName(key));
                if (!keys.Add(key))
                {
                    faults.Duplicate(at + ".key", key);
                }
            }

            t++;
        }
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

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        VolumeSources.CsiDriver(o.Name, "name", faults);
        faults.OneOf("spec.fsGroupPolicy", spec.Text("fsGroupPolicy"), "File", "None", "ReadWriteOnceWithFSType");
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject request in spec.Items("tokenRequests"))
        {
            string at = $"spec.tokenRequests[{i++}]", audience = request.Text("audience");
            if (!audiences.Add(audience))
            {
                faults.Duplicate(at + ".audience", audience);
            }

            if (request.Number("expirationSeconds") is { } seconds and (< 600 or > 1L << 32))
            {
                faults.Invalid(at + ".expirationSeconds", seconds, seconds < 600 ? "may not specify a duration less than 10 minutes" : "may not specify a duration larger than 2^32 seconds");
            }
        }

        foreach (string mode in spec.Texts("volumeLifecycleModes"))
        {
            faults.OneOf("spec.volumeLifecycleModes", mode, "Ephemeral", "Persistent");
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        foreach (string member in new[] { "attachRequired", "volumeLifecycleModes" })
        {
            faults.MayNotChange("spec." + member, o.Child("spec")?[member], old.Child("spec")?[member]);
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

    public override bool ChecksFinalizerOwners => false;

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
