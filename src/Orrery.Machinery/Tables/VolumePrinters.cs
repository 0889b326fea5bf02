using Orrery.Api;

namespace Orrery.Machinery.Tables;

internal static class VolumePrinters
{
    private const string DefaultAttributes = "volumeattributesclass.alpha.kubernetes.io/is-default-class";
    private const string OldClass = "volume.beta.kubernetes.io/storage-class";
    private static readonly string[] DefaultClass = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

    public static readonly TablePrinter PersistentVolume = new(
        [
            Columns.Name, Columns.Text("Capacity", "Size of the volume."), Columns.Text("Access Modes", "How the volume may be mounted."), Columns.Text("Reclaim Policy", "What becomes of a released volume."),
            Columns.Text("Status", "Phase of the volume's life."), Columns.Text("Claim", "Who holds the volume."), Columns.Text("StorageClass", "Class of the volume."),
            Columns.Text("VolumeAttributesClass", "Class of its attributes."), Columns.Text("Reason", "Why the volume is in its phase."), Columns.Age, Columns.Wide("VolumeMode", "File system or block."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.TextOr(o.TextAt("spec", "capacity", "storage"), "0");
            cells.Text(Formats.AccessModes(o.At("spec", "accessModes")));
            cells.Text(o.TextAt("spec", "persistentVolumeReclaimPolicy"));
            cells.Text(Phase(o));
            cells.Text(o.At("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : "");
            cells.Text(Class(o));
            cells.TextOr(o.TextAt("spec", "volumeAttributesClassName"), Formats.Unset);
            cells.Text(o.TextAt("status", "reason"));
            cells.Since(o.CreationTimestamp);
            cells.TextOr(o.TextAt("spec", "volumeMode"), Formats.Unset);
        });

    public static readonly TablePrinter PersistentVolumeClaim = new(
        [
            Columns.Name, Columns.Text("Status", "Phase of the claim's life."), Columns.Text("Volume", "The volume that serves the claim."), Columns.Text("Capacity", "Size of the volume."),
            Columns.Text("Access Modes", "How the volume may be mounted."), Columns.Text("StorageClass", "Class of the volume."), Columns.Text("VolumeAttributesClass", "Class of its attributes."),
            Columns.Age, Columns.Wide("VolumeMode", "File system or block."),
        ],
        static (o, cells) =>
        {
            bool bound = o.TextAt("spec", "volumeName") is { Length: > 0 };
            cells.Text(o.Name);
            cells.Text(Phase(o));
            cells.Text(o.TextAt("spec", "volumeName"));
            cells.Text(bound ? o.TextAt("status", "capacity", "storage") ?? "0" : "");
            cells.Text(bound ? Formats.AccessModes(o.At("status", "accessModes")) : "");
            cells.Text(Class(o));
            cells.TextOr(o.TextAt("spec", "volumeAttributesClassName"), Formats.Unset);
            cells.Since(o.CreationTimestamp);
            cells.TextOr(o.TextAt("spec", "volumeMode"), Formats.Unset);
        });

    public static readonly TablePrinter StorageClass = new(
        [
            Columns.Name, Columns.Text("Provisioner", "Who makes the volumes."), Columns.Text("ReclaimPolicy", "What becomes of a released volume."),
            Columns.Text("VolumeBindingMode", "When a volume is made."), Columns.Text("AllowVolumeExpansion", "Whether volumes may grow."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(DefaultClass.Any(a => o.Annotations.GetValueOrDefault(a) == "true") ? o.Name + " (default)" : o.Name);
            cells.Text(o.TextAt("provisioner"));
            cells.Text(o.TextAt("reclaimPolicy") ?? "Delete");
            cells.Text(o.TextAt("volumeBindingMode") ?? "Immediate");
            cells.Flag(o.Json.Flag("allowVolumeExpansion"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter CsiDriver = new(
        [
            Columns.Name, new("AttachRequired", "boolean", Description: "Whether volumes are attached to nodes first."), new("PodInfoOnMount", "boolean", Description: "Whether the driver is told of pods."),
            new("StorageCapacity", "boolean", Description: "Whether the driver reports capacity."), Columns.Text("TokenRequests", "Audiences of the tokens that the driver gets."),
            new("RequiresRepublish", "boolean", Description: "Whether volumes are published again and again."), Columns.Text("Modes", "Lifecycles of its volumes."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Flag(o.At("spec", "attachRequired") is not { ValueKind: System.Text.Json.JsonValueKind.False });
            cells.Flag(o.At("spec", "podInfoOnMount") is { ValueKind: System.Text.Json.JsonValueKind.True });
            cells.Flag(o.At("spec", "storageCapacity") is { ValueKind: System.Text.Json.JsonValueKind.True });
            cells.Text(o.Items("spec", "tokenRequests").Any() ? string.Join(',', o.Items("spec", "tokenRequests").Select(t => t.Text("audience"))) : Formats.Unset);
            cells.Flag(o.At("spec", "requiresRepublish") is { ValueKind: System.Text.Json.JsonValueKind.True });
            cells.TextOr(string.Join(',', o.Items("spec", "volumeLifecycleModes").Select(m => m.GetString())), Formats.None);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter CsiNode = new(
        [Columns.Name, Columns.Count("Drivers", "How many drivers run on the node."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Formats.CountOf(o.At("spec", "drivers")));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter VolumeAttachment = new(
        [
            Columns.Name, Columns.Text("Attacher", "Driver that attaches.") with { Format = "name" }, Columns.Text("PV", "The volume."), Columns.Text("Node", "The node."),
            new("Attached", "boolean", Description: "Whether the volume is attached."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "attacher"));
            cells.Text(o.TextAt("spec", "source", "persistentVolumeName"));
            cells.Text(o.TextAt("spec", "nodeName"));
            cells.Flag(o.At("status", "attached") is { ValueKind: System.Text.Json.JsonValueKind.True });
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter VolumeAttributesClass = new(
        [Columns.Name, Columns.Text("DriverName", "Driver that knows the attributes."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Annotations.GetValueOrDefault(DefaultAttributes) == "true" ? o.Name + " (default)" : o.Name);
            cells.Text(o.TextAt("driverName"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter CsiStorageCapacity = new(
        [Columns.Name, Columns.Text("StorageClassName", "Class that has the room."), Columns.Text("Capacity", "How much room there is.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("storageClassName"));
            cells.TextOr(o.TextAt("capacity"), Formats.Unset);
        });

    private static string Phase(KubeObject o) => o.IsDeleting ? "Terminating" : o.TextAt("status", "phase") ?? "";

    private static string? Class(KubeObject o) => o.Annotations.GetValueOrDefault(OldClass) ?? o.TextAt("spec", "storageClassName");
}
