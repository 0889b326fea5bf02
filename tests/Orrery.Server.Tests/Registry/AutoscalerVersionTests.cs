using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Registry;

/// <summary>An autoscaler of autoscaling/v2 through autoscaling/v1 and back: what v1 cannot say stands in its annotations.</summary>
public sealed class AutoscalerVersionTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource V1 = new("autoscaling", "v1", "horizontalpodautoscalers"), V2 = new("autoscaling", "v2", "horizontalpodautoscalers");

    private const string Spec = """
        {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5, "behavior": {"scaleUp": {"stabilizationWindowSeconds": 30, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}},
         "metrics": [
           {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
           {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "100Mi"}}},
           {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 70}}},
           {"type": "Pods", "pods": {"metric": {"name": "hits", "selector": {"matchLabels": {"a": "b"}}}, "target": {"type": "AverageValue", "averageValue": "10"}}},
           {"type": "Object", "object": {"describedObject": {"apiVersion": "v1", "kind": "Service", "name": "s"}, "metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "3"}}},
           {"type": "Object", "object": {"describedObject": {"apiVersion": "v1", "kind": "Service", "name": "s"}, "metric": {"name": "rate"}, "target": {"type": "Value", "value": "4"}}},
           {"type": "External", "external": {"metric": {"name": "jobs", "selector": {"matchLabels": {"c": "d"}}}, "target": {"type": "Value", "value": "5"}}},
           {"type": "External", "external": {"metric": {"name": "mail"}, "target": {"type": "AverageValue", "averageValue": "6"}}}]}
        """;

    [Fact]
    public async Task Update_ThroughV1_LosesNothing()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(V2, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a", ["annotations"] = new JsonObject { ["own"] = "x" } }, ["spec"] = JsonNode.Parse(Spec) }, Token);
        await fixture.Admin.PatchAsync(V2, ns, "a", PatchKind.Merge, Json("""
            {"status": {"currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 50, "averageValue": "5m"}}},
               {"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "80Mi"}}},
               {"type": "External", "external": {"metric": {"name": "jobs"}, "current": {"value": "7"}}}],
              "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z", "reason": "Ready", "message": "m"}]}}
            """), Token, "status");
        KubeObject before = await fixture.Admin.GetAsync(V2, ns, "a", Token);

        // 1. As v1 shows it.
        KubeObject former = await fixture.Admin.GetAsync(V1, ns, "a", Token);
        Assert.Equal((60, 50), (former.NumberAt("spec", "targetCPUUtilizationPercentage"), former.NumberAt("status", "currentCPUUtilizationPercentage")));
        Assert.Null(former.At("spec", "metrics"));
        Assert.Equal(
            ["autoscaling.alpha.kubernetes.io/behavior", "autoscaling.alpha.kubernetes.io/conditions", "autoscaling.alpha.kubernetes.io/current-metrics", "autoscaling.alpha.kubernetes.io/metrics", "own"],
            former.At("metadata", "annotations")!.Value.EnumerateObject().Select(a => a.Name).Order(StringComparer.Ordinal));
        Assert.StartsWith(
            """[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"100Mi"}},{"type":"ContainerResource","containerResource":{"name":"cpu","targetAverageUtilization":70,"container":"c"}},{"type":"Pods","pods":{"metricName":"hits","selector":{"matchLabels":{"a":"b"}},"targetAverageValue":"10"}},""",
            former.TextAt("metadata", "annotations", "autoscaling.alpha.kubernetes.io/metrics"), StringComparison.Ordinal);
        Assert.StartsWith("""{"ScaleUp":{"StabilizationWindowSeconds":30,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":2,"PeriodSeconds":60}],"Tolerance":null},"ScaleDown":""", former.TextAt("metadata", "annotations", "autoscaling.alpha.kubernetes.io/behavior"), StringComparison.Ordinal);

        // 2. Written back with a change, status too: of the rest only the order is another, as upstream's.
        JsonObject changed = former.ToJsonObject();
        changed["spec"]!["maxReplicas"] = 6;
        await fixture.Admin.UpdateAsync(V1, ns, "a", changed, Token);
        JsonObject again = (await fixture.Admin.GetAsync(V1, ns, "a", Token)).ToJsonObject();
        again["status"]!["desiredReplicas"] = 3;
        await fixture.Admin.UpdateAsync(V1, ns, "a", again, Token, "status");

        KubeObject after = await fixture.Admin.GetAsync(V2, ns, "a", Token);
        Assert.Equal((6, 3), (after.NumberAt("spec", "maxReplicas"), after.NumberAt("status", "desiredReplicas")));
        Assert.Equal(Sorted(before, "spec", "metrics"), Sorted(after, "spec", "metrics"));
        Assert.True(JsonNode.DeepEquals(before.ToJsonObject()["spec"]!["behavior"], after.ToJsonObject()["spec"]!["behavior"]), after.At("spec", "behavior")!.Value.GetRawText());
        Assert.True(JsonNode.DeepEquals(before.ToJsonObject()["status"]!["conditions"], after.ToJsonObject()["status"]!["conditions"]), after.At("status", "conditions")!.Value.GetRawText());
        Assert.Equal(["cpu", "memory", "jobs"], after.At("status", "currentMetrics")!.Value.EnumerateArray().Select(NameOf));
        Assert.Equal("own", Assert.Single(after.At("metadata", "annotations")!.Value.EnumerateObject()).Name);
    }

    /// <summary>The table tells of every metric, whichever version is asked.</summary>
    [Fact]
    public async Task Table_OfV1_ShowsMetricsOfItsAnnotations()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(V1, ns, Json("""
            {"metadata": {"name": "a", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": "[{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"targetAverageUtilization\":75}}]"}},
             "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}}
            """), Token);

        foreach (GroupVersionResource version in (GroupVersionResource[])[V1, V2])
        {
            string[] cells = [.. (await fixture.Admin.GetTableAsync(version, ns, Token)).GetProperty("rows")[0].GetProperty("cells").EnumerateArray().Select(c => c.ToString())];
            Assert.Equal("memory: <unknown>/75%, cpu: <unknown>/60%", cells[2]);
        }
    }

    /// <summary>What cannot be read is passed over, and goes.</summary>
    [Fact]
    public async Task Create_WithAnnotationsThatSayNothing_TakesTheCpu()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(V1, ns, Json("""
            {"metadata": {"name": "a", "annotations": {"autoscaling.alpha.kubernetes.io/behavior": "[", "autoscaling.alpha.kubernetes.io/metrics": "[{\"type\": \"Resource\", \"resource\": {\"name\": 5}}]"}},
             "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}}
            """), Token);

        KubeObject stored = await fixture.Admin.GetAsync(V2, ns, "a", Token);
        Assert.Equal("cpu", Assert.Single(stored.At("spec", "metrics")!.Value.EnumerateArray()).GetProperty("resource").GetProperty("name").GetString());
        Assert.Null(stored.At("metadata", "annotations"));
    }

    /// <summary>What annotations say is judged as v2 judges it.</summary>
    [Fact]
    public async Task Create_WithAMetricThatV2Refuses_IsRefused()
    {
        string ns = await fixture.NamespaceAsync();
        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(V1, ns, Json("""
            {"metadata": {"name": "a", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": "[{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"targetAverageUtilization\":0}}]"}},
             "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}}
            """), Token));

        Assert.Equal((422, "spec.metrics[0].resource.target.averageUtilization"), (refusal.Code, refusal.Status.Details!.Causes[0].Field));
    }

    private static string NameOf(System.Text.Json.JsonElement metric) =>
        metric.TryGetProperty("resource", out var resource) ? resource.GetProperty("name").GetString()! : metric.GetProperty("external").GetProperty("metric").GetProperty("name").GetString()!;

    private static string[] Sorted(KubeObject o, params string[] path) => [.. o.At(path)!.Value.EnumerateArray().Select(m => m.GetRawText()).Order(StringComparer.Ordinal)];

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
