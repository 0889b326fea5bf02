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

    private static readonly HashSet<string> Whole = new(StringComparer.Ordinal)
    {
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    };

    private static readonly HashSet<string> ForQuota = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage",
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    };

    /// <param name="pod">The pod's spec, whose claims a container may name.</param>
    public static void ValidateContainer(JsonObject? resources, JsonObject pod, string path, Faults faults)
    {
        if (resources is null)
        {
            return;
        }

        ValidateRequirements(resources, path, ValidateContainerName, faults);
        ValidateClaims(resources, pod, path + ".claims", faults);
    }

    /// <summary>What a pod takes beside its containers.</summary>
    public static void ValidateOverhead(JsonObject? overhead, string path, Faults faults)
    {
        if (overhead is not null)
        {
            ValidateRequirements(new JsonObject { ["limits"] = overhead.DeepClone() }, path, ValidateContainerName, faults);
        }
    }

    /// <summary>What a pod asks for as a whole.</summary>
    public static void ValidatePod(JsonObject spec, string path, Faults faults)
    {
        if (spec.Child("resources") is not { } resources)
        {
            return;
        }

        if (resources.Has("claims"))
        {
            faults.Forbidden(path + ".claims", "claims cannot be set for Resources at pod-level");
        }

        ValidateRequirements(resources, path, ValidatePodName, faults);
        PodLevelAmounts.Validate(spec, resources, path, faults);
    }

    private static void ValidateRequirements(JsonObject resources, string path, Action<string, string, Faults> validateName, Faults faults)
    {
        Dictionary<string, Quantity> limits = Read(resources.Child("limits")), requests = Read(resources.Child("requests"));
        foreach ((string name, Quantity amount) in limits)
        {
            ValidateOne(name, amount, $"{path}.limits[{name}]", validateName, faults);
        }

        foreach ((string name, Quantity amount) in requests)
        {
            ValidateOne(name, amount, $"{path}.requests[{name}]", validateName, faults);
            bool mayDiffer = MayOvercommit(name);
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

        string[] all = [.. limits.Keys, .. requests.Keys];
        if (all.Any(IsPageSize) && !all.Any(name => name is "cpu" or "memory"))
        {
            faults.Forbidden(path, "HugePages require cpu or memory");
        }
    }

    /// <summary>Whether containers may ask for less than they may use.</summary>
    public static bool MayOvercommit(string name) => IsNative(name) && !IsPageSize(name);

    private static void ValidateOne(string name, Quantity amount, string path, Action<string, string, Faults> validateName, Faults faults)
    {
        validateName(name, path, faults);
        ValidateQuantity(name, amount, path, faults);
        if (IsPageSize(name) && Quantity.TryParse(name["hugepages-".Length..], out Quantity page) && page.Sign > 0 && !amount.IsMultipleOf(page))
        {
            faults.Invalid(path, amount.ToString(), $"{amount} is not positive integer multiple of {name}");
        }
    }

    private static void ValidateClaims(JsonObject resources, JsonObject pod, string path, Faults faults)
    {
        string[] known = [.. pod.Items("resourceClaims").Select(c => c.Text("name")).Where(n => n.Length > 0).Order(StringComparer.Ordinal)];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject claim in resources.Items("claims"))
        {
            string at = $"{path}[{i++}]", name = claim.Text("name"), request = claim.Text("request");
            if (name.Length == 0)
            {
                faults.Required(at);
                continue;
            }

            if (!seen.Add($"{name}/{request}"))
            {
                faults.Duplicate(at, request.Length == 0 ? name : $"{name}/{request}");
            }

            if (!known.Contains(name))
            {
                faults.Add(FieldError.NotFound(at, name) with { Detail = known.Length == 0 ? "must be one of the names in pod.spec.resourceClaims which is empty" : "must be one of the names in pod.spec.resourceClaims: " + string.Join(", ", known) });
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

            ValidateQuantity(name, amount, at, faults);
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

    public static void ValidateContainerName(string name, string path, Faults faults)
    {
        ValidateName(name, path, faults);
        if (!name.Contains('/', StringComparison.Ordinal))
        {
            if (!ForContainers.Contains(name) && !IsPageSize(name))
            {
                faults.Invalid(path, name, "must be a standard resource for containers");
            }
        }
        else if (!IsNative(name) && !IsExtended(name))
        {
            faults.Invalid(path, name, "doesn't follow extended resource name standard");
        }
    }

    private static void ValidatePodName(string name, string path, Faults faults)
    {
        int before = faults.Count;
        ValidateName(name, path, faults);
        if (faults.Count == before && name is not ("cpu" or "memory") && !IsPageSize(name))
        {
            faults.NotSupported(path, name, "cpu", "hugepages-", "memory");
        }
    }

    /// <summary>No amount is negative; what cannot be cut is whole.</summary>
    public static void ValidateQuantity(string name, Quantity amount, string path, Faults faults)
    {
        ValidateAmount(amount, path, faults);
        if ((IsExtended(name) || Whole.Contains(name)) && !amount.IsWhole)
        {
            faults.Invalid(path, amount.ToString(), "must be an integer");
        }
    }

    /// <summary>Something that a device plugin or an administrator counts.</summary>
    private static bool IsExtended(string name) =>
        !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal) && Names.CheckQualifiedName("requests." + name).Count == 0;

    public static void ValidateName(string name, string path, Faults faults)
    {
        IReadOnlyList<string> wrong = Names.CheckQualifiedName(name);
        faults.All(path, name, wrong);
        if (wrong.Count == 0 && !name.Contains('/', StringComparison.Ordinal) && !Standard.Contains(name) && !IsHugePages(name))
        {
            faults.Invalid(path, name, "must be a standard resource type or fully qualified");
        }
    }

    private static bool IsNative(string name) => !name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    internal static bool IsPageSize(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);

    private static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);
}
