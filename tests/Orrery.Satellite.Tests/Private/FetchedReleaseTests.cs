using System.Text.Json.Nodes;
using Orrery.Satellite.Private;

namespace Orrery.Satellite.Tests.Private;

/// <summary>The tenant's controllers read every Secret of its cluster: a vendor must not have them show one to an address of its own.</summary>
public sealed class FetchedReleaseTests
{
    [Theory]
    [InlineData("""{"repository": "https://charts.vendor.test/stable", "chart": "c"}""", "charts.vendor.test", true)]
    [InlineData("""{"repository": "https://charts.vendor.test:8443/stable", "chart": "c"}""", "charts.vendor.test:8443", true)]
    [InlineData("""{"oci": "oci://registry.tenant.test/team/chart"}""", "registry.tenant.test", true)]
    [InlineData("""{"oci": "oci://elsewhere.test/team/chart"}""", "registry.tenant.test", false)]
    [InlineData("""{"repository": "https://registry.tenant.test.elsewhere.test/", "chart": "c"}""", "registry.tenant.test", false)]
    [InlineData("""{"repository": "https://registry.tenant.test@elsewhere.test/", "chart": "c"}""", "registry.tenant.test", false)]
    [InlineData("""{"oci": "oci://elsewhere.test/team/chart"}""", null, false)]
    public void Problem_Credentials_GoOnlyWhereTheirOwnerSays(string helm, string? host, bool taken)
    {
        JsonObject release = Release(helm);
        release["spec"]!["bundle"]!["helm"]!["credentials"] = Samples.Json("""{"namespace": "kube-system", "name": "database"}""");
        string annotations = host is null ? "{}" : $$"""{"orrery.dev/charts-from": "{{host}}"}""";

        string? problem = FetchedRelease.Problem(release, Samples.Object($$"""{"metadata": {"name": "database", "annotations": {{annotations}} } }"""));

        Assert.Equal(("kube-system", "database"), FetchedRelease.CredentialsOf(release));
        Assert.Equal(taken, problem is null);
        Assert.NotNull(FetchedRelease.Problem(release, null));
    }

    [Fact]
    public void Problem_NothingOfThisClusterIsAskedFor_IsTaken() => Assert.Null(FetchedRelease.Problem(Release("""{"oci": "oci://registry.vendor.test/chart"}"""), null));

    [Fact]
    public void Problem_ManifestsFromConfigMaps_AreNotTaken() =>
        Assert.NotNull(FetchedRelease.Problem(Samples.Json("""{"spec": {"bundle": {"manifests": {"configMaps": [{"namespace": "kube-system", "name": "x"}]}}}}"""), null));

    private static JsonObject Release(string helm) => Samples.Json($$"""{"kind": "Release", "metadata": {"name": "r"}, "spec": {"bundle": {"helm": {{helm}} } } }""");
}
