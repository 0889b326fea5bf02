using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>What controllers read of a TenantClass.</summary>
public sealed record TenantClass(string Name)
{
    private static readonly Dictionary<string, Quantity> NoQuantities = [];

    /// <summary>Of a tenant that names no class: nothing is bounded.</summary>
    public static readonly TenantClass None = new("");

    public IReadOnlyList<MachinePool> Pools { get; init; } = [];

    /// <summary>Pods run on the tenant's machines or not at all.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>As in a ResourceQuota's <c>hard</c>, for all data planes together. Quantities that cannot be read are left out.</summary>
    public IReadOnlyDictionary<string, Quantity> Quota { get; init; } = NoQuantities;

    /// <summary>The most that one container may have.</summary>
    public IReadOnlyDictionary<string, Quantity> Limits { get; init; } = NoQuantities;

    /// <summary>What a container asks for that does not say.</summary>
    public IReadOnlyDictionary<string, Quantity> Defaults { get; init; } = NoQuantities;

    /// <summary>Kinds without namespace that installations for the tenant may have in data planes, as <c>Kind.group</c>.</summary>
    public IReadOnlyList<string> ClusterKinds { get; init; } = [];

    /// <summary>PriorityClasses of data planes that the tenant's pods may name, "*" for any. Null: any where a data plane is the tenant's alone, none elsewhere.</summary>
    public IReadOnlyList<string>? PriorityClasses { get; init; }

    /// <summary>Hosts that the tenant's Ingresses may claim, "{tenant}" standing for its name. Null: any that nobody else has.</summary>
    public IReadOnlyList<string>? IngressHosts { get; init; }

    /// <summary>IngressClasses that the tenant's Ingresses may be of. Null: any.</summary>
    public IReadOnlyList<string>? IngressClasses { get; init; }

    /// <summary>Most that <see cref="RequestWeight"/> may be.</summary>
    private const int MostWeight = 100;

    /// <summary>How many times a plain one's share of the API server each virtual cluster of such a tenant has, where there is too little for all: 1 to 100.</summary>
    public int RequestWeight { get; init; } = 1;

    /// <returns>One for what is no weight.</returns>
    public static int ReadWeight(string? text) => int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int weight) ? Math.Clamp(weight, 1, MostWeight) : 1;

    public static TenantClass From(KubeObject json) => new(json.Name)
    {
        Pools = json.At("spec", "machinePools") is { ValueKind: JsonValueKind.Array } pools ? [.. pools.EnumerateArray().Select(MachinePool.FromClass)] : [],
        Strict = json.At("spec", "strictScheduling") is not { ValueKind: JsonValueKind.False },
        RequestWeight = (int)Math.Clamp(json.NumberAt("spec", "requestWeight") ?? 1, 1, MostWeight),
        Quota = KindJson.Quantities(json.At("spec", "quota")),
        Limits = KindJson.Quantities(json.At("spec", "limits")),
        Defaults = KindJson.Quantities(json.At("spec", "defaults")),
        ClusterKinds = KindJson.Texts(json.At("spec", "clusterKinds")),
        PriorityClasses = KindJson.TextsOrNull(json.At("spec", "priorityClasses")),
        IngressHosts = KindJson.TextsOrNull(json.At("spec", "ingressHosts")),
        IngressClasses = KindJson.TextsOrNull(json.At("spec", "ingressClasses")),
    };
}

/// <summary>Machines of one sort.</summary>
/// <param name="Max">Never less than <paramref name="Min"/>.</param>
/// <param name="Labels">All of them, on a node, make it one of this pool.</param>
/// <param name="Taints">What its nodes carry, as <c>key</c>, <c>value</c> and <c>effect</c>.</param>
public sealed record MachinePool(string Name, int Min, int Max, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<Taint> Taints)
{
    /// <summary>Label of a node by which its machine type is known.</summary>
    private const string InstanceTypeLabel = "node.kubernetes.io/instance-type";

    private const string CapacityTypeLabel = "karpenter.sh/capacity-type";

    public bool Has(IReadOnlyDictionary<string, string> nodeLabels) => Labels.All(l => nodeLabels.TryGetValue(l.Key, out string? v) && v == l.Value);

    /// <summary>As a Tenancy carries it: size and capacity type are labels there.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["min"] = Min,
        ["max"] = Max,
        ["labels"] = new JsonObject(Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => new KeyValuePair<string, JsonNode?>(l.Key, l.Value))),
    };

    internal static MachinePool From(JsonElement json)
    {
        int min = Number(json, "min") ?? 0;
        return new MachinePool(KindJson.Text(json, "name"), min, Math.Max(min, Number(json, "max") ?? min), KindJson.Map(json, "labels"), []);
    }

    internal static MachinePool FromClass(JsonElement json)
    {
        var labels = new Dictionary<string, string>(KindJson.Map(json, "labels"), StringComparer.Ordinal);
        if (KindJson.Text(json, "size") is { Length: > 0 } size)
        {
            labels[InstanceTypeLabel] = size;
        }

        if (KindJson.Text(json, "capacityType") is { Length: > 0 } capacity)
        {
            labels[CapacityTypeLabel] = capacity == "Spot" ? "spot" : "on-demand";
        }

        int min = Number(json, "min") ?? 1;
        return new MachinePool(KindJson.Text(json, "name"), min, Math.Max(min, Number(json, "max") ?? min), labels, Taint.List(json));
    }

    private static int? Number(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out int n) ? n : null;
}

/// <summary>A taint of a node.</summary>
public readonly record struct Taint(string Key, string Value, string Effect)
{
    public JsonObject ToToleration()
    {
        var json = new JsonObject { ["key"] = Key, ["operator"] = Value.Length > 0 ? "Equal" : "Exists", ["effect"] = Effect };
        if (Value.Length > 0)
        {
            json["value"] = Value;
        }

        return json;
    }

    internal static IReadOnlyList<Taint> List(JsonElement pool) =>
        pool.ValueKind == JsonValueKind.Object && pool.TryGetProperty("taints", out JsonElement taints) && taints.ValueKind == JsonValueKind.Array
            ? [.. taints.EnumerateArray().Select(t => new Taint(KindJson.Text(t, "key"), KindJson.Text(t, "value"), KindJson.Text(t, "effect")))]
            : [];
}
