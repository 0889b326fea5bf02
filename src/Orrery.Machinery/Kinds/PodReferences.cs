using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for references of a container or a volume to its own pod: <c>fieldRef</c> and <c>resourceFieldRef</c>.</summary>
internal static class PodReferences
{
    private static readonly string[] InVolumes = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] InEnvironment =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    /// <summary>What a reference may name at all; what its place allows is less.</summary>
    private static readonly HashSet<string> Known = new(InVolumes.Concat(InEnvironment).Concat(["spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"]), StringComparer.Ordinal);

    private static readonly string[] Resources =
        ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

    private static readonly HashSet<string> Sizes = new(["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"], StringComparer.Ordinal);

    public static void Field(JsonObject reference, string path, bool inVolume, Faults faults)
    {
        string label = reference.Text("fieldPath"), version = reference.Text("apiVersion");
        if (version.Length == 0)
        {
            faults.Required(path + ".apiVersion");
            return;
        }

        if (label.Length == 0)
        {
            faults.Required(path + ".fieldPath");
            return;
        }

        (string field, string? subscript) = Split(label);
        string? unknown = version != "v1" ? $"unsupported pod version: {version}"
            : subscript is not null && field is not ("metadata.annotations" or "metadata.labels") ? $"field label does not support subscript: {label}"
            : subscript is null && !Known.Contains(label) ? $"field label not supported: {label}"
            : null;
        if (unknown is not null)
        {
            faults.Invalid(path + ".fieldPath", label, "error converting fieldPath: " + unknown);
            return;
        }

        if (subscript is not null)
        {
            string key = field == "metadata.annotations" ? subscript.ToLowerInvariant() : subscript;
            faults.All(path, key, Names.CheckQualifiedName(key));
        }
        else
        {
            faults.OneOf(path + ".fieldPath", field == "spec.host" ? "spec.nodeName" : field, inVolume ? InVolumes : InEnvironment);
        }
    }

    public static void Resource(JsonObject reference, string path, bool inVolume, Faults faults)
    {
        string resource = reference.Text("resource");
        if (inVolume && reference.Text("containerName").Length == 0)
        {
            faults.Required(path + ".containerName");
        }
        else if (resource.Length == 0)
        {
            faults.Required(path + ".resource");
        }
        else if (!IsHugePages(resource))
        {
            faults.OneOf(path + ".resource", resource, Resources);
        }

        Divisor(reference, resource, path + ".divisor", faults);
    }

    private static void Divisor(JsonObject reference, string resource, string path, Faults faults)
    {
        string text = reference["divisor"] is { } node ? node.IsText ? node.AsText() : node.ToJsonString() : "0";
        if (!Quantity.TryParse(text, out Quantity divisor) || divisor.Sign == 0)
        {
            return;
        }

        string what = resource.Split('.', 2)[^1];
        if (what == "cpu" && divisor.ToString() is not ("1m" or "1"))
        {
            faults.Invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
            return;
        }

        string? named = what switch
        {
            "memory" => "memory",
            "ephemeral-storage" => "local ephemeral storage",
            _ when IsHugePages(resource) => "hugepages",
            _ => null,
        };
        if (named is not null && !Sizes.Contains(divisor.ToString()))
        {
            faults.Invalid(path, resource, $"only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the {named} resource");
        }
    }

    private static bool IsHugePages(string resource) =>
        resource.StartsWith("requests.hugepages-", StringComparison.Ordinal) || resource.StartsWith("limits.hugepages-", StringComparison.Ordinal);

    /// <summary><c>metadata.labels['a']</c> into its field and <c>a</c>.</summary>
    private static (string Field, string? Subscript) Split(string label)
    {
        int open = label.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && label.EndsWith("']", StringComparison.Ordinal) && label.Length >= open + 4 ? (label[..open], label[(open + 2)..^2]) : (label, null);
    }
}
