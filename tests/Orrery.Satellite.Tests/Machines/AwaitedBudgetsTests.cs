using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Machines;

namespace Orrery.Satellite.Tests.Machines;

/// <summary>Which Works want a budget that counts a pod, and whether the cluster has it.</summary>
public sealed class AwaitedBudgetsTests
{
    private const string Spec = """{"minAvailable": 1, "selector": {"matchLabels": {"app": "api"} } }""";

    [Theory]
    [InlineData("""{"matchLabels": {"app": "api"} }""", true)]
    [InlineData("""{"matchLabels": {"app": "web"} }""", false)]
    [InlineData("""{"matchExpressions": [{"key": "app", "operator": "Exists"}]}""", true)]
    [InlineData("""{"matchExpressions": [{"key": "app", "operator": "Like"}]}""", false)]
    [InlineData("{}", true)]
    [InlineData("null", false)]
    public void Selects_ByTheBudgetsSelector(string selector, bool selects) =>
        Assert.Equal(selects, AwaitedBudgets.Selects(Work($$"""{"minAvailable": 1, "selector": {{selector}} }"""), Pod()));

    [Fact]
    public void Selects_WhatIsToGoOrIsNoBudget_DoesNot()
    {
        Assert.True(AwaitedBudgets.Selects(Work(Spec), Pod()));
        Assert.False(AwaitedBudgets.Selects(Work(Spec, w => w["spec"]!["withdrawal"] = "Keep"), Pod()));
        Assert.False(AwaitedBudgets.Selects(Work(Spec, w => w["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z"), Pod()));
        Assert.False(AwaitedBudgets.Selects(Work(Spec, w => w["spec"]!["manifest"]!["kind"] = "Deployment"), Pod()));
        Assert.False(AwaitedBudgets.Selects(Work(Spec, w => w["spec"]!["manifest"]!["apiVersion"] = "example.test/v1"), Pod()));
        Assert.False(AwaitedBudgets.Selects(Work(Spec, w => w["spec"] = new JsonObject { ["trial"] = w["spec"]!.DeepClone() }), Pod()));
    }

    [Fact]
    public void IsInForce_WhatIsThereIsAsTheWorkSays_OrAsItWasReported()
    {
        // 1. Nothing there: whatever was reported before.
        Assert.False(AwaitedBudgets.IsInForce(Work(Spec), null));
        Assert.False(AwaitedBudgets.IsInForce(Work(Spec, Reported(2)), null));

        // 2. As the Work says, reported or not.
        Assert.True(AwaitedBudgets.IsInForce(Work(Spec), Budget(Spec)));

        // 3. As an earlier generation said.
        string former = Spec.Replace("1", "0", StringComparison.Ordinal);
        Assert.False(AwaitedBudgets.IsInForce(Work(Spec, Reported(1)), Budget(former)));

        // 4. The cluster writes it another way.
        Assert.True(AwaitedBudgets.IsInForce(Work(Spec, Reported(2)), Budget(former)));
    }

    private static Action<JsonObject> Reported(int generation) => w => w["status"] = new JsonObject { ["observedGeneration"] = generation };

    private static KubeObject Work(string spec, Action<JsonObject>? change = null)
    {
        JsonObject work = JsonNode.Parse($$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work", "metadata": {"name": "budget", "namespace": "dp-pa2-par", "generation": 2},
             "spec": {"manifest": {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "api", "namespace": "acme-shop-default"}, "spec": {{spec}} } } }
            """)!.AsObject();
        change?.Invoke(work);
        return KubeObject.From(work);
    }

    private static KubeObject Budget(string spec) => KubeObject.From(JsonNode.Parse(
        $$"""{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "api", "namespace": "acme-shop-default"}, "spec": {{spec}} }""")!.AsObject());

    private static KubeObject Pod() => KubeObject.From(JsonNode.Parse(
        """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-1", "namespace": "acme-shop-default", "labels": {"app": "api"} } }""")!.AsObject());
}
