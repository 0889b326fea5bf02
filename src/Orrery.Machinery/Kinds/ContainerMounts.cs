using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for what a container has of its pod's volumes: mounts and block devices.</summary>
internal static class ContainerMounts
{
    private static readonly string[] Propagations = ["Bidirectional", "HostToContainer", "None"];
    private static readonly string[] ReadOnlyModes = ["Disabled", "Enabled", "IfPossible"];

    public static void Validate(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes, Faults faults)
    {
        ValidateMounts(container, path + ".volumeMounts", volumes, faults);
        ValidateDevices(container, path + ".volumeDevices", volumes, faults);
    }

    private static void ValidateMounts(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes, Faults faults)
    {
        var places = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject mount in container.Items("volumeMounts"))
        {
            string at = $"{path}[{i++}]", name = mount.Text("name"), place = mount.Text("mountPath");
            faults.Need(mount, at, "name");
            if (!volumes.TryGetValue(name, out JsonObject? volume))
            {
                faults.NotFound(at + ".name", name);
            }

            faults.Need(mount, at, "mountPath");
            if (!places.Add(place))
            {
                faults.Invalid(at + ".mountPath", place, "must be unique");
            }

            if (container.Items("volumeDevices").Any(d => d.Text("name") == name))
            {
                faults.Invalid(at + ".name", name, "must not already exist in volumeDevices");
            }

            if (container.Items("volumeDevices").Any(d => d.Text("devicePath") == place))
            {
                faults.Invalid(at + ".mountPath", place, "must not already exist as a path in volumeDevices");
            }

            ValidatePart(mount, volume, at, path, faults);
            ValidateSharing(mount, container, path, faults);
        }
    }

    /// <param name="whole">Upstream leaves the number of the mount out of some of its paths.</param>
    private static void ValidatePart(JsonObject mount, JsonObject? volume, string path, string whole, Faults faults)
    {
        string part = mount.Text("subPath"), expression = mount.Text("subPathExpr");
        foreach (string member in new[] { "subPath", "subPathExpr" })
        {
            if (volume?.Has("image") == true && mount.Text(member) is { Length: > 0 } value)
            {
                faults.Invalid($"{path}.{member}", value, "not allowed in image volume sources");
            }
        }

        if (part.Length > 0)
        {
            VolumePaths.Descending(part, whole + ".subPath", faults);
        }

        if (expression.Length > 0)
        {
            if (part.Length > 0)
            {
                faults.Invalid(path + ".subPathExpr", expression, "subPathExpr and subPath are mutually exclusive");
            }

            VolumePaths.Descending(expression, whole + ".subPathExpr", faults);
        }
    }

    private static void ValidateSharing(JsonObject mount, JsonObject container, string path, Faults faults)
    {
        string propagation = mount.Text("mountPropagation");
        if (mount.Has("mountPropagation"))
        {
            faults.OneOf(path + ".mountPropagation", propagation, Propagations);
            if (propagation == "Bidirectional" && container.Child("securityContext")?.Flag("privileged") != true)
            {
                faults.Forbidden(path + ".mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
            }
        }

        if (!mount.Has("recursiveReadOnly") || mount.Text("recursiveReadOnly") is not { } mode || mode == "Disabled")
        {
            return;
        }

        string at = path + ".recursiveReadOnly";
        faults.OneOf(at, mode, ReadOnlyModes);
        if (!ReadOnlyModes.Contains(mode))
        {
            return;
        }

        if (!mount.Flag("readOnly"))
        {
            faults.Forbidden(at, "may only be specified when readOnly is true");
        }

        if (mount.Has("mountPropagation") && propagation != "None")
        {
            faults.Forbidden(at, "may only be specified when mountPropagation is None or not specified");
        }
    }

    private static void ValidateDevices(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var places = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject device in container.Items("volumeDevices"))
        {
            string at = $"{path}[{i++}]", name = device.Text("name"), place = device.Text("devicePath");
            faults.Need(device, at, "name");
            if (name.Length > 0 && !names.Add(name))
            {
                faults.Invalid(at + ".name", name, "must be unique");
            }

            if (!volumes.TryGetValue(name, out JsonObject? volume))
            {
                faults.NotFound(at + ".name", name);
            }
            else if (!volume.Has("persistentVolumeClaim") && !volume.Has("ephemeral"))
            {
                faults.Invalid(at + ".name", name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
            }

            faults.Need(device, at, "devicePath");
            if (VolumePaths.HasBacksteps(place))
            {
                faults.Invalid(at + ".devicePath", place, "can not contain backsteps ('..')");
            }
            else if (!places.Add(place))
            {
                faults.Invalid(at + ".devicePath", place, "must be unique");
            }

            if (container.Items("volumeMounts").Any(m => m.Text("name") == name))
            {
                faults.Invalid(at + ".name", name, "must not already exist in volumeMounts");
            }

            if (container.Items("volumeMounts").Any(m => m.Text("mountPath") == place))
            {
                faults.Invalid(at + ".devicePath", place, "must not already exist as a path in volumeMounts");
            }
        }
    }
}
