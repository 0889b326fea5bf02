namespace Orrery.Api.Kinds;

/// <summary>A named label selection of data planes.</summary>
public sealed record VirtualSite(string Name, LabelSelector Selector)
{
    public bool Selects(DataPlane dataPlane) => Selector.Matches(dataPlane.Labels);

    public static VirtualSite From(KubeObject json) =>
        new(json.Name, KindJson.Selector(json.At("spec", "dataPlaneSelector")) ?? LabelSelector.Nothing);
}
