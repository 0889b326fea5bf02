using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for ports that containers take on their node (<c>pkg/apis/core/validation/validation.go</c>, checkHostPortConflicts and validateHostNetwork).</summary>
internal static class HostPortValidation
{
    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        foreach (string list in new[] { "containers", "initContainers" })
        {
            // Init containers run before the others, so that they may take the same ports.
            var taken = new HashSet<string>(StringComparer.Ordinal);
            int i = 0;
            foreach (JsonObject container in spec.Items(list))
            {
                ValidateContainer(container, $"{path}.{list}[{i++}].ports", spec.Flag("hostNetwork"), taken, faults);
            }
        }
    }

    private static void ValidateContainer(JsonObject container, string path, bool isHostNetwork, HashSet<string> taken, Faults faults)
    {
        int p = 0;
        foreach (JsonObject port in container.Items("ports"))
        {
            string at = $"{path}[{p++}]";
            long host = port.Number("hostPort") ?? 0;
            if (host == 0)
            {
                continue;
            }

            if (isHostNetwork && host != port.Number("containerPort"))
            {
                faults.Invalid(at + ".containerPort", port["containerPort"], "must match `hostPort` when `hostNetwork` is true");
            }

            string address = $"{port.Text("protocol")}/{port.Text("hostIP")}/{host}";
            if (!taken.Add(address))
            {
                faults.Duplicate(at + ".hostPort", address);
            }
        }
    }
}
