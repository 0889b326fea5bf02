using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>Rules for the spec of a PersistentVolume (<c>pkg/apis/core/validation/validation.go</c>, ValidatePersistentVolumeSpec).</summary>
internal static class PersistentVolumeValidation
{
    /// <summary>In upstream's order: the first one counts.</summary>
    private static readonly (string Member, Action<JsonObject, string, Faults> Check, string? Path)[] Sources =
    [
        ("hostPath", VolumeSources.HostPath, null), ("gcePersistentDisk", VolumeSources.GcePersistentDisk, "persistentDisk"), ("awsElasticBlockStore", VolumeSources.AwsElasticBlockStore, null),
        ("glusterfs", Glusterfs, null), ("flocker", VolumeSources.Flocker, null), ("nfs", VolumeSources.Nfs, null), ("rbd", VolumeSources.Rbd, null),
        ("quobyte", VolumeSources.Quobyte, null), ("cephfs", VolumeSources.CephFs, null), ("iscsi", Iscsi, null), ("cinder", Cinder, null), ("fc", VolumeSources.FibreChannel, null),
        ("flexVolume", VolumeSources.FlexVolume, null), ("azureFile", AzureFile, null), ("vsphereVolume", static (s, at, f) => f.Need(s, at, "volumePath"), null),
        ("photonPersistentDisk", static (s, at, f) => f.Need(s, at, "pdID"), null), ("portworxVolume", static (s, at, f) => f.Need(s, at, "volumeID"), null),
        ("azureDisk", VolumeSources.AzureDisk, null), ("scaleIO", static (s, at, f) => f.Need(s, at, "gateway", "system", "volumeName"), null), ("local", Local, null),
        ("storageos", StorageOs, null), ("csi", Csi, null),
    ];

    public static void Validate(JsonObject spec, string name, Faults faults)
    {
        if (spec.Count("accessModes") == 0)
        {
            faults.Required("spec.accessModes");
        }

        ClaimValidation.ValidateModes(spec, "spec", faults);
        ValidateCapacity(spec, faults);
        if (spec.Has("persistentVolumeReclaimPolicy"))
        {
            faults.OneOf("spec.persistentVolumeReclaimPolicy", spec.Text("persistentVolumeReclaimPolicy"), "Delete", "Recycle", "Retain");
        }

        if (spec.Child("nodeAffinity") is { } affinity)
        {
            if (affinity.Child("required") is { } required)
            {
                NodeSelectors.Validate(required, "spec.nodeAffinity.required", faults);
            }
            else
            {
                faults.Required("spec.nodeAffinity.required", "must specify required node constraints");
            }
        }

        ValidateSources(spec, name, faults);
        if (spec.Child("hostPath")?.Text("path").TrimEnd('/').Length == 0 && spec.Text("persistentVolumeReclaimPolicy") == "Recycle")
        {
            faults.Forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
        }

        ValidateClasses(spec, faults);
    }

    public static void ValidateUpdate(JsonObject spec, JsonObject old, Faults faults)
    {
        if (Sources.Any(s => !JsonFields.Same(Immutable(spec, old, s.Member), old[s.Member])))
        {
            faults.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }

        faults.MayNotChange("volumeMode", spec["volumeMode"], old["volumeMode"]);
        if (old.Has("nodeAffinity"))
        {
            faults.MayNotChange("nodeAffinity", spec["nodeAffinity"], old["nodeAffinity"]);
        }

        if (old.Has("volumeAttributesClassName") && !spec.Has("volumeAttributesClassName"))
        {
            faults.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
        }
    }

    /// <summary>The secret for growing a volume may be added later.</summary>
    private static JsonNode? Immutable(JsonObject spec, JsonObject old, string member)
    {
        if (member != "csi" || spec.Child("csi") is not { } csi || old.Child("csi")?.Has("controllerExpandSecretRef") != false)
        {
            return spec[member];
        }

        JsonNode rest = csi.DeepClone();
        rest.AsObject().Remove("controllerExpandSecretRef");
        return rest;
    }

    private static void ValidateCapacity(JsonObject spec, Faults faults)
    {
        Dictionary<string, Quantity> capacity = ResourceAmounts.Read(spec.Child("capacity"));
        if (capacity.Count == 0)
        {
            faults.Required("spec.capacity");
        }

        if (!capacity.ContainsKey("storage") || capacity.Count > 1)
        {
            faults.NotSupported("spec.capacity", spec["capacity"], "storage");
        }

        foreach ((string name, Quantity amount) in capacity)
        {
            if (amount.Sign <= 0)
            {
                faults.Invalid($"spec.capacity[{name}]", amount.ToString(), "must be greater than zero");
            }
        }
    }

    private static void ValidateSources(JsonObject spec, string name, Faults faults)
    {
        int found = 0;
        foreach ((string member, Action<JsonObject, string, Faults> check, string? path) in Sources)
        {
            if (spec.Child(member) is not { } source)
            {
                continue;
            }

            if (++found > 1 && member != "flexVolume")
            {
                faults.Forbidden("spec." + (member == "cephfs" ? "cephFS" : member), "may not specify more than 1 volume type");
                continue;
            }

            check(source, "spec." + (path ?? member), faults);
        }

        if (spec.Child("iscsi") is { } iscsi && iscsi.Has("initiatorName") && name.Length + 1 + iscsi.Text("targetPortal").Length > 64)
        {
            faults.Invalid("spec.iscsi.targetportal", iscsi.Text("targetPortal"), "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
        }

        if (spec.Has("local") && !spec.Has("nodeAffinity"))
        {
            faults.Required("spec.nodeAffinity", "Local volume requires node affinity");
        }

        if (found == 0)
        {
            faults.Required("spec", "must specify a volume type");
        }
    }

    private static void ValidateClasses(JsonObject spec, Faults faults)
    {
        if (spec.Text("storageClassName") is { Length: > 0 } name)
        {
            faults.All("spec.storageClassName", name, Names.CheckDns1123Subdomain(name));
        }

        if (spec.Has("volumeMode"))
        {
            faults.OneOf("spec.volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
        }

        if (!spec.Has("volumeAttributesClassName"))
        {
            return;
        }

        string attributes = spec.Text("volumeAttributesClassName");
        if (attributes.Length == 0)
        {
            faults.Required("spec.volumeAttributesClassName", "an empty string is disallowed");
        }
        else
        {
            faults.All("spec.volumeAttributesClassName", attributes, Names.CheckDns1123Subdomain(attributes));
        }

        if (!spec.Has("csi"))
        {
            faults.Required("spec.csi", "has to be specified when using volumeAttributesClassName");
        }
    }

    private static void Glusterfs(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "endpoints", "path");
        if (source.Has("endpointsNamespace"))
        {
            string ns = source.Text("endpointsNamespace");
            faults.All(path + ".endpointsNamespace", ns, ns.Length == 0 ? ["if the endpointnamespace is set, it must be a valid namespace name"] : Names.CheckDns1123Label(ns));
        }
    }

    private static void Iscsi(JsonObject source, string path, Faults faults)
    {
        VolumeSources.Iscsi(source, path, faults);
        VolumeSources.SecretName(source, path, faults);
    }

    private static void Cinder(JsonObject source, string path, Faults faults)
    {
        VolumeSources.Cinder(source, path, faults);
        SecretNamespace(source, path, faults);
    }

    private static void StorageOs(JsonObject source, string path, Faults faults)
    {
        VolumeSources.StorageOs(source, path, faults);
        SecretNamespace(source, path, faults);
    }

    private static void SecretNamespace(JsonObject source, string path, Faults faults)
    {
        if (source.Child("secretRef") is { } secret)
        {
            faults.Need(secret, path + ".secretRef", "namespace");
        }
    }

    private static void AzureFile(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "secretName", "shareName");
        if (source.Has("secretNamespace"))
        {
            faults.Need(source, path, "secretNamespace");
        }
    }

    private static void Local(JsonObject source, string path, Faults faults)
    {
        if (source.Text("path").Length == 0)
        {
            faults.Required(path + ".path");
        }
        else
        {
            VolumePaths.NoBacksteps(source.Text("path"), path + ".path", faults);
        }
    }

    private static void Csi(JsonObject source, string path, Faults faults)
    {
        VolumeSources.CsiDriver(source.Text("driver"), path + ".driver", faults);
        faults.Need(source, path, "volumeHandle");
        foreach (string member in new[] { "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef" })
        {
            if (source.Child(member) is not { } secret)
            {
                continue;
            }

            faults.Need(secret, $"{path}.{member}", "name");
            if (secret.Text("name") is { Length: > 0 } name)
            {
                faults.All($"{path}.{member}.name", name, Names.CheckDns1123Subdomain(name));
            }

            faults.Need(secret, $"{path}.{member}", "namespace");
            if (secret.Text("namespace") is { Length: > 0 } ns)
            {
                faults.All($"{path}.{member}.namespace", ns, Names.CheckDns1123Label(ns));
            }
        }
    }
}
