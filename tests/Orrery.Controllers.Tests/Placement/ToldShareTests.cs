using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Installations;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

/// <summary>Replicas that are divided over data planes of which one has controllers of its own.</summary>
public sealed class ToldShareTests
{
    private static readonly DataPlane[] Planes = [.. new[] { "ams", "own", "par" }.Select(n => new DataPlane(n, new Dictionary<string, string>(), "Shared", [], false, false, true, "True", ""))];

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(1)]
    [InlineData(0)]
    public void Shares_OfThoseThatAreToldAndThoseThatAreNot_AddUp(int replicas)
    {
        InstallationPlan vendors = Plan("""{"dataPlanes": ["ams", "own", "par"], "replicas": "Divide", "weights": {"own": 2}}""");

        int[] shares = [.. Planes.Select(p => InstallationTargets.Shares(vendors, p.Name, Planes).Replicas!(replicas))];
        ToldShare told = ToldShare.For(vendors, Planes[1], Planes)!;
        InstallationPlan fetched = Plan("""{"dataPlanes": ["own"]}""", told.ToString());

        Assert.Equal(replicas, shares.Sum());
        Assert.Equal("1:1,2,1", told.ToString());
        Assert.Equal(shares[1], InstallationTargets.Shares(fetched, "own", [Planes[1]]).Replicas!(replicas));
    }

    [Fact]
    public void Shares_TenantDividesItsShareAnew_AddUpToIt()
    {
        InstallationPlan fetched = Plan("""{"dataPlanes": ["ams", "own"], "replicas": "Divide"}""", "1:1,2,1");

        Assert.Equal([3, 2], Planes[..2].Select(p => InstallationTargets.Shares(fetched, p.Name, Planes[..2]).Replicas!(10)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("3:1,2,1")]
    [InlineData("0:1,x")]
    [InlineData("-1:1")]
    public void Shares_WhatMakesNoSense_TellsNothing(string told) => Assert.Null(InstallationTargets.Shares(Plan("""{"dataPlanes": ["own"]}""", told), "own", [Planes[1]]).Replicas);

    private static InstallationPlan Plan(string placement, string? told = null)
    {
        var installation = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "shop", ["annotations"] = told is null ? [] : new JsonObject { [ToldShare.Annotation] = told } },
            ["spec"] = new JsonObject { ["placement"] = JsonNode.Parse(placement) },
        };
        return new InstallationPlan(KubeObject.From(installation), "acme", null, null, null, Resolution.Nowhere, null);
    }
}
