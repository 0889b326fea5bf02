using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>What a satellite reads of a Tenancy: how its data plane holds one tenant apart.</summary>
/// <param name="Tenant">Name of the tenant, and of the Tenancy.</param>
public sealed record Tenancy(string Tenant)
{
    public string Class { get; init; } = "";

    public bool Suspended { get; init; }

    /// <summary>Empty: its namespaces carry no Pod Security labels.</summary>
    public string PodSecurity { get; init; } = "";

    public bool IsolatesNetwork { get; init; }

    public IReadOnlyList<string> AllowedNamespaces { get; init; } = [];

    /// <summary>For all its namespaces in the data plane together; empty bounds nothing.</summary>
    public IReadOnlyDictionary<string, Quantity> Quota { get; init; } = new Dictionary<string, Quantity>();

    public IReadOnlyDictionary<string, Quantity> Limits { get; init; } = new Dictionary<string, Quantity>();

    public IReadOnlyDictionary<string, Quantity> Defaults { get; init; } = new Dictionary<string, Quantity>();

    /// <summary>Kinds without namespace that installations for the tenant may have here, as <c>Kind.group</c>.</summary>
    public IReadOnlyList<string> ClusterKinds { get; init; } = [];

    /// <summary>PriorityClasses that pods of the tenant's own may name, "*" for any; those of the cluster itself (system-…) are never among them. Null: any.</summary>
    public IReadOnlyList<string>? PriorityClasses { get; init; }

    /// <summary>What hosts Ingresses of the tenant's own may claim: a name, or "*." and a name for all below it. Null: any that nobody else has.</summary>
    public IReadOnlyList<string>? IngressHosts { get; init; }

    /// <summary>IngressClasses that Ingresses of the tenant's own may be of; the first is that of one that names none. Null: any.</summary>
    public IReadOnlyList<string>? IngressClasses { get; init; }

    /// <summary>Null: no machine is its own.</summary>
    public TenancyMachines? Machines { get; init; }

    public static Tenancy From(KubeObject json) => new(json.Name)
    {
        Class = json.TextAt("spec", "class") ?? "",
        Suspended = KindJson.Flag(json.At("spec", "suspended")),
        PodSecurity = json.TextAt("spec", "podSecurity") ?? "",
        IsolatesNetwork = KindJson.Flag(json.At("spec", "network", "enabled")),
        AllowedNamespaces = KindJson.Texts(json.At("spec", "network", "allowedNamespaces")),
        Quota = KindJson.Quantities(json.At("spec", "quota")),
        Limits = KindJson.Quantities(json.At("spec", "limits")),
        Defaults = KindJson.Quantities(json.At("spec", "defaults")),
        ClusterKinds = KindJson.Texts(json.At("spec", "clusterKinds")),
        PriorityClasses = KindJson.TextsOrNull(json.At("spec", "priorityClasses")),
        IngressHosts = KindJson.TextsOrNull(json.At("spec", "ingressHosts")),
        IngressClasses = KindJson.TextsOrNull(json.At("spec", "ingressClasses")),
        Machines = json.At("spec", "machines") is { ValueKind: JsonValueKind.Object } machines ? TenancyMachines.From(machines) : null,
    };

    /// <summary>The <c>spec</c>.</summary>
    public JsonObject ToJson()
    {
        var spec = new JsonObject();
        if (Class.Length > 0)
        {
            spec["class"] = Class;
        }

        spec["suspended"] = Suspended;
        if (PodSecurity.Length > 0)
        {
            spec["podSecurity"] = PodSecurity;
        }

        spec["network"] = new JsonObject
        {
            ["enabled"] = IsolatesNetwork,
            ["allowedNamespaces"] = new JsonArray([.. AllowedNamespaces.Order(StringComparer.Ordinal).Select(n => (JsonNode)n)]),
        };
        Put(spec, "quota", Quota);
        Put(spec, "limits", Limits);
        Put(spec, "defaults", Defaults);
        Put(spec, "clusterKinds", ClusterKinds.Count > 0 ? ClusterKinds : null);
        Put(spec, "priorityClasses", PriorityClasses);
        Put(spec, "ingressHosts", IngressHosts);
        Put(spec, "ingressClasses", IngressClasses);
        if (Machines is { } machines)
        {
            spec["machines"] = machines.ToJson();
        }

        return spec;
    }

    private static void Put(JsonObject spec, string name, IReadOnlyList<string>? texts)
    {
        if (texts is not null)
        {
            spec[name] = new JsonArray([.. texts.Select(t => (JsonNode)t)]);
        }
    }

    private static void Put(JsonObject spec, string name, IReadOnlyDictionary<string, Quantity> quantities)
    {
        if (quantities.Count > 0)
        {
            spec[name] = KindJson.Quantities(quantities);
        }
    }
}

/// <summary>The machines that are one tenant's in a data plane.</summary>
/// <param name="Strict">Its pods run there or not at all.</param>
/// <param name="Tolerations">What its pods tolerate beside the taint of its own machines, as in a pod's spec.</param>
public sealed record TenancyMachines(bool Strict, IReadOnlyList<MachinePool> Pools, JsonArray Tolerations)
{
    internal static TenancyMachines From(JsonElement json) => new(
        json.TryGetProperty("strict", out JsonElement strict) && strict.ValueKind == JsonValueKind.True,
        json.TryGetProperty("pools", out JsonElement pools) && pools.ValueKind == JsonValueKind.Array ? [.. pools.EnumerateArray().Select(MachinePool.From)] : [],
        json.TryGetProperty("tolerations", out JsonElement tolerations) && tolerations.ValueKind == JsonValueKind.Array ? JsonArray.Create(tolerations)! : []);

    internal JsonObject ToJson() => new()
    {
        ["strict"] = Strict,
        ["tolerations"] = Tolerations.DeepClone(),
        ["pools"] = new JsonArray([.. Pools.Select(p => (JsonNode)p.ToJson())]),
    };
}
