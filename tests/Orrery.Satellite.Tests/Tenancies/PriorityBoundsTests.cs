using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Tests.Tenancies;

/// <summary>Which PriorityClasses a tenant's own pods may name.</summary>
public sealed class PriorityBoundsTests
{
    [Theory]
    [InlineData(null, "high", "high")]
    [InlineData("*", "high", "high")]
    [InlineData("high", "high", "high")]
    [InlineData("low", "high", null)]
    [InlineData("", "high", null)]
    [InlineData("", null, null)]
    public void Hold_ClassesOfATenant_LeavesOutOthers(string? allowed, string? named, string? given)
    {
        JsonObject manifest = Deployment("Deployment", named);
        var tenancy = new Tenancy("acme") { PriorityClasses = allowed?.Split(',', StringSplitOptions.RemoveEmptyEntries) };

        string? leftOut = PriorityBounds.Hold(manifest, tenancy, null);

        Assert.Equal(given, WorkShape.PodSpec(manifest)!.TextAt("priorityClassName"));
        Assert.Equal(given == named ? null : named, leftOut);
    }

    /// <summary>A Job's template cannot change: taking the class from one that runs would end it.</summary>
    [Fact]
    public void Hold_JobThatHasIt_KeepsIt()
    {
        JsonObject manifest = Deployment("Job", "high");
        KubeObject live = KubeObject.Parse(Encoding.UTF8.GetBytes(manifest.ToJsonString()));

        Assert.Null(PriorityBounds.Hold(manifest, new Tenancy("acme") { PriorityClasses = [] }, live));
        Assert.Equal("high", WorkShape.PodSpec(manifest)!.TextAt("priorityClassName"));
    }

    private static JsonObject Deployment(string kind, string? priorityClass)
    {
        var pod = new JsonObject();
        if (priorityClass is not null)
        {
            pod["priorityClassName"] = priorityClass;
        }

        return new JsonObject { ["kind"] = kind, ["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = pod } } };
    }
}
