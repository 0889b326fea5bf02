using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Controllers.Installations;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Installations;

public sealed class PrivateBundleTests
{
    private const string Windows = """[{"start":"22:00","durationMinutes":60}]""";

    /// <summary>Whoever's windows count, the tenant's own controllers find them on the installation, and no others anywhere.</summary>
    [Theory]
    [InlineData("", "", "", null)]
    [InlineData("i", "", "", Windows)]
    [InlineData("", "T", "", Windows)]
    [InlineData("", "", "t", Windows)]
    [InlineData("", "", "a", Windows)]
    public void Of_WindowsOfSomebody_StandOnTheInstallationAlone(string installation, string tenant, string other, string? expected)
    {
        KubeObject[] vendors =
        [
            Said("Installation", installation == "i", ""","channel": "stable" """), Said("Tenant", tenant == "T"), Said("TenantClass", other == "t"),
            Said("Application", other == "a", ""","channels": [{"name": "stable", "release": "shop-1"}]"""),
        ];
        var plan = new InstallationPlan(vendors[0], "acme", vendors[3], Said("Release", false), "shop-1", Resolution.Nowhere, null)
        {
            Windows = MaintenanceWindows.Find(vendors[0], vendors[1], vendors[2], vendors[3]),
        };

        JsonObject[] told = [.. PrivateBundle.Of(plan, Samples.DataPlane("own"), vendors[1], vendors[2], null)];

        Assert.Equal(["Tenant", "TenantClass", "Application", "Release", "Installation"], told.Select(t => t.Kind));
        Assert.All(told[..^1], t => Assert.Null(t["spec"]!["maintenanceWindows"]));
        Assert.Equal(expected, told[^1]["spec"]!["maintenanceWindows"]?.ToJsonString());
        Assert.Equal("""{"orrery.dev/open-until":"2026-01-01T00:00:00Z"}""", told[^1]["metadata"]!["annotations"]!.ToJsonString());
    }

    private static KubeObject Said(string kind, bool windows, string more = "") => Samples.Object($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "{{kind}}",
         "metadata": {"name": "shop", "namespace": "acme", "annotations": {"orrery.dev/open-until": "2026-01-01T00:00:00Z", "orrery.dev/changed-by": "ann", "orrery.dev/changed-at": "2026-01-01T00:00:00Z", "note": "x"} },
         "spec": {"title": "x"{{(windows ? $",\"maintenanceWindows\": {Windows}" : "")}}{{more}} } }
        """);
}
