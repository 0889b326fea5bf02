using System.Text.Json;

namespace Orrery.Api.Kinds;

/// <summary>What controllers read of a DataPlane. Values that are missing or of the wrong type read as the schema's defaults.</summary>
/// <param name="Access"><c>Shared</c>, <c>Dedicated</c> or <c>Private</c>.</param>
/// <param name="Tenants">Who may run there when it is not shared.</param>
/// <param name="Deleting">It is deleted with what runs there. One that is deleted without that being said is <see cref="Drained"/>.</param>
/// <param name="Ready"><c>True</c>, <c>False</c> or <c>Unknown</c>; <c>Unknown</c> before the first heartbeat.</param>
/// <param name="ReadyMessage">For people; names since when a silent one is silent.</param>
public sealed record DataPlane(
    string Name,
    IReadOnlyDictionary<string, string> Labels,
    string Access,
    IReadOnlyList<string> Tenants,
    bool Cordoned,
    bool Paused,
    bool Deleting,
    string Ready,
    string ReadyMessage)
{
    /// <summary>What runs here is to move to other data planes: it is drained, or deleted.</summary>
    public bool Drained { get; init; }

    /// <summary>Its tenant runs Orrery's controllers there: they fetch what is theirs, and nothing else is placed there.</summary>
    public bool HasOwnControllers { get; init; }

    public string Namespace => OrreryNames.DataPlaneNamespace(Name);

    public bool IsReporting => Ready == "True";

    public bool Admits(string tenant) => Access == "Shared" || Tenants.Contains(tenant, StringComparer.Ordinal);

    /// <summary>Whether nobody but one tenant may run there.</summary>
    public bool IsOneTenants => Access != "Shared" && Tenants.Count == 1;

    /// <summary>Whether what placement looks at is the same in both; a heartbeat changes none of it.</summary>
    public bool PlacesLike(DataPlane other) =>
        Access == other.Access && Cordoned == other.Cordoned && Paused == other.Paused && Deleting == other.Deleting && Drained == other.Drained
        && HasOwnControllers == other.HasOwnControllers
        && Tenants.SequenceEqual(other.Tenants, StringComparer.Ordinal)
        && Labels.Count == other.Labels.Count && Labels.All(l => other.Labels.TryGetValue(l.Key, out string? v) && v == l.Value);

    public static DataPlane From(KubeObject json)
    {
        bool drained = KindJson.Flag(json.At("spec", "drained")) || json.IsDeleting;
        (string status, string message) = Condition(json, OrreryNames.ReadyCondition);
        return new DataPlane(
            json.Name,
            json.Labels,
            json.TextAt("spec", "access") ?? "Shared",
            KindJson.Texts(json.At("spec", "tenants")),
            KindJson.Flag(json.At("spec", "cordoned")) || drained,
            KindJson.Flag(json.At("spec", "paused")),
            json.IsDeleting && json.Annotations.ContainsKey(OrreryNames.ForceDeleteAnnotation),
            status,
            message)
        {
            Drained = drained,
            HasOwnControllers = json.TextAt("spec", "controlledBy") == "Tenant",
        };
    }

    private static (string Status, string Message) Condition(KubeObject json, string type)
    {
        if (json.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions)
        {
            foreach (JsonElement condition in conditions.EnumerateArray())
            {
                if (KindJson.Text(condition, "type") == type)
                {
                    return (KindJson.Text(condition, "status"), KindJson.Text(condition, "message"));
                }
            }
        }

        return ("Unknown", "its satellite was never heard");
    }
}
