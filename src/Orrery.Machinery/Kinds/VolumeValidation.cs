using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a pod's volumes.</summary>
internal static class VolumeValidation
{
    /// <param name="Twice">How a fault names it that says that it is one source too many.</param>
    /// <param name="Path">How faults within it name it.</param>
    private sealed record Source(string Member, Action<JsonObject, string, Faults> Check, string? Twice = null, string? Path = null);

    /// <summary>In the order in which upstream looks for them: the first one counts.</summary>
    private static readonly Source[] Sources =
    [
        new("emptyDir", EmptyDir), new("hostPath", VolumeSources.HostPath), new("gitRepo", VolumeSources.GitRepo),
        new("gcePersistentDisk", VolumeSources.GcePersistentDisk, Path: "persistentDisk"), new("awsElasticBlockStore", VolumeSources.AwsElasticBlockStore),
        new("secret", ProjectedVolumes.Secret), new("nfs", VolumeSources.Nfs), new("iscsi", VolumeSources.Iscsi),
        new("glusterfs", static (s, at, f) => f.Need(s, at, "endpoints", "path")), new("flocker", VolumeSources.Flocker),
        new("persistentVolumeClaim", static (s, at, f) => f.Need(s, at, "claimName")), new("rbd", VolumeSources.Rbd), new("cinder", VolumeSources.Cinder),
        new("cephfs", VolumeSources.CephFs, Twice: "cephFS"), new("quobyte", VolumeSources.Quobyte), new("downwardAPI", ProjectedVolumes.DownwardApi, Twice: "downwarAPI"),
        new("fc", VolumeSources.FibreChannel), new("flexVolume", VolumeSources.FlexVolume), new("configMap", ProjectedVolumes.ConfigMap),
        new("azureFile", static (s, at, f) => f.Need(s, at, "secretName", "shareName")), new("vsphereVolume", static (s, at, f) => f.Need(s, at, "volumePath")),
        new("photonPersistentDisk", static (s, at, f) => f.Need(s, at, "pdID")), new("portworxVolume", static (s, at, f) => f.Need(s, at, "volumeID")),
        new("azureDisk", VolumeSources.AzureDisk), new("storageos", VolumeSources.StorageOs), new("projected", ProjectedVolumes.Projected),
        new("scaleIO", static (s, at, f) => f.Need(s, at, "gateway", "system", "volumeName")), new("csi", Csi), new("ephemeral", Ephemeral),
        new("image", Image),
    ];

    /// <param name="pod">Name of the pod; null for a template, whose pods have names of their own.</param>
    /// <returns>What containers may mount, by name: volumes without a fault.</returns>
    public static IReadOnlyDictionary<string, JsonObject> Validate(JsonObject spec, string? pod, string path, Faults faults)
    {
        var sound = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject volume in spec.Items("volumes"))
        {
            string at = $"{path}[{i++}]", name = volume.Text("name");
            int before = faults.Count;
            ValidateSource(volume, pod, at, faults);
            if (name.Length == 0)
            {
                faults.Required(at + ".name");
            }
            else
            {
                faults.All(at + ".name", name, Names.CheckDns1123Label(name));
            }

            if (sound.ContainsKey(name))
            {
                faults.Duplicate(at + ".name", name);
            }

            if (faults.Count == before)
            {
                sound[name] = volume;
            }
        }

        return sound;
    }

    private static void ValidateSource(JsonObject volume, string? pod, string path, Faults faults)
    {
        int found = 0;
        foreach (Source source in Sources)
        {
            if (volume.Child(source.Member) is not { } content)
            {
                continue;
            }

            if (++found > 1)
            {
                faults.Forbidden($"{path}.{source.Twice ?? source.Member}", "may not specify more than 1 volume type");
                continue;
            }

            source.Check(content, $"{path}.{source.Path ?? source.Member}", faults);
        }

        string name = volume.Text("name");
        if (volume.Child("iscsi") is { } iscsi && iscsi.Has("initiatorName") && name.Length + 1 + iscsi.Text("targetPortal").Length > 64)
        {
            faults.Invalid(path + ".name", name, "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
        }

        if (volume.Has("ephemeral") && pod is { Length: > 0 } && name.Length > 0)
        {
            string claim = $"{pod}-{name}";
            faults.All(path + ".name", name, Names.CheckDns1123Subdomain(claim).Select(fault => $"PVC name \"{claim}\": {fault}"));
        }

        if (found == 0)
        {
            faults.Required(path, "must specify a volume type");
        }
    }

    private static void EmptyDir(JsonObject source, string path, Faults faults)
    {
        if (source["sizeLimit"] is { } limit && Quantity.TryParse(limit.IsText ? limit.AsText() : limit.ToJsonString(), out Quantity size) && size.Sign < 0)
        {
            faults.Forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity");
        }
    }

    private static void Csi(JsonObject source, string path, Faults faults)
    {
        VolumeSources.CsiDriver(source.Text("driver"), path + ".driver", faults);
        if (source.Child("nodePublishSecretRef") is { } secret)
        {
            if (secret.Text("name") is { Length: > 0 } name)
            {
                faults.All(path + ".name", name, Names.CheckDns1123Subdomain(name));
            }
            else
            {
                faults.Required(path + ".nodePublishSecretRef.name");
            }
        }
    }

    private static void Ephemeral(JsonObject source, string path, Faults faults)
    {
        string at = path + ".volumeClaimTemplate";
        if (source.Child("volumeClaimTemplate") is not { } template)
        {
            faults.Required(at);
            return;
        }

        JsonObject metadata = template.ObjectAt("metadata");
        ObjectMetaRules.ValidateAnnotations(metadata, at + ".metadata.annotations", faults);
        ObjectMetaRules.ValidateLabels(metadata, "labels", at + ".metadata.labels", faults);
        foreach ((string member, JsonNode? value) in metadata)
        {
            if (member is not ("annotations" or "labels") && value is not null && !(value.IsText && value.AsText().Length == 0))
            {
                faults.Forbidden($"{at}.metadata.{member}", "cannot be set");
            }
        }

        ClaimValidation.Validate(template.ObjectAt("spec"), at + ".spec", faults);
    }

    private static void Image(JsonObject source, string path, Faults faults)
    {
        string reference = source.Text("reference");
        if (reference.Length == 0)
        {
            faults.Required(path + ".reference");
        }

        if (reference.Trim().Length != reference.Length)
        {
            faults.Invalid(path + ".reference", reference, "must not have leading or trailing whitespace");
        }

        faults.OneOfOrRequired(path + ".pullPolicy", source.Text("pullPolicy"), "Always", "IfNotPresent", "Never");
    }
}
