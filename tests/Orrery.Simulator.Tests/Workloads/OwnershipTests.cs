using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class OwnershipTests
{
    /// <summary>What <c>--cascade=orphan</c> left would be collected with the owner that took it back.</summary>
    [Fact]
    public async Task ClaimAsync_OwnerThatHasGoneAndIsNotKnownToHave_TakesNothingBack()
    {
        await using Plane plane = await Plane.StartAsync();
        CancellationToken stop = TestContext.Current.CancellationToken;
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 1));
        KubeObject former = await plane.UntilAsync(Known.Deployments, "web", d => d.NumberAt("status", "availableReplicas") == 1, "available");
        await plane.Client.DeleteAsync(Known.Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, stop);
        await Eventually.TrueAsync(
            async () => await plane.FindAsync(Known.Deployments, "web") is null && (await plane.ListAsync(Known.ReplicaSets)).All(s => s.ControllerUid is null), "orphaned");
        var cluster = new SimulatedCluster(plane.Client, new SimulationOptions { Name = "beside" });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task running = cluster.RunAsync(end.Token);
        await Eventually.TrueAsync(() => cluster.ReplicaSets.All().Count == 1, "seen");

        List<KubeObject> claimed = await Ownership.ClaimAsync(cluster, cluster.ReplicaSets, cluster.Deployments, former, stop);

        Assert.Empty(claimed);
        Assert.Null(Assert.Single(await plane.ListAsync(Known.ReplicaSets)).ControllerUid);
        await end.CancelAsync();
        await running;
    }
}
