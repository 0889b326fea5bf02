using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class ReplicationControllerTests
{
    [Fact]
    public async Task CreateAndScale_MakesPodsBySelectorAndCountsThem()
    {
        await using Plane plane = await Plane.StartAsync();
        CancellationToken stop = TestContext.Current.CancellationToken;
        await plane.CreateAsync(Known.Pods, """{"metadata":{"name":"stray","labels":{"app":"old"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}""");

        await plane.UntilAsync(Known.Pods, "stray", p => p.IsReadyPod, "known to whoever looks after pods");
        await plane.CreateAsync(Known.ReplicationControllers, """
            {"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"old"},
             "spec":{"replicas":2,"selector":{"app":"old"},"template":{"metadata":{"labels":{"app":"old"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}
            """);

        // The one that was there already is adopted.
        KubeObject made = await plane.UntilAsync(Known.ReplicationControllers, "old", c => c.NumberAt("status", "availableReplicas") == 2, "available");
        Assert.Equal(made.Generation, made.NumberAt("status", "observedGeneration"));
        IReadOnlyList<KubeObject> pods = await plane.ListAsync(Known.Pods, "app=old");
        Assert.Equal(2, pods.Count);
        Assert.Contains("stray", pods.Select(p => p.Name));
        Assert.All(pods, p => Assert.Equal(made.Uid, p.ControllerUid));

        await plane.PatchAsync(Known.ReplicationControllers, "old", """{"spec":{"replicas":0}}""");
        await plane.UntilPodsAsync("app=old", p => p.Count == 0, "none left");
        await plane.Client.DeleteAsync(Known.ReplicationControllers, "default", "old", null, stop);
        await Eventually.TrueAsync(async () => await plane.FindAsync(Known.ReplicationControllers, "old") is null, "gone");
    }
}
