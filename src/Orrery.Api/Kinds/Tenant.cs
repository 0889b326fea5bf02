namespace Orrery.Api.Kinds;

/// <summary>What placement reads of a Tenant.</summary>
/// <param name="DataPlanes">Null: every data plane that admits the tenant.</param>
public sealed record Tenant(string Name, LabelSelector? DataPlanes)
{
    public bool MayRunOn(DataPlane dataPlane) =>
        dataPlane.Admits(Name) && (DataPlanes is null || DataPlanes.Matches(dataPlane.Labels));

    public static Tenant From(KubeObject json) => new(json.Name, KindJson.Selector(json.At("spec", "dataPlanes")));
}
