using System.Text.Json;

namespace Orrery.Api.Kinds;

/// <summary>Where objects run, as <c>spec.placement</c> of a VirtualCluster says. The three ways to name data planes add up.</summary>
/// <param name="Selector">Null selects none.</param>
/// <param name="Divides">Each data plane gets a share of the replicas instead of all.</param>
/// <param name="Weights">Share of a data plane when dividing; 1 where it is not named.</param>
public sealed record Placement(
    IReadOnlyList<string> VirtualSites,
    IReadOnlyList<string> DataPlanes,
    LabelSelector? Selector,
    bool Divides,
    IReadOnlyDictionary<string, int> Weights)
{
    /// <summary>How objects leave places that they are no longer wanted in.</summary>
    public PlacementMove Move { get; init; } = PlacementMove.Usual;

    public bool IsEmpty => VirtualSites.Count == 0 && DataPlanes.Count == 0 && Selector is null;

    /// <param name="owner">An object with <c>spec.placement</c>.</param>
    public static Placement Of(KubeObject owner)
    {
        var weights = new Dictionary<string, int>(StringComparer.Ordinal);
        if (owner.At("spec", "placement", "weights") is { ValueKind: JsonValueKind.Object } json)
        {
            foreach (JsonProperty weight in json.EnumerateObject())
            {
                if (weight.Value.ValueKind == JsonValueKind.Number && weight.Value.TryGetInt32(out int n) && n >= 0)
                {
                    weights[weight.Name] = n;
                }
            }
        }

        return new Placement(
            KindJson.Texts(owner.At("spec", "placement", "virtualSites")),
            KindJson.Texts(owner.At("spec", "placement", "dataPlanes")),
            KindJson.Selector(owner.At("spec", "placement", "selector")),
            owner.TextAt("spec", "placement", "replicas") == "Divide",
            weights)
        {
            Move = PlacementMove.Of(owner),
        };
    }
}
