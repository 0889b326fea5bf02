using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Policies;

/// <summary>Upstream: <c>pkg/apis/storage/validation</c>.</summary>
internal sealed class CsiStorageCapacityRule : KindRule
{
    public override void Validate(JsonObject o, Faults faults)
    {
        Selectors.Validate(o.Child("nodeTopology"), "nodeTopology", faults);
        faults.All("storageClassName", o.Text("storageClassName"), Names.CheckDns1123Subdomain(o.Text("storageClassName")));
        foreach (string member in (string[])["capacity", "maximumVolumeSize"])
        {
            if (Quantity.TryParse(o.Text(member), out Quantity amount))
            {
                ResourceAmounts.ValidateAmount(amount, member, faults);
            }
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange("nodeTopology", o["nodeTopology"], old["nodeTopology"]);
        faults.MayNotChange("storageClassName", o["storageClassName"], old["storageClassName"]);
    }
}

/// <summary>Upstream: <c>pkg/apis/storage/validation</c>.</summary>
internal sealed class VolumeAttributesClassRule : KindRule
{
    private const int MostParameters = 512, MostBytes = 256 * 1024;

    public override void Validate(JsonObject o, Faults faults)
    {
        VolumeSources.CsiDriver(o.Text("driverName"), "driverName", faults);
        IReadOnlyDictionary<string, string> parameters = o.TextMap("parameters");
        if (parameters.Count == 0)
        {
            faults.Required("parameters", "must contain at least one key/value pair");
        }

        if (parameters.Count > MostParameters)
        {
            faults.Add(FieldError.TooLong("parameters", MostParameters) with { Detail = $"must have at most {MostParameters} items" });
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

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        foreach (string member in new[] { "driverName", "parameters" })
        {
            if (!JsonFields.Same(o[member], old[member]))
            {
                faults.Forbidden(member, $"updates to {member} are forbidden.");
            }
        }
    }
}

internal sealed class CsiNodeRule : KindRule
{
    public override void Default(JsonObject o) => o.ObjectAt("spec").Fill("drivers", new JsonArray());

    public override void Validate(JsonObject o, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject driver in o.ObjectAt("spec").Items("drivers"))
        {
            string at = $"spec.drivers[{i++}]", name = driver.Text("name");
            VolumeSources.CsiDriver(name, at + ".name", faults);
            ValidateDriver(driver, at, faults);
            if (!names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }
        }
    }

    private static void ValidateDriver(JsonObject driver, string path, Faults faults)
    {
        const int LongestId = 192;
        faults.Need(driver, path, "nodeID");
        if (driver.Text("nodeID").Length > LongestId)
        {
            faults.Invalid(path + ".nodeID", driver.Text("nodeID"), $"must be {LongestId} characters or less");
        }

        if (driver.Child("allocatable")?.Number("count") is < 0 and var count)
        {
            faults.Invalid(path + ".allocatable.count", count, Faults.NotNegative);
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (string key in driver.Texts("topologyKeys"))
        {
            string at = $"{path}.topologyKeys";
            if (key.Length == 0)
            {
                faults.Required(at);
            }
            else if (!keys.Add(key))
            {
                faults.Duplicate(at, key);
            }

            faults.All($"{at}[{i++}]", key, key.Length == 0 ? [] : Names.CheckQualifiedName(key));
        }
    }
}

internal sealed class VolumeAttachmentRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        o.ObjectAt("spec").ObjectAt("source");
        o.ObjectAt("status").Fill("attached", false);
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec"), source = spec.ObjectAt("source");
        VolumeSources.CsiDriver(spec.Text("attacher"), "spec.attacher", faults);
        bool inline = source.Has("inlineVolumeSpec"), named = source.Has("persistentVolumeName");
        if (!inline && !named)
        {
            faults.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }

        if (inline && named)
        {
            faults.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }

        if (named)
        {
            string name = source.Text("persistentVolumeName");
            if (name.Length == 0)
            {
                // Upstream asks for the name and then looks at it all the same.
                faults.Required("spec.source.persistentVolumeName", "name must be non-empty");
            }

            faults.All("spec.source.persistentVolumeName", name, Names.CheckDns1123Subdomain(name));
        }

        faults.All("spec.nodeName", spec.Text("nodeName"), Names.CheckDns1123Subdomain(spec.Text("nodeName")));
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        if (!JsonFields.Same(o["spec"], old["spec"]))
        {
            faults.Invalid("spec", o["spec"], "field is immutable");
        }
    }
}

internal sealed class RuntimeClassRule : KindRule
{
    public override void Validate(JsonObject o, Faults faults)
    {
        faults.All("handler", o.Text("handler"), Names.CheckDns1123Label(o.Text("handler")));
        ResourceAmounts.ValidateOverhead(o.Child("overhead")?.Child("podFixed"), "overhead.podFixed", faults);
        if (o.Child("scheduling") is { } scheduling)
        {
            ObjectMetaRules.ValidateLabels(scheduling, "nodeSelector", "scheduling.nodeSelector", faults);
            AffinityValidation.ValidateTolerations(scheduling, "scheduling.tolerations", faults);
            JsonObject[] tolerations = [.. scheduling.Items("tolerations")];
            for (int i = 0; i < tolerations.Length; i++)
            {
                if (tolerations[..i].Any(t => JsonFields.Same(t, tolerations[i])))
                {
                    faults.Duplicate($"scheduling.tolerations[{i}]", tolerations[i]);
                }
            }
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange("handler", o["handler"], old["handler"]);
    }
}
