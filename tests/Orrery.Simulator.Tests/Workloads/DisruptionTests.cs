using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class DisruptionTests
{
    [Theory]
    [InlineData("minAvailable: 2", 2, 1)]
    [InlineData("minAvailable: 100%", 3, 0)]
    [InlineData("maxUnavailable: 50%", 1, 2)]
    public async Task Status_OfABudget_SaysHowManyPodsMayGo(string limit, int desired, int allowed)
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Budgets, $$"""
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: web}
            spec: {selector: {matchLabels: {app: web} }, {{limit}}}
            """);
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 3));

        KubeObject budget = await plane.UntilAsync(Known.Budgets, "web", b => b.NumberAt("status", "currentHealthy") == 3, "three healthy pods");
        Assert.Equal(3, budget.NumberAt("status", "expectedPods"));
        Assert.Equal(desired, budget.NumberAt("status", "desiredHealthy"));
        Assert.Equal(allowed, budget.NumberAt("status", "disruptionsAllowed"));
        Assert.Equal(allowed > 0, Conditions.IsTrue(budget, "DisruptionAllowed"));
    }
}
