using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for lists of resource amounts.</summary>
internal static class ResourceAmounts
{
    private static readonly HashSet<string> ForContainers = new(StringComparer.Ordinal) { "cpu", "memory", "ephemeral-storage" };

    /// <summary>Names without a prefix that mean something somewhere.</summary>
    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "storage",
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    };

    private static readonly HashSet<string> ForQuota = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage",
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    };

    public static void ValidateContainer(JsonObject? resources, string path, Faults faults)
    {
        if (resources is null)
        {
            return;
        }

        foreach ((string name, Quantity amount) in Read(resources.Child("limits")))
        {
            ValidateForContainer(name, amount, $"{path}.limits[{name}]", faults);
        }

        Dictionary<string, Quantity> limits = Read(resources.Child("limits"));
        foreach ((string name, Quantity amount) in Read(resources.Child("requests")))
        {
            ValidateForContainer(name, amount, $"{path}.requests[{name}]", faults);
            bool mayDiffer = IsNative(name) && !name.StartsWith("hugepages-", StringComparison.Ordinal);
            if (!limits.TryGetValue(name, out Quantity limit))
            {
                if (!mayDiffer)
                {
                    faults.Required(path + ".limits", "Limit must be set for non overcommit resources");
                }
            }
            else if (amount != limit && !mayDiffer)
            {
                faults.Invalid(path + ".requests", amount.ToString(), $"must be equal to {name} limit of {limit}");
            }
            else if (amount > limit)
            {
                faults.Invalid(path + ".requests", amount.ToString(), $"must be less than or equal to {name} limit of {limit}");
            }
        }
    }

    public static void ValidateForQuota(JsonObject? amounts, string path, Faults faults)
    {
        foreach ((string name, Quantity amount) in Read(amounts))
        {
            string at = $"{path}[{name}]";
            ValidateName(name, at, faults);
            if (!name.Contains('/', StringComparison.Ordinal) && !ForQuota.Contains(name) && !IsHugePages(name))
            {
                faults.Invalid(at, name, "must be a standard resource for quota");
            }

            ValidateAmount(amount, at, faults);
        }
    }

    public static void ValidateAmount(Quantity amount, string path, Faults faults)
    {
        if (amount.Sign < 0)
        {
            faults.Invalid(path, amount.ToString(), Faults.NotNegative);
        }
    }

    /// <summary>The amounts of a list; those that do not parse are left out (decoding has refused them before).</summary>
    public static Dictionary<string, Quantity> Read(JsonObject? amounts)
    {
        var read = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in amounts ?? [])
        {
            if (Quantity.TryParse(value.IsText ? value.AsText() : value?.ToJsonString() ?? "", out Quantity amount))
            {
                read[name] = amount;
            }
        }

        return read;
    }

    private static void ValidateForContainer(string name, Quantity amount, string path, Faults faults)
    {
        ValidateName(name, path, faults);
        if (!name.Contains('/', StringComparison.Ordinal) && !ForContainers.Contains(name) && !IsHugePages(name))
        {
            faults.Invalid(path, name, "must be a standard resource for containers");
        }

        ValidateAmount(amount, path, faults);
        if (!IsNative(name) && !amount.IsWhole)
        {
            faults.Invalid(path, amount.ToString(), "must be an integer");
        }
    }

    private static void ValidateName(string name, string path, Faults faults)
    {
        faults.All(path, name, Names.CheckQualifiedName(name));
        if (!name.Contains('/', StringComparison.Ordinal) && !Standard.Contains(name) && !IsHugePages(name))
        {
            faults.Invalid(path, name, "must be a standard resource type or fully qualified");
        }
    }

    private static bool IsNative(string name) => !name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);
}
