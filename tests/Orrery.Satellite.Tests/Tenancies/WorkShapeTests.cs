using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Tests.Tenancies;

/// <summary>The shape that a tenant's manifests get in a data plane.</summary>
public sealed class WorkShapeTests
{
    private static readonly Tenancy Plain = new("acme");
    private static readonly Tenancy Suspended = new("acme") { Suspended = true };

    [Fact]
    public void Apply_NothingAsked_ChangesNothing()
    {
        JsonObject before = Deployment();
        JsonObject after = Deployment();

        WorkShape.Apply(after, Plain, null);

        Assert.True(JsonNode.DeepEquals(before, after));
    }

    [Theory]
    [InlineData("Deployment")]
    [InlineData("StatefulSet")]
    [InlineData("ReplicaSet")]
    public void Apply_Suspended_ScalesToNothing(string kind)
    {
        JsonObject manifest = Deployment(kind);

        WorkShape.Apply(manifest, Suspended, null);

        Assert.Equal(0, (int)manifest["spec"]!["replicas"]!);
    }

    [Fact]
    public void Apply_SuspendedStatefulSet_KeepsItsClaims()
    {
        JsonObject manifest = Deployment("StatefulSet");
        manifest["spec"]!["persistentVolumeClaimRetentionPolicy"] = Json("""{"whenScaled": "Delete", "whenDeleted": "Delete"}""");

        WorkShape.Apply(manifest, Suspended, null);

        Assert.Equal("""{"whenScaled":"Retain","whenDeleted":"Delete"}""", manifest["spec"]!["persistentVolumeClaimRetentionPolicy"]!.ToJsonString());
    }

    [Fact]
    public void Apply_SuspendedDaemonSetAndJob_RunNowhere()
    {
        JsonObject daemons = Deployment("DaemonSet"), job = Deployment("Job");

        WorkShape.Apply(daemons, Suspended, null);
        WorkShape.Apply(job, Suspended, null);

        Assert.Equal("true", (string?)WorkShape.PodSpec(daemons)!["nodeSelector"]![WorkShape.NowhereLabel]);
        Assert.True((bool)job["spec"]!["suspend"]!);
    }

    [Fact]
    public void Apply_StrictMachines_SelectsThemAndToleratesTheirTaints()
    {
        JsonObject manifest = Deployment();
        WorkShape.PodSpec(manifest)!["nodeSelector"] = Json("""{"disk": "fast"}""");

        WorkShape.Apply(manifest, Own(strict: true), null);

        JsonObject pod = WorkShape.PodSpec(manifest)!;
        Assert.Equal("""{"disk":"fast","orrery.dev/tenant":"acme"}""", pod["nodeSelector"]!.ToJsonString());
        Assert.Equal(
            """[{"key":"gpu","operator":"Exists","effect":"NoSchedule"},{"key":"orrery.dev/tenant","operator":"Equal","value":"acme"}]""", pod["tolerations"]!.ToJsonString());
    }

    [Fact]
    public void Apply_LooseMachines_PrefersThem()
    {
        JsonObject manifest = Deployment();

        WorkShape.Apply(manifest, Own(strict: false), null);

        JsonObject pod = WorkShape.PodSpec(manifest)!;
        Assert.Null(pod["nodeSelector"]);
        Assert.Equal(
            """{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"preference":{"matchExpressions":[{"key":"orrery.dev/tenant","operator":"In","values":["acme"]}]}}]}}""",
            pod["affinity"]!.ToJsonString());
    }

    /// <summary>A tenant must not get onto the machines of another by tolerating its taint, or everything, or by naming a node.</summary>
    [Fact]
    public void Apply_WaysOntoForeignMachines_AreClosed()
    {
        JsonObject manifest = Deployment();
        JsonObject pod = WorkShape.PodSpec(manifest)!;
        pod["nodeName"] = "node-of-globex";
        pod["tolerations"] = JsonNode.Parse("""[{"key": "orrery.dev/tenant", "operator": "Equal", "value": "globex"}, {"key": "orrery.dev/tenant", "operator": "Exists"}, {"operator": "Exists"}]""");

        WorkShape.Apply(manifest, Plain, null);

        Assert.Null(pod["nodeName"]);
        Assert.Equal("""[{"operator":"Exists"}]""", pod["tolerations"]!.ToJsonString());
        Assert.Equal(
            """[{"matchExpressions":[{"key":"orrery.dev/tenant","operator":"DoesNotExist"}]}]""",
            pod["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]!["nodeSelectorTerms"]!.ToJsonString());
    }

    /// <summary>Kubernetes takes these classes in any namespace, and lets their pods drive out all others.</summary>
    [Theory]
    [InlineData("system-node-critical", null)]
    [InlineData("system-cluster-critical", null)]
    [InlineData("batch", "batch")]
    public void Apply_ClassOfTheClusterItself_IsNotTheTenants(string wanted, string? given)
    {
        JsonObject manifest = Deployment("CronJob");
        manifest["spec"] = new JsonObject { ["jobTemplate"] = new JsonObject { ["spec"] = manifest["spec"]!.DeepClone() } };
        WorkShape.PodSpec(manifest)!["priorityClassName"] = wanted;

        WorkShape.Apply(manifest, Plain, null);

        Assert.Equal(given, (string?)WorkShape.PodSpec(manifest)!["priorityClassName"]);
    }

    [Fact]
    public void Apply_JobThatRuns_StaysWhereItWasPlaced()
    {
        JsonObject manifest = Deployment("Job"), live = Deployment("Job");
        WorkShape.PodSpec(live)!["nodeSelector"] = Json("""{"disk": "fast"}""");

        WorkShape.Apply(manifest, Own(strict: true), KubeObject.From(live));

        Assert.Equal("""{"disk":"fast"}""", WorkShape.PodSpec(manifest)!["nodeSelector"]!.ToJsonString());
        Assert.Null(WorkShape.PodSpec(manifest)!["tolerations"]);
    }

    private static Tenancy Own(bool strict) => new("acme")
    {
        Machines = new TenancyMachines(strict, [], JsonNode.Parse("""[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]""")!.AsArray()),
    };

    private static JsonObject Deployment(string kind = "Deployment") => Json($$$"""
        {"apiVersion": "apps/v1", "kind": "{{{kind}}}", "metadata": {"name": "web", "namespace": "acme-shop-default"},
         "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
