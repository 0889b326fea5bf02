using System.Diagnostics;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What stays in a data plane until it runs where it goes.</summary>
public sealed class MoveRoadTests
{
    private const string Mapped = StreamedPod.Mapped;
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    /// <summary>Nothing else tells of it again for minutes.</summary>
    [Fact]
    public async Task ReportThatComesWhileItIsFoundToStay_EndsTheMove()
    {
        var clock = new MomentClock();
        var applies = new TaskCompletionSource();
        var way = new RoughWay();
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TestFleetOptions { SilenceGrace = TimeSpan.FromSeconds(60), ToCluster = way, ControllersTime = clock }, "pa2-par", "ny8-nyc");
        int port = fleet.DataPlanes["pa2-par"].Server.Url.Port;
        way.Instead = async (request, cancellationToken) =>
        {
            if (request.Method == HttpMethod.Patch && request.RequestUri!.Port == port && request.RequestUri.AbsolutePath.EndsWith("/settings", StringComparison.Ordinal))
            {
                await applies.Task.WaitAsync(cancellationToken);
            }

            return null;
        };
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", JsonNode.Parse("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}""")!.AsObject(), default);
        KubeClient former = fleet.DataPlanes["ny8-nyc"].Client;
        await Eventually.SomeAsync(() => former.FindAsync(ConfigMaps, Mapped, "settings", default), "settings in the data plane that it leaves");

        // It is applied in its new place after the controllers have looked whether it is, and before they have noted that it stays.
        clock.Between = () =>
        {
            applies.SetResult();
            Eventually.TrueAsync(
                async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items
                    .Any(w => w.TextAt("spec", "source", "kind") == "ConfigMap" && w.TextAt("spec", "source", "name") == "settings" && Conditions.IsTrue(w, "Applied")),
                "applied in its new place").GetAwaiter().GetResult();
            Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System).GetAwaiter().GetResult();
        };
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, JsonNode.Parse("""{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}""")!.AsObject(), default);

        await Eventually.TrueAsync(
            async () => await former.FindAsync(ConfigMaps, Mapped, "settings", default) is null, "settings have left the former data plane", TimeSpan.FromSeconds(60));
        Assert.True(clock.HasCome);
    }

    /// <summary>The time of the machine. What is to happen just then happens when it is first found out for how long something stays.</summary>
    private sealed class MomentClock : TimeProvider
    {
        private Action? between;

        public Action Between
        {
            set => between = value;
        }

        public bool HasCome { get; private set; }

        public override DateTimeOffset GetUtcNow()
        {
            if (Volatile.Read(ref between) is not null && new StackTrace().GetFrames().Any(f => f.GetMethod()?.DeclaringType == typeof(Moves))
                && Interlocked.Exchange(ref between, null) is { } act)
            {
                act();
                HasCome = true;
            }

            return base.GetUtcNow();
        }
    }
}
