using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery;
using Orrery.Simulator.Autoscaling;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;

namespace Orrery.Simulator.Tests.Autoscaling;

public sealed class AutoscalerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public async Task Status_OfAnAutoscaler_SaysReplicasAndFiguresAndFollowsItsBounds()
    {
        await using Plane plane = await Plane.StartAsync();
        JsonObject web = YamlJson.Parse(Manifests.Deployment("web", 3))!.AsObject();
        web["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"] = JsonNode.Parse("""{"requests": {"cpu": "200m"} }""");
        await plane.Client.CreateAsync(Known.Deployments, "default", web, TestContext.Current.CancellationToken);
        await plane.UntilAsync(Known.Deployments, "web", d => d.NumberAt("status", "availableReplicas") == 3, "three run");

        // 1. Every simulated container uses a tenth at least of what it asks for: twice what is wanted.
        await plane.CreateAsync(Known.Autoscalers, Autoscaler("web", "minReplicas: 2, maxReplicas: 6", 5));
        await plane.UntilAsync(Known.Deployments, "web", d => d.NumberAt("spec", "replicas") == 6, "as many as it may");
        KubeObject autoscaler = await plane.UntilAsync(Known.Autoscalers, "web", a => a.NumberAt("status", "currentReplicas") == 6, "it says so");
        Assert.Equal(6, autoscaler.NumberAt("status", "desiredReplicas"));
        JsonElement cpu = autoscaler.At("status", "currentMetrics")!.Value[0].GetProperty("resource");
        Assert.Equal("cpu", cpu.GetProperty("name").GetString());
        Assert.InRange(cpu.GetProperty("current").GetProperty("averageUtilization").GetInt32(), 10, 60);
        Assert.True(Conditions.IsTrue(autoscaler, "ScalingActive"));
        Assert.True(Conditions.IsTrue(autoscaler, "AbleToScale"));

        // 2. Bounds are kept whatever is measured.
        await plane.PatchAsync(Known.Autoscalers, "web", """{"spec": {"maxReplicas": 4} }""");
        await plane.UntilAsync(Known.Deployments, "web", d => d.NumberAt("spec", "replicas") == 4, "not more than it may");
    }

    [Fact]
    public async Task Status_OfOneThatCannotScale_SaysWhy()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Autoscalers, Autoscaler("web", "maxReplicas: 6", 50));
        KubeObject none = await plane.UntilAsync(Known.Autoscalers, "web", a => Conditions.Find(a, "AbleToScale") is not null, "it says so");
        Assert.Equal("the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found", Conditions.Find(none, "AbleToScale")!.Message);

        // Its pods ask for nothing, of which there is no share.
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 3));
        KubeObject known = await plane.UntilAsync(Known.Autoscalers, "web", a => a.NumberAt("status", "currentReplicas") == 3, "its replicas are known");
        Assert.Equal(("False", "FailedGetResourceMetric"), (Conditions.Find(known, "ScalingActive")!.Status, Conditions.Find(known, "ScalingActive")!.Reason));
        Assert.Equal(3, (await plane.FindAsync(Known.Deployments, "web"))!.NumberAt("spec", "replicas"));
    }

    [Theory]
    [InlineData("{}", 10, 4, 10)] // down: what was wanted within five minutes holds
    [InlineData("""{"scaleDown": {"stabilizationWindowSeconds": 0} }""", 10, 4, 4)]
    [InlineData("""{"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]} }""", 10, 4, 9)]
    [InlineData("""{"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"} }""", 10, 4, 10)]
    [InlineData("{}", 2, 100, 6)] // up: four more, or twice as many
    [InlineData("{}", 10, 100, 20)]
    [InlineData("""{"scaleUp": {"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}, {"type": "Pods", "value": 1, "periodSeconds": 60}], "selectPolicy": "Min"} }""", 10, 100, 11)]
    public void Pace_ByItsBehavior_AllowsSoMany(string behavior, int current, int proposed, int allowed)
    {
        var pace = new ScalingPace(current, Now);

        Assert.Equal(allowed, pace.Allow(Autoscaler(behavior), current, proposed, Now));
    }

    [Fact]
    public void Pace_WithinOnePeriod_CountsWhatWasDone()
    {
        KubeObject autoscaler = Autoscaler("""{"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]} }""");
        var pace = new ScalingPace(1, Now);
        Assert.Equal(3, pace.Allow(autoscaler, 1, 9, Now));
        pace.Scaled(1, 3, Now);

        Assert.Equal(3, pace.Allow(autoscaler, 3, 9, Now.AddSeconds(59)));
        Assert.Equal(5, pace.Allow(autoscaler, 3, 9, Now.AddSeconds(60)));
    }

    private static KubeObject Autoscaler(string behavior) => KubeObject.From(JsonNode.Parse($$"""
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": {"behavior": {{behavior}} } }
        """)!.AsObject());

    private static string Autoscaler(string name, string bounds, int percent) => $$"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: {{name}}}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{name}}}
          {{bounds.Replace(", ", "\n  ", StringComparison.Ordinal)}}
          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: {{percent}} } } }]
        """;
}
