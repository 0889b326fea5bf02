using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>
/// Rules for the sources that volumes of pods and PersistentVolumes share (<c>pkg/apis/core/validation/validation.go</c>, validate*VolumeSource). Those that
/// no cluster mounts any more are kept by upstream, and so here: what was written for them is refused for the same reasons.
/// </summary>
internal static partial class VolumeSources
{
    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    public static void HostPath(JsonObject source, string path, Faults faults)
    {
        if (source.Text("path").Length == 0)
        {
            faults.Required(path + ".path");
            return;
        }

        VolumePaths.NoBacksteps(source.Text("path"), path + ".path", faults);
        faults.OneOf(path + ".type", source.Text("type"), HostPathTypes);
    }

    public static void Nfs(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "server", "path");
        if (!source.Text("path").StartsWith('/'))
        {
            faults.Invalid(path + ".path", source.Text("path"), "must be an absolute path");
        }
    }

    public static void GitRepo(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "repository");
        VolumePaths.Descending(source.Text("directory"), path + ".directory", faults);
    }

    public static void GcePersistentDisk(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "pdName");
        Partition(source, path, faults);
    }

    public static void AwsElasticBlockStore(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "volumeID");
        Partition(source, path, faults);
    }

    public static void Iscsi(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "targetPortal");
        if (source.Text("iqn").Length == 0)
        {
            faults.Required(path + ".iqn");
        }
        else
        {
            Initiator(source.Text("iqn"), path + ".iqn", faults);
        }

        if (source.Number("lun") is < 0 or > 255)
        {
            faults.Invalid(path + ".lun", source["lun"], "must be between 0 and 255, inclusive");
        }

        if ((source.Flag("chapAuthDiscovery") || source.Flag("chapAuthSession")) && !source.Has("secretRef"))
        {
            faults.Required(path + ".secretRef");
        }

        if (source.Has("initiatorName"))
        {
            Initiator(source.Text("initiatorName"), path + ".initiatorname", faults);
        }
    }

    public static void FibreChannel(JsonObject source, string path, Faults faults)
    {
        int names = source.Count("targetWWNs"), ids = source.Count("wwids");
        if (names == 0 && ids == 0)
        {
            faults.Required(path + ".targetWWNs", "must specify either targetWWNs or wwids, but not both");
        }

        if (names > 0 && ids > 0)
        {
            faults.Invalid(path + ".targetWWNs", source["targetWWNs"], "targetWWNs and wwids can not be specified simultaneously");
        }

        if (names > 0 && !source.Has("lun"))
        {
            faults.Required(path + ".lun", "lun is required if targetWWNs is specified");
        }
        else if (names > 0 && source.Number("lun") is < 0 or > 255)
        {
            faults.Invalid(path + ".lun", source["lun"], "must be between 0 and 255, inclusive");
        }
    }

    public static void Rbd(JsonObject source, string path, Faults faults)
    {
        if (source.Count("monitors") == 0)
        {
            faults.Required(path + ".monitors");
        }

        faults.Need(source, path, "image");
    }

    public static void CephFs(JsonObject source, string path, Faults faults)
    {
        if (source.Count("monitors") == 0)
        {
            faults.Required(path + ".monitors");
        }
    }

    public static void Cinder(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "volumeID");
        SecretName(source, path, faults);
    }

    public static void Flocker(JsonObject source, string path, Faults faults)
    {
        string name = source.Text("datasetName");
        if (name.Length == 0 && source.Text("datasetUUID").Length == 0)
        {
            faults.Required(path, "one of datasetName and datasetUUID is required");
        }

        if (name.Length > 0 && source.Text("datasetUUID").Length > 0)
        {
            faults.Invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }

        if (name.Contains('/', StringComparison.Ordinal))
        {
            faults.Invalid(path + ".datasetName", name, "must not contain '/'");
        }
    }

    public static void Quobyte(JsonObject source, string path, Faults faults)
    {
        const string Pairs = "must be a host:port pair or multiple pairs separated by commas";
        string registry = source.Text("registry");
        if (registry.Length == 0)
        {
            faults.Required(path + ".registry", Pairs);
        }
        else if (source.Text("tenant").Length >= 65)
        {
            faults.Required(path + ".tenant", "must be a UUID and may not exceed a length of 64 characters");
        }
        else
        {
            foreach (string _ in registry.Split(',').Where(pair => !HostAndPort().IsMatch(pair)))
            {
                faults.Invalid(path + ".registry", registry, Pairs);
            }
        }

        faults.Need(source, path, "volume");
    }

    public static void FlexVolume(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "driver");
        foreach (string key in source.TextMap("options").Keys)
        {
            string domain = "." + key.Split('/', 2)[0].ToLowerInvariant();
            if (domain.EndsWith(".kubernetes.io", StringComparison.Ordinal) || domain.EndsWith(".k8s.io", StringComparison.Ordinal))
            {
                faults.Invalid($"{path}.options[{key}]", key, "kubernetes.io and k8s.io namespaces are reserved");
            }
        }
    }

    public static void AzureDisk(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "diskName", "diskURI");
        if (source.Has("cachingMode"))
        {
            faults.OneOf(path + ".cachingMode", source.Text("cachingMode"), "None", "ReadOnly", "ReadWrite");
        }

        if (!source.Has("kind"))
        {
            return;
        }

        string kind = source.Text("kind"), uri = source.Text("diskURI");
        faults.OneOf(path + ".kind", kind, "Dedicated", "Managed", "Shared");
        if (kind == "Managed" && !uri.StartsWith("/subscriptions/", StringComparison.Ordinal))
        {
            faults.NotSupported(path + ".diskURI", uri, "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}");
        }

        if (kind != "Managed" && !uri.StartsWith("https://", StringComparison.Ordinal))
        {
            faults.NotSupported(path + ".diskURI", uri, "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd");
        }
    }

    public static void StorageOs(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "volumeName");
        foreach (string member in new[] { "volumeName", "volumeNamespace" })
        {
            if (source.Text(member) is { Length: > 0 } name)
            {
                faults.All($"{path}.{member}", name, Names.CheckDns1123Label(name));
            }
        }

        SecretName(source, path, faults);
    }

    /// <summary>The name of a CSI driver, wherever it stands.</summary>
    public static void CsiDriver(string driver, string path, Faults faults)
    {
        if (driver.Length == 0)
        {
            faults.Required(path);
        }

        if (driver.Length > 63)
        {
            faults.Add(FieldError.TooLong(path, 63));
        }

        faults.All(path, driver, Names.CheckDns1123Subdomain(driver.ToLowerInvariant()));
    }

    public static void SecretName(JsonObject source, string path, Faults faults)
    {
        if (source.Child("secretRef") is { } secret && secret.Text("name").Length == 0)
        {
            faults.Required(path + ".secretRef.name");
        }
    }

    private static void Partition(JsonObject source, string path, Faults faults)
    {
        if (source.Number("partition") is < 0 or > 255)
        {
            faults.Invalid(path + ".partition", source["partition"], "must be between 1 and 255, inclusive");
        }
    }

    private static void Initiator(string name, string path, Faults faults)
    {
        bool? fits = name switch
        {
            _ when name.StartsWith("iqn", StringComparison.Ordinal) => QualifiedInitiator().IsMatch(name),
            _ when name.StartsWith("eui", StringComparison.Ordinal) => ExtendedInitiator().IsMatch(name),
            _ when name.StartsWith("naa", StringComparison.Ordinal) => NetworkInitiator().IsMatch(name),
            _ => null,
        };
        if (fits != true)
        {
            faults.Invalid(path, name, fits is null ? "must be valid format starting with iqn, eui, or naa" : "must be valid format");
        }
    }

    [GeneratedRegex(@"iqn\.[0-9]{4}-[0-9]{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)\z", RegexOptions.NonBacktracking)]
    private static partial Regex QualifiedInitiator();

    [GeneratedRegex(@"\Aeui.[0-9A-Za-z]{16}\z")]
    private static partial Regex ExtendedInitiator();

    [GeneratedRegex(@"\Anaa.[0-9A-Za-z]{32}\z")]
    private static partial Regex NetworkInitiator();

    [GeneratedRegex(@"\A([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*\z")]
    private static partial Regex HostAndPort();
}
