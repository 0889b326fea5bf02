using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class ManifestBuilderTests
{
    [Fact]
    public void Build_Deployment_KeepsOnlyWhatPeopleSay()
    {
        JsonObject manifest = ManifestBuilder.Build(Samples.Deployment(), Kind("Deployment"), "acme", "acme-shop-default", null);

        Same(
            """
            {
              "apiVersion": "apps/v1", "kind": "Deployment",
              "metadata": {"name": "web", "namespace": "acme-shop-default", "labels": {"app": "web"}, "annotations": {"team": "a"}},
              "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}, "annotations": {"orrery.dev/template-hash": "n9kdlzfg5b"}}}}
            }
            """,
            manifest);
    }

    [Fact]
    public void Build_WithAShare_SetsReplicas() =>
        Assert.Equal(5, (int)ManifestBuilder.Build(Samples.Deployment(), Kind("Deployment"), "acme", "n", 5)["spec"]!["replicas"]!);

    [Fact]
    public void Build_Service_LeavesAllocationToTheDataPlane()
    {
        JsonObject manifest = Build("Service", """
            {"spec": {"type": "NodePort", "clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
             "healthCheckNodePort": 30001, "ports": [{"port": 80, "nodePort": 30080}], "selector": {"app": "web"}}}
            """);

        Same("""{"type": "NodePort", "ports": [{"port": 80}], "selector": {"app": "web"}}""", manifest["spec"]);
    }

    [Fact]
    public void Build_HeadlessService_StaysHeadless() =>
        Same("""{"clusterIP": "None"}""", Build("Service", """{"spec": {"clusterIP": "None", "clusterIPs": ["None"]}}""")["spec"]);

    [Theory]
    [InlineData("""{"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}""", """{"clusterIP": "None"}""")]
    [InlineData("""{"selector": {"a": "b"}, "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}""", """{"selector": {"a": "b"}, "ipFamilyPolicy": "RequireDualStack"}""")]
    [InlineData("""{"selector": {"a": "b"}, "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"}""", """{"selector": {"a": "b"}, "ipFamilyPolicy": "PreferDualStack"}""")]
    [InlineData("""{"selector": {"a": "b"}, "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}""", """{"selector": {"a": "b"}, "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}""")]
    public void Build_Service_SaysOfFamiliesWhatItsAuthorMeans(string spec, string expected) => Same(expected, Build("Service", $$"""{"spec": {{spec}}}""")["spec"]);

    [Fact]
    public void Build_Job_DropsTheGeneratedSelector()
    {
        JsonObject manifest = Build("Job", """
            {"spec": {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
             "template": {"metadata": {"labels": {"app": "x", "controller-uid": "u", "job-name": "j", "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "j"}}}}}
            """);

        Same("""{"template": {"metadata": {"labels": {"app": "x"}}}}""", manifest["spec"]);
    }

    [Fact]
    public void Build_JobWithManualSelector_KeepsIt()
    {
        JsonObject manifest = Build("Job", """{"spec": {"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}}}""");

        Same("""{"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}}""", manifest["spec"]);
    }

    [Fact]
    public void Build_Pod_DropsNodeAndInjectedVolumes()
    {
        JsonObject manifest = Build("Pod", """
            {"spec": {"nodeName": "n", "priority": 0, "volumes": [{"name": "data"}, {"name": "kube-api-access-x2x4z"}],
             "containers": [{"name": "c", "volumeMounts": [{"name": "kube-api-access-x2x4z"}, {"name": "data"}]}]}}
            """);

        Same("""{"volumes": [{"name": "data"}], "containers": [{"name": "c", "volumeMounts": [{"name": "data"}]}]}""", manifest["spec"]);
    }

    private static JsonObject Build(string kind, string rest)
    {
        JsonObject json = Samples.Json(rest);
        json["metadata"] = new JsonObject { ["name"] = "x", ["namespace"] = "default" };
        return ManifestBuilder.Build(KubeObject.From(json), Kind(kind), "acme", "mapped", null);
    }

    private static PlaceableKind Kind(string kind) => PlaceableKinds.All.Single(k => k.Kind == kind);

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, got {actual?.ToJsonString()}");
}
