using Orrery.Api.Kinds;

namespace Orrery.Api.Tests;

public sealed class TenantGuardsTests
{
    /// <summary>What the cluster's owner tightened is not loosened; what was enforced for the tenant follows its class, and is put back.</summary>
    [Theory]
    [InlineData("", "", "baseline", false)]
    [InlineData("baseline", "", "baseline", false)]
    [InlineData("baseline", "baseline", "baseline", true)]
    [InlineData("restricted", "baseline", "baseline", true)]
    [InlineData("restricted", "baseline", "privileged", true)]
    [InlineData("restricted", "restricted", "baseline", false)]
    [InlineData("privileged", "baseline", "baseline", false)]
    [InlineData("", "baseline", "baseline", false)]
    [InlineData("strictest", "baseline", "baseline", false)]
    public void IsSecured_OfWhatIsThere_IsWhatIsWantedOrStricterByTheOwner(string label, string annotation, string level, bool expected)
    {
        KubeObject ns = KubeObject.Parse(System.Text.Encoding.UTF8.GetBytes($$"""
            {"metadata": {"name": "n", "labels": {"{{TenantGuards.EnforceLabel}}": "{{label}}"}, "annotations": {"{{TenantGuards.LevelAnnotation}}": "{{annotation}}"} } }
            """));

        Assert.Equal(expected, TenantGuards.IsSecured(ns, level));
    }
}
