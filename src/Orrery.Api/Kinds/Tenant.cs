using System.Text.Json;

namespace Orrery.Api.Kinds;

/// <summary>What controllers read of a Tenant. Values that are missing or of the wrong type read as the schema's defaults.</summary>
/// <param name="DataPlanes">Null: every data plane that admits the tenant.</param>
public sealed record Tenant(string Name, LabelSelector? DataPlanes)
{
    /// <summary>Empty when it has none.</summary>
    public string Class { get; init; } = "";

    /// <summary>Nothing of it runs and its API refuses everybody.</summary>
    public bool Suspended { get; init; }

    public IReadOnlyList<TenantMember> Members { get; init; } = [];

    public bool IsolatesNetwork { get; init; } = true;

    /// <summary>Namespaces of a data plane whose pods may reach the tenant's, and be reached.</summary>
    public IReadOnlyList<string> AllowedNamespaces { get; init; } = [];

    /// <summary>The machine pools of its class are its alone.</summary>
    public bool IsolatesMachines { get; init; }

    /// <summary>Pod Security standard: <c>privileged</c>, <c>baseline</c> or <c>restricted</c>.</summary>
    public string PodSecurity { get; init; } = "baseline";

    public bool MayRunOn(DataPlane dataPlane) =>
        dataPlane.Admits(Name) && (DataPlanes is null || DataPlanes.Matches(dataPlane.Labels));

    public static Tenant From(KubeObject json) => new(json.Name, KindJson.Selector(json.At("spec", "dataPlanes")))
    {
        Class = json.TextAt("spec", "class") ?? "",
        Suspended = KindJson.Flag(json.At("spec", "suspended")),
        Members = json.At("spec", "members") is { ValueKind: JsonValueKind.Array } members ? [.. members.EnumerateArray().Select(TenantMember.From)] : [],
        IsolatesNetwork = json.At("spec", "isolation", "network", "enabled") is not { ValueKind: JsonValueKind.False },
        AllowedNamespaces = KindJson.Texts(json.At("spec", "isolation", "network", "allowedNamespaces")),
        IsolatesMachines = KindJson.Flag(json.At("spec", "isolation", "machine", "enabled")),
        PodSecurity = json.TextAt("spec", "isolation", "podSecurity") ?? "baseline",
    };
}
