using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for ports that containers take on their node (<c>pkg/apis/core/validation/validation.go</c>, checkHostPortConflicts and validateHostNetwork).</summary>
internal static class HostPortValidation
{
    /// <param name="isPod">False for a template: what it leaves out is filled in when a pod is made of it.</param>
    public static void Validate(JsonObject spec, bool isPod, string path, Faults faults)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (string list in new[] { "containers", "initContainers" })
        {
            int i = 0;
            foreach (JsonObject container in spec.Items(list))
            {
                // Init containers run one by one, so that each has the ports to itself.
                ValidateContainer(container, $"{path}.{list}[{i++}].ports", list == "containers" ? taken : new HashSet<string>(StringComparer.Ordinal), faults);
            }
        }

        if (spec.Flag("hostNetwork"))
        {
            ValidateHostNetwork(spec, isPod, path, faults);
        }
    }

    private static void ValidateContainer(JsonObject container, string path, HashSet<string> taken, Faults faults)
    {
        int p = 0;
        foreach (JsonObject port in container.Items("ports"))
        {
            string at = $"{path}[{p++}]", address = $"{port.Text("protocol")}/{port.Text("hostIP")}/{port.Number("hostPort") ?? 0}";
            if ((port.Number("hostPort") ?? 0) != 0 && !taken.Add(address))
            {
                faults.Duplicate(at + ".hostPort", address);
            }
        }
    }

    private static void ValidateHostNetwork(JsonObject spec, bool isPod, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject container in spec.Items("containers"))
        {
            int p = 0;
            foreach (JsonObject port in container.Items("ports"))
            {
                long host = port.Number("hostPort") ?? 0;
                if ((isPod || host != 0) && host != (port.Number("containerPort") ?? 0))
                {
                    faults.Invalid($"{path}.containers[{i}].ports[{p}].hostPort", host, "must match `containerPort` when `hostNetwork` is true");
                }

                p++;
            }

            i++;
        }
    }
}
