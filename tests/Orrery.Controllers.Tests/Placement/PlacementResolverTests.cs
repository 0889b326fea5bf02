using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class PlacementResolverTests
{
    private static readonly DataPlane Paris = Samples.DataPlane("pa2-par");
    private static readonly DataPlane Amsterdam = Samples.DataPlane("ams9-ams");
    private static readonly DataPlane NewYork = Samples.DataPlane("ny8-nyc", "us");
    private static readonly Tenant Acme = new("acme", null);

    [Fact]
    public void Resolve_SitesNamesAndSelector_AddUp()
    {
        Resolution found = Resolve(Placement(sites: ["america"], names: ["pa2-par"], selector: "region=eu"));

        Assert.Equal(["ams9-ams", "ny8-nyc", "pa2-par"], Names(found));
        Assert.Empty(found.Unknown);
    }

    [Fact]
    public void Resolve_Nothing_IsNowhere() => Assert.Empty(Resolve(Placement()).DataPlanes);

    [Fact]
    public void Resolve_Annotation_Narrows()
    {
        Resolution found = Resolve(Placement(names: ["pa2-par", "ny8-nyc", "ams9-ams"]), "europe");

        Assert.Equal(["ams9-ams", "pa2-par"], Names(found));
    }

    [Fact]
    public void Resolve_AnnotationNamesTwoSites_KeepsBoth() =>
        Assert.Equal(["ny8-nyc", "pa2-par"], Names(Resolve(Placement(names: ["pa2-par", "ny8-nyc"]), "europe, america")));

    [Fact]
    public void Resolve_AnnotationsOnNamespaceAndObject_NarrowBoth() =>
        Assert.Empty(Resolve(Placement(names: ["pa2-par", "ny8-nyc"]), "europe", "america").DataPlanes);

    [Fact]
    public void Resolve_AnnotationNeverWidens() => Assert.Empty(Resolve(Placement(names: ["ny8-nyc"]), "europe").DataPlanes);

    [Fact]
    public void Resolve_UnknownSite_IsNamedAndNothingThatRunsLeaves()
    {
        Resolution found = Resolve(Placement(names: ["pa2-par", "ny8-nyc"]), "europ");

        Assert.Empty(found.DataPlanes);
        Assert.Equal(["virtual site \"europ\""], found.Unknown);
        Assert.Contains(found.Kept, d => d.Name == "ny8-nyc");
    }

    [Fact]
    public void Resolve_EverythingKnown_KeepsNothing() => Assert.Empty(Resolve(Placement(names: ["pa2-par"])).Kept);

    [Fact]
    public void Resolve_DedicatedToAnotherTenant_IsLeftOut()
    {
        DataPlane dedicated = Samples.DataPlane("own", access: "Dedicated", tenants: ["globex"]);

        Assert.Equal(["pa2-par"], Names(PlacementResolver.Resolve(Placement(selector: "region=eu"), Acme, Samples.Fleet([Paris, dedicated]), [])));
        Assert.Equal(
            ["own", "pa2-par"],
            Names(PlacementResolver.Resolve(Placement(selector: "region=eu"), new Tenant("globex", null), Samples.Fleet([Paris, dedicated]), [])));
    }

    [Fact]
    public void Resolve_TenantsOwnSelector_Limits() =>
        Assert.Equal(
            ["ny8-nyc"],
            Names(PlacementResolver.Resolve(
                Placement(names: ["pa2-par", "ny8-nyc"]), new Tenant("acme", LabelSelector.Parse("region=us")), Samples.Fleet([Paris, NewYork]), [])));

    [Fact]
    public void Resolve_DataPlaneBeingDeleted_IsLeftOut() =>
        Assert.Empty(PlacementResolver.Resolve(Placement(names: ["pa2-par"]), Acme, Samples.Fleet([Paris with { Deleting = true }]), []).DataPlanes);

    private static Resolution Resolve(Api.Kinds.Placement placement, params string[] narrowings) => PlacementResolver.Resolve(
        placement, Acme, Samples.Fleet([Paris, Amsterdam, NewYork], Samples.Site("europe", "eu"), Samples.Site("america", "us")), narrowings);

    private static Api.Kinds.Placement Placement(string[]? sites = null, string[]? names = null, string? selector = null) =>
        new(sites ?? [], names ?? [], selector is null ? null : LabelSelector.Parse(selector), false, new Dictionary<string, int>());

    private static IEnumerable<string> Names(Resolution found) => found.DataPlanes.Select(d => d.Name);
}
