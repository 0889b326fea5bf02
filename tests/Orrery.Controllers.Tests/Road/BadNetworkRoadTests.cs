using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A satellite behind a network that is slow, breaks again and again, and goes silent: everything arrives, and what was known is not asked for anew.</summary>
public sealed class BadNetworkRoadTests
{
    private const int Flaps = 25;
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Network_ThatFlapsAndGoesSilent_LosesNothingAndCausesNoRelists()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")]);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new TestKubelet("log")] });
        await using var network = new BadNetwork(fleet.ControlPlane.Url.Port, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task satellite = await StartFarAsync(fleet, cluster, network, stop.Token);
        try
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "True");
            KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "far");
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap("first"), default);
            await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, "first", default), "the first");
            await MirroredAsync(shop, cluster.Admin, "seen");

            // 1. It breaks while something happens on both sides, each time: all of it arrives, and nobody lists again for it.
            network.Delay = TimeSpan.FromMilliseconds(15);
            double lists = await ListsAsync(fleet.Root);
            for (int i = 0; i < Flaps; i++)
            {
                await shop.CreateAsync(ConfigMaps, "default", ConfigMap($"wanted-{i}"), default);
                await cluster.Admin.CreateAsync(CoreResources.Pods, Mapped, Pod($"seen-{i}"), default);
                if (i % 5 == 4)
                {
                    await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, $"wanted-{i - 4}", default), "some come through", TimeSpan.FromSeconds(60));
                }

                await Eventually.TrueAsync(() => network.Open > 0, "there is something to break", TimeSpan.FromSeconds(60));
                network.Cut();
            }

            for (int i = 0; i < Flaps; i++)
            {
                await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, $"wanted-{i}", default), $"wanted-{i}", TimeSpan.FromSeconds(60));
                await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", $"seen-{i}.far", default), $"seen-{i}", TimeSpan.FromSeconds(60));
            }

            Assert.True(network.Connections >= Flaps, $"{network.Connections} connections: it was cut often enough");
            Assert.Equal(lists, await ListsAsync(fleet.Root));

            // 2. It goes silent without breaking: that is noticed, and both directions work again over new connections.
            network.Silence();
            using var silent = new SeenTime(TimeProvider.System);
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap("after-silence"), default);
            StatusException gone = await Assert.ThrowsAsync<StatusException>(() => shop.GetTextAsync("/api/v1/namespaces/default/pods/seen-0.far/log", default));
            Assert.True(gone.Code is 503 && gone.Message.Contains("\"far\"", StringComparison.Ordinal), $"{gone.Code} {gone.Message}");
            await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, "after-silence", default), "applied after the silence", TimeSpan.FromSeconds(90));
            await Eventually.TrueAsync(async () => await LogAsync(shop) is not null, "the tunnel is another", TimeSpan.FromSeconds(90));
            Assert.Equal(lists, await ListsAsync(fleet.Root));

            // Known after fifty seconds at the latest, and dialled anew after five more; on a machine that is busy otherwise.
            Assert.InRange(silent.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(75));
        }
        finally
        {
            await stop.CancelAsync();
            await satellite;
        }
    }

    /// <summary>What keeps a table of connections forgets those that are quiet: with a word, as proxies do, or without, as network address translation does.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Network_ThatForgetsQuietConnections_KeepsTheOneOfASatelliteThatHasNothingToSay(bool tells)
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")]);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new TestKubelet("log")] });
        await using var network = new BadNetwork(fleet.ControlPlane.Url.Port, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task satellite = await StartFarAsync(fleet, cluster, network, stop.Token);
        try
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "True");
            KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "far");
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap("first"), default);
            await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, "first", default), "the first");
            await MirroredAsync(shop, cluster.Admin, "seen-0");

            // Longer than the longest from one heartbeat to the next.
            (network.Forgets, network.TellsOfForgotten) = (TimeSpan.FromSeconds(17), tells);
            double lists = await ListsAsync(fleet.Root);
            int connections = network.Connections;
            long start = TimeProvider.System.GetTimestamp();
            await Eventually.TrueAsync(() => TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(55), "a quiet while", TimeSpan.FromSeconds(90));

            Assert.NotNull(await LogAsync(shop));
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap("after"), default);
            await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, "after", default), "applied at once");
            Assert.Equal((connections, lists), (network.Connections, await ListsAsync(fleet.Root)));
        }
        finally
        {
            await stop.CancelAsync();
            await satellite;
        }
    }

    [Fact]
    public async Task Packets_LostLateTwiceAndOutOfOrder_EverythingArrivesBothWays_WithoutRelists()
    {
        const double Loss = 0.20;
        LossyLink link;
        try
        {
            link = LossyLink.Make(seed: 11, TimeProvider.System);
        }
        catch (PlatformNotSupportedException refusal)
        {
            Assert.Skip(refusal.Message);
            return;
        }

        await using (link)
        {
            await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")]);
            await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new TestKubelet("log")] });
            await using var network = new BadNetwork(fleet.ControlPlane.Url.Port, TimeProvider.System, link.Listen());
            using var stop = new CancellationTokenSource();
            Task satellite = await StartFarAsync(fleet, cluster, network, stop.Token);
            try
            {
                await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "True");
                KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "far");
                await shop.CreateAsync(ConfigMaps, "default", ConfigMap("first"), default);
                await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, "first", default), "the first", TimeSpan.FromSeconds(60));
                await MirroredAsync(shop, cluster.Admin, "seen");
                (long lost, long carried) = (link.Lost, link.Carried);
                double lists = await ListsAsync(fleet.Root);
                (link.Loss, link.Delay, link.Reorder, link.Duplicate) = (Loss, TimeSpan.FromMilliseconds(5), 0.25, 0.05);

                // 1. Changes, there and back.
                for (int i = 0; i < Flaps; i++)
                {
                    await shop.CreateAsync(ConfigMaps, "default", ConfigMap($"wanted-{i}"), default);
                    await cluster.Admin.CreateAsync(CoreResources.Pods, Mapped, Pod($"seen-{i}"), default);
                }

                for (int i = 0; i < Flaps; i++)
                {
                    await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, Mapped, $"wanted-{i}", default), $"wanted-{i}", TimeSpan.FromSeconds(60));
                    await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", $"seen-{i}.far", default), $"seen-{i}", TimeSpan.FromSeconds(60));
                }

                // 2. What is asked through the tunnel; a satellite whose tunnel broke meanwhile dials again.
                await Eventually.TrueAsync(async () => await LogAsync(shop) is not null, "a log comes through", TimeSpan.FromSeconds(90));

                // 3. It was as bad as said, and nobody listed for it.
                Assert.True(link.Lost - lost > (link.Carried - carried) * Loss / 4, $"{link.Lost - lost} packets lost, {link.Carried - carried} carried");
                Assert.Equal(lists, await ListsAsync(fleet.Root));
            }
            finally
            {
                await stop.CancelAsync();
                await satellite;
            }
        }
    }

    /// <summary>A data plane whose satellite knows no other way to the control plane than this one.</summary>
    private static async Task<Task> StartFarAsync(TestFleet fleet, TestServer cluster, BadNetwork network, CancellationToken stop)
    {
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "far"}, "spec": {} }"""), default);
        ClientConfig direct = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("far"), [OrreryNames.SatelliteGroup], ClusterScope.Root));
        return new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "far",
            ControlPlane = direct with { Server = new UriBuilder(direct.Server) { Host = network.EndPoint.Address.ToString(), Port = network.Port }.Uri, TlsServerName = "localhost" },
            Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
            Loggers = fleet.Loggers,
        }).RunAsync(stop);
    }

    /// <summary>Makes a pod there and waits until it is shown: what is listed once, for the first of them, is behind then.</summary>
    private static async Task MirroredAsync(KubeClient shop, KubeClient cluster, string name)
    {
        await cluster.CreateAsync(CoreResources.Pods, Mapped, Pod(name), default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", $"{name}.far", default), name, TimeSpan.FromSeconds(60));
    }

    /// <summary>Lists of Orrery's own kinds, by whomever: nobody but the satellite has a reason to while it is cut off.</summary>
    private static async Task<double> ListsAsync(KubeClient root) =>
        (await root.GetTextAsync("/metrics", default)).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"custom\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static async Task<string?> LogAsync(KubeClient shop)
    {
        try
        {
            return await shop.GetTextAsync("/api/v1/namespaces/default/pods/seen-0.far/log", default);
        }
        catch (StatusException e) when (e.Code is 503 or 504)
        {
            return null;
        }
    }

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Pod(string name) => Json($$"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
