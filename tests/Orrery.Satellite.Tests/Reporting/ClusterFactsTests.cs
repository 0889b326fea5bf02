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
    public void Duplicated_ByTwoClusters_SaysWhatTellsThemApartAndWhatToDo()
    {
        KubeObject one = Samples.Object("""{"address": "https://10.0.0.1/", "kubernetesVersion": "v1.36.0", "nodes": {"total": 3, "ready": 3}}""");
        KubeObject other = Samples.Object("""{"address": "https://10.9.0.1/", "kubernetesVersion": "v1.36.0", "nodes": {"total": 3, "ready": 1}}""");

        string told = ClusterFacts.Duplicated("edge-1", one, other);

        Assert.Contains("https://10.0.0.1/, Kubernetes v1.36.0, 3 of 3 nodes ready; https://10.9.0.1/, Kubernetes v1.36.0, 1 of 3 nodes ready", told, StringComparison.Ordinal);
        Assert.Contains("'orrery data-plane revoke edge-1'", told, StringComparison.Ordinal);
        Assert.Contains("'orrery data-plane token edge-1'", told, StringComparison.Ordinal);
        Assert.EndsWith("Their cluster: https://10.0.0.1/, Kubernetes v1.36.0, 3 of 3 nodes ready", ClusterFacts.Duplicated("edge-1", one, one), StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_CountsTheReadyOnes() => Assert.Equal("""{"total":2,"ready":1}""", ClusterFacts.Nodes(Nodes).ToJsonString());
}
