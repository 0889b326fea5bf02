using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class WorkBuilderTests
{
    private static readonly PlaceableKind Kind = PlaceableKinds.All.Single(k => k.Kind == "Deployment");

    [Fact]
    public void Build_Deployment_NamesItsSourceAndMapsItsNamespace()
    {
        JsonObject work = Build(Samples.Deployment(generation: 4));

        Assert.Equal("dp-pa2-par", work.Namespace);
        Assert.StartsWith("deployment-web-", work.Name, StringComparison.Ordinal);
        Assert.Equal(
            """{"cluster":"acme/shop","apiVersion":"apps/v1","kind":"Deployment","namespace":"default","name":"web","uid":"u1","clusterUid":"c1","namespaceUid":"n1","generation":4}""",
            work["spec"]!["source"]!.ToJsonString());
        Assert.Equal("acme-shop-default", work.TextAt("spec", "manifest", "metadata", "namespace"));
        Assert.Equal(
            """{"app.kubernetes.io/managed-by":"orrery","orrery.dev/tenant":"acme","orrery.dev/virtual-cluster":"shop","orrery.dev/namespace":"default"}""",
            work.Metadata["labels"]!.ToJsonString());
    }

    [Fact]
    public void Build_SameNameInTwoClusters_GivesTwoWorks()
    {
        JsonObject other = Samples.Deployment().ToJsonObject();
        other.Metadata["clusterName"] = "globex/shop";

        Assert.NotEqual(Build(Samples.Deployment()).Name, Build(KubeObject.From(other)).Name);
    }

    [Fact]
    public void IsUpToDate_AfterARoundTrip_IsTrue()
    {
        JsonObject work = Build(Samples.Deployment());

        Assert.True(WorkBuilder.IsUpToDate(KubeObject.From(work), Build(Samples.Deployment())));
    }

    [Fact]
    public void IsUpToDate_WithAFieldThatSomebodyAdded_IsFalse()
    {
        JsonObject work = Build(Samples.Deployment());
        work["spec"]!["manifest"]!["spec"]!["paused"] = true;

        Assert.False(WorkBuilder.IsUpToDate(KubeObject.From(work), Build(Samples.Deployment())));
    }

    [Fact]
    public void IsUpToDate_WithALabelThatSomebodyAdded_IsTrue()
    {
        JsonObject work = Build(Samples.Deployment());
        work.Metadata["labels"]!["note"] = "mine";

        Assert.True(WorkBuilder.IsUpToDate(KubeObject.From(work), Build(Samples.Deployment())));
    }

    private static JsonObject Build(KubeObject source) => WorkBuilder.Build(source, Kind, "acme", new Incarnation("c1", "n1"), Samples.DataPlane("pa2-par"), null);
}
