using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Applying;
using Orrery.Satellite.Observing;

namespace Orrery.Satellite.Tests.Observing;

public sealed class ObservationBuilderTests
{
    private static readonly MappedNamespace Owner = new("acme", new ClusterName("acme", "shop"), "default");

    [Fact]
    public void Build_Pod_NamesTheVirtualNamespaceAndKeepsThePodAsItIs()
    {
        KubeObject pod = Samples.Object("""{"metadata": {"name": "web-1", "namespace": "acme-shop-default", "uid": "p", "resourceVersion": "9", "managedFields": []}, "spec": {"nodeName": "n"}}""");

        JsonObject observation = ObservationBuilder.Build(pod, "Pod", Owner, "dp-pa2-par");

        Assert.Equal("""{"cluster":"acme/shop","apiVersion":"v1","kind":"Pod","namespace":"default","name":"web-1"}""", observation["spec"]!["source"]!.ToJsonString());
        Assert.Equal(
            """{"metadata":{"name":"web-1","namespace":"acme-shop-default","uid":"p"},"spec":{"nodeName":"n"},"apiVersion":"v1","kind":"Pod"}""",
            observation["spec"]!["object"]!.ToJsonString());
        Assert.Equal(ObservationBuilder.Name("Pod", "acme-shop-default", "web-1"), observation.Name);
    }

    [Fact]
    public void Name_SamePodNameInTwoNamespaces_Differs() =>
        Assert.NotEqual(ObservationBuilder.Name("Pod", "acme-shop-default", "web-1"), ObservationBuilder.Name("Pod", "globex-shop-default", "web-1"));

    [Fact]
    public void Build_Node_LeavesOutImagesAndSignsOfLife()
    {
        KubeObject node = Samples.Object("""
            {"metadata": {"name": "n1", "annotations": {"a": "b"}},
             "status": {"images": [{"names": ["x"]}], "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]}}
            """);

        JsonObject observation = ObservationBuilder.Build(node, "Node", null, "dp-pa2-par");

        Assert.Equal("""{"apiVersion":"v1","kind":"Node","name":"n1"}""", observation["spec"]!["source"]!.ToJsonString());
        Assert.Equal("""{"conditions":[{"type":"Ready","status":"True"}]}""", observation["spec"]!["object"]!["status"]!.ToJsonString());
        Assert.Null(observation["spec"]!["object"]!["metadata"]!["annotations"]);
    }
}
