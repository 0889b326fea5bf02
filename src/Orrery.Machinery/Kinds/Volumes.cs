using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds;

/// <summary>Defaults of a pod's volume.</summary>
internal static class Volumes
{
    private const int ReadableByAll = 420; // 0644

    public static void Default(JsonObject volume)
    {
        if (!volume.Any(m => m.Key != "name" && m.Value is not null))
        {
            volume["emptyDir"] = new JsonObject();
        }

        foreach (string source in new[] { "secret", "configMap", "downwardAPI", "projected" })
        {
            volume.Child(source)?.Fill("defaultMode", ReadableByAll);
        }

        DefaultItems(volume.Child("downwardAPI"));
        foreach (JsonObject source in volume.Child("projected")?.Items("sources") ?? [])
        {
            DefaultItems(source.Child("downwardAPI"));
            source.Child("serviceAccountToken")?.Fill("expirationSeconds", 3600);
        }

        DefaultSource(volume);
        if (volume.Child("image") is { } image)
        {
            image.FillText("pullPolicy", Containers.PullPolicy(image.Text("reference")));
        }

        if (volume.Child("ephemeral")?.Child("volumeClaimTemplate") is { } template)
        {
            template.Child("spec")?.FillText("volumeMode", "Filesystem");
        }
    }

    /// <summary>Of the sources that pods and PersistentVolumes have alike.</summary>
    public static void DefaultSource(JsonObject volume)
    {
        volume.Child("hostPath")?.Fill("type", "");
        volume.Child("iscsi")?.FillText("iscsiInterface", "default");
        if (volume.Child("scaleIO") is { } scale)
        {
            scale.FillText("storageMode", "ThinProvisioned");
            scale.FillText("fsType", "xfs");
        }

        if (volume.Child("rbd") is { } rbd)
        {
            rbd.FillText("pool", "rbd");
            rbd.FillText("user", "admin");
            rbd.FillText("keyring", "/etc/ceph/keyring");
        }

        if (volume.Child("azureDisk") is { } disk)
        {
            disk.FillText("cachingMode", "ReadWrite");
            disk.FillText("kind", "Shared");
            disk.FillText("fsType", "ext4");
            disk.Fill("readOnly", false);
        }
    }

    private static void DefaultItems(JsonObject? downward)
    {
        foreach (JsonObject item in downward?.Items("items") ?? [])
        {
            item.Child("fieldRef")?.FillText("apiVersion", "v1");
        }
    }
}
