using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class DaemonSetTests
{
    [Fact]
    public async Task Create_ThreeNodes_RunsOnEach()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.DaemonSets, Manifests.DaemonSet("agent"));

        await plane.UntilAsync(Known.DaemonSets, "agent", d => IsComplete(d, 3), "3 ready");
        IReadOnlyList<KubeObject> pods = await plane.ListAsync(Known.Pods, "app=agent");
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3"], pods.Select(p => p.NodeName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task NodeTainted_WithoutToleration_LosesItsPod()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.DaemonSets, Manifests.DaemonSet("agent"));
        await plane.UntilAsync(Known.DaemonSets, "agent", d => IsComplete(d, 3), "3 ready");

        await plane.Client.PatchAsync(
            Known.Nodes, "", "pa2-par-node-2", PatchKind.Merge,
            JsonNode.Parse("""{"spec":{"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]}}""")!, TestContext.Current.CancellationToken);

        await plane.UntilAsync(Known.DaemonSets, "agent", d => IsComplete(d, 2), "2 wanted and ready");
        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync("app=agent", p => p.Count == 2, "2 left");
        Assert.DoesNotContain("pa2-par-node-2", pods.Select(p => p.NodeName));
    }

    [Fact]
    public async Task Update_Template_ReplacesEveryPod()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.DaemonSets, Manifests.DaemonSet("agent"));
        await plane.UntilAsync(Known.DaemonSets, "agent", d => IsComplete(d, 3), "3 ready");

        await plane.PatchAsync(Known.DaemonSets, "agent", """{"spec":{"template":{"spec":{"containers":[{"name":"agent","image":"agent:2"}]}}}}""");

        await plane.UntilPodsAsync(
            "app=agent", p => p.Count == 3 && p.All(x => x.IsReadyPod && x.At("spec", "containers")!.Value[0].GetProperty("image").GetString() == "agent:2"), "all replaced");
        await plane.UntilAsync(Known.DaemonSets, "agent", d => IsComplete(d, 3) && d.NumberAt("status", "updatedNumberScheduled") == 3, "said so");
    }

    private static bool IsComplete(KubeObject d, int nodes) =>
        d.NumberAt("status", "observedGeneration") == d.Generation && d.NumberAt("status", "desiredNumberScheduled") == nodes
        && d.NumberAt("status", "numberReady") == nodes && d.NumberAt("status", "numberAvailable") == nodes;
}
