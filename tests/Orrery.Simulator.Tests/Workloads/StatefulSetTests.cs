using Orrery.Api;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class StatefulSetTests
{
    [Fact]
    public async Task Create_Ordered_EachPodWaitsForTheOneBefore()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.StatefulSets, Manifests.StatefulSet("db", 3));

        KubeObject set = await plane.UntilAsync(Known.StatefulSets, "db", s => IsComplete(s, 3), "3 ready");
        Assert.Equal(set.TextAt("status", "updateRevision"), set.TextAt("status", "currentRevision"));
        IReadOnlyList<KubeObject> pods = await plane.ListAsync(Known.Pods, "app=db");
        Assert.Equal(["db-0", "db-1", "db-2"], pods.Select(p => p.Name).Order(StringComparer.Ordinal));
        long[] made = [.. pods.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => p.CreationTimestamp!.Value.ToUnixTimeSeconds())];
        Assert.Equal(made.Order(), made);
        Assert.All(pods, p => Assert.Equal(set.TextAt("status", "updateRevision"), p.Labels["controller-revision-hash"]));
        IReadOnlyList<KubeObject> claims = await plane.ListAsync(Known.Claims);
        Assert.Equal(["data-db-0", "data-db-1", "data-db-2"], claims.Select(c => c.Name).Order(StringComparer.Ordinal));
        await plane.UntilAsync(Known.Claims, "data-db-2", c => c.TextAt("status", "phase") == "Bound", "bound");
    }

    [Fact]
    public async Task Scale_Down_TakesTheHighestAndKeepsItsClaim()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.StatefulSets, Manifests.StatefulSet("db", 2));
        await plane.UntilAsync(Known.StatefulSets, "db", s => IsComplete(s, 2), "2 ready");

        await plane.PatchAsync(Known.StatefulSets, "db", """{"spec":{"replicas":1}}""");

        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync("app=db", p => p.Count == 1, "1 left");
        Assert.Equal("db-0", pods[0].Name);
        Assert.Equal(2, (await plane.ListAsync(Known.Claims)).Count);
    }

    [Fact]
    public async Task Update_Partition_LeavesThePodsBelowItAlone()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.StatefulSets, Manifests.StatefulSet("db", 3));
        await plane.UntilAsync(Known.StatefulSets, "db", s => IsComplete(s, 3), "3 ready");

        await plane.PatchAsync(Known.StatefulSets, "db", """
            {"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}},"template":{"spec":{"containers":[{"name":"db","image":"db:2"}]}}}}
            """);

        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync(
            "app=db", p => p.Count == 3 && p.All(x => x.IsReadyPod) && p.Any(x => Image(x) == "db:2"), "one updated");
        Assert.Equal(["db:1", "db:1", "db:2"], pods.OrderBy(p => p.Name, StringComparer.Ordinal).Select(Image));

        await plane.PatchAsync(Known.StatefulSets, "db", """{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}""");
        await plane.UntilPodsAsync("app=db", p => p.Count == 3 && p.All(x => Image(x) == "db:2" && x.IsReadyPod), "all updated");
        KubeObject set = await plane.UntilAsync(
            Known.StatefulSets, "db", s => IsComplete(s, 3) && s.TextAt("status", "currentRevision") == s.TextAt("status", "updateRevision"), "current follows");
        Assert.Equal(2, (await plane.ListAsync(Known.ControllerRevisions)).Count(r => r.ControllerUid == set.Uid));
    }

    private static bool IsComplete(KubeObject s, int replicas) =>
        s.NumberAt("status", "observedGeneration") == s.Generation && s.NumberAt("status", "readyReplicas") == replicas
        && s.NumberAt("status", "replicas") == replicas && s.NumberAt("status", "updatedReplicas") == replicas;

    private static string? Image(KubeObject pod) => pod.At("spec", "containers")!.Value[0].GetProperty("image").GetString();
}
