using Orrery.Api;
using Orrery.Satellite.Reporting;

namespace Orrery.Satellite.Tests.Reporting;

public sealed class ClusterFactsTests
{
    private static readonly KubeObject[] Nodes =
    [
        Samples.Object("""{"status": {"capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "conditions": [{"type": "Ready", "status": "True"}]}}"""),
        Samples.Object("""{"status": {"capacity": {"cpu": "1500m", "memory": "4Gi", "pods": "110"}, "conditions": [{"type": "Ready", "status": "False"}]}}"""),
    ];

    [Fact]
    public void Sum_OverNodes_AddsQuantities() => Assert.Equal("""{"cpu":"5500m","memory":"12Gi","pods":"220"}""", ClusterFacts.Sum(Nodes, "capacity").ToJsonString());

    [Fact]
    public void Nodes_CountsTheReadyOnes() => Assert.Equal("""{"total":2,"ready":1}""", ClusterFacts.Nodes(Nodes).ToJsonString());
}
