using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tests.Applying;

public sealed class OwnershipTests
{
    private const string Manifest = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "acme-shop-default", "labels": {"app": "web"}}}""";

    [Fact]
    public void Of_Work_MarksItsManifest()
    {
        Manifest manifest = Satellite.Applying.Manifest.Of(Samples.Work(Manifest), Samples.Served(ControlPlaneMarks.Unknown));

        Assert.Equal(
            """{"app":"web","app.kubernetes.io/managed-by":"orrery","orrery.dev/tenant":"acme","orrery.dev/virtual-cluster":"shop","orrery.dev/namespace":"default"}""",
            manifest.Json.Metadata["labels"]!.ToJsonString());
        Assert.Equal("""{"orrery.dev/work":"deployment-web-1"}""", manifest.Json.Metadata["annotations"]!.ToJsonString());
        Assert.True(manifest.Marks(KubeObject.From(manifest.Json)));
    }

    /// <summary>By these the satellite tells what holds tenants apart, what is to stay, and what is of which Work: a tenant's object, or what comes of it, must not pass for any.</summary>
    [Fact]
    public void Of_TenantsWork_CarriesNoMarkThatTheTenantWrote()
    {
        Manifest manifest = Satellite.Applying.Manifest.Of(Samples.Work("""
            {"apiVersion": "apps/v1", "kind": "StatefulSet",
             "metadata": {"name": "web", "namespace": "acme-shop-default", "labels": {"app": "web", "orrery.dev/guard": "globex", "orrery.dev/installation": "x"}, "annotations": {"orrery.dev/control-plane": "forged"}},
             "spec": {"template": {"metadata": {"annotations": {"a": "b", "orrery.dev/work": "deployment-of-globex"}, "labels": {"app": "web"}}},
                      "volumeClaimTemplates": [{"metadata": {"name": "data", "annotations": {"orrery.dev/work": "claim-of-globex"}}}]}}
            """), Samples.Served(ControlPlaneMarks.Unknown));

        Assert.Equal(
            """{"app":"web","app.kubernetes.io/managed-by":"orrery","orrery.dev/tenant":"acme","orrery.dev/virtual-cluster":"shop","orrery.dev/namespace":"default"}""",
            manifest.Json.Metadata["labels"]!.ToJsonString());
        Assert.Equal("""{"orrery.dev/work":"deployment-web-1"}""", manifest.Json.Metadata["annotations"]!.ToJsonString());
        Assert.Equal(
            """{"template":{"metadata":{"annotations":{"a":"b"},"labels":{"app":"web"}}},"volumeClaimTemplates":[{"metadata":{"name":"data","annotations":{}}}]}""",
            manifest.Json["spec"]!.ToJsonString());
    }

    /// <summary>The name of a Work is the same in two control planes that have the same tenants.</summary>
    [Theory]
    [InlineData("own", false, true)]
    [InlineData("another", false, false)]
    [InlineData("another", true, false)]
    [InlineData("", false, false)]
    [InlineData("", true, true)]
    public void Marks_GoesByTheControlPlaneToo(string named, bool servesUnmarked, bool expected)
    {
        Manifest manifest = Satellite.Applying.Manifest.Of(Samples.Work(Manifest), Samples.Served(new ControlPlaneMarks("own", servesUnmarked)));
        Assert.Equal("own", manifest.Json.Metadata.TextAt("annotations", "orrery.dev/control-plane"));
        var live = (JsonObject)manifest.Json.DeepClone();
        live.Metadata["annotations"]!["orrery.dev/control-plane"] = named;

        Assert.Equal(expected, manifest.Marks(KubeObject.From(live)));
        Assert.Equal(expected, Ownership.AnothersRefusal(KubeObject.From(live), manifest, manifest.Served) is null);
    }

    [Theory]
    [InlineData("""{"kind": "Deployment", "metadata": {"name": "web"}}""")]
    [InlineData("""{"kind": "Deployment", "metadata": {"namespace": "x"}}""")]
    [InlineData("""{"metadata": {"name": "web", "namespace": "x"}}""")]
    public void Of_IncompleteManifest_IsTerminal(string manifest) =>
        Assert.Throws<TerminalException>(() => Satellite.Applying.Manifest.Of(Samples.Work(manifest), Samples.Served(ControlPlaneMarks.Unknown)));

    [Theory]
    [InlineData("", "kubectl", false)]
    [InlineData("", "orrery", true)]
    [InlineData("living", "orrery", false)]
    [InlineData("gone", "orrery", true)]
    [InlineData("gone", "kubectl", false)]
    public void IsAppliedByUs_WithoutThisWorksMark_GoesByManagerAndOtherMark(string mark, string manager, bool expected)
    {
        var live = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["managedFields"] = new JsonArray(new JsonObject { ["manager"] = manager, ["operation"] = "Apply" }),
                ["annotations"] = mark.Length == 0 ? [] : new JsonObject { ["orrery.dev/work"] = mark },
            },
        };

        Assert.Equal(expected, Ownership.IsAppliedByUs(KubeObject.From(live), work => work == "living"));
    }

    [Fact]
    public void MappedNamespace_WrittenAndRead_IsTheSame()
    {
        MappedNamespace owner = MappedNamespace.OfWork(Samples.Work(Manifest))!;

        Assert.Equal(new MappedNamespace("acme", new ClusterName("acme", "shop"), "default"), owner);
        Assert.Equal(owner, MappedNamespace.Of(KubeObject.From(owner.ToJson("acme-shop-default"))));
    }

    [Fact]
    public void MappedNamespace_SameLabelsOtherRootNamespace_IsAnother() =>
        Assert.NotEqual(
            new MappedNamespace("acme", new ClusterName("acme", "shop"), "default"),
            MappedNamespace.Of(KubeObject.From(new MappedNamespace("acme", new ClusterName("acme-two", "shop"), "default").ToJson("x"))));

    [Fact]
    public void MappedNamespace_OfAForeignNamespace_IsNone() =>
        Assert.Null(MappedNamespace.Of(Samples.Object("""{"metadata": {"name": "x", "labels": {"orrery.dev/tenant": "acme"}}}""")));
}
