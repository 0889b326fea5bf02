using System.Text.Json.Nodes;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Satellites that reach the control plane through a real HTTP proxy, with its user and password.</summary>
public sealed class ForwardProxyRoadTests
{
    [Fact]
    public async Task Satellite_ThroughAProxy_NeedsThePasswordAndCarriesTheTunnel()
    {
        Assert.SkipUnless(HttpProxy.Program is not null, "tinyproxy is not on PATH (Debian package tinyproxy-bin)");
        using var folder = new TempDirectory();
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using TestServer cluster = await TestServer.StartAsync();
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "pa2-par"}, "spec": {}}"""), default);
        using var proxy = HttpProxy.Start(folder.Path, "sat", "pass-word");
        using var stop = new CancellationTokenSource();

        // 1. With a wrong password it waits.
        Task refused = SatelliteAsync(fleet, cluster, $"http://sat:wrong@127.0.0.1:{proxy.Port}", stop.Token);
        await Eventually.TrueAsync(() => proxy.Connects > 0, "asked to connect");
        await stop.CancelAsync();
        await refused;
        Assert.NotEqual("True", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), "Joined")?.Status);

        // 2. With the right one all of it goes through the proxy, and back through the tunnel, in one connection.
        Assert.Equal(0, proxy.LetThrough);
        using var end = new CancellationTokenSource();
        Task satellite = SatelliteAsync(fleet, cluster, $"http://sat:pass-word@127.0.0.1:{proxy.Port}", end.Token);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "True");
        Assert.Contains("gitVersion", await fleet.Root.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/version", default), StringComparison.Ordinal);
        Assert.Equal(1, proxy.LetThrough);
        await end.CancelAsync();
        await satellite;
    }

    private static Task SatelliteAsync(TestFleet fleet, TestServer cluster, string proxy, CancellationToken cancellationToken) => new SatelliteAgent(new SatelliteOptions
    {
        DataPlane = "pa2-par",
        ControlPlane = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("pa2-par"), [OrreryNames.SatelliteGroup], ClusterScope.Root)) with { Proxy = ForwardProxy.Parse(proxy) },
        Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
        HeartbeatInterval = TimeSpan.FromMilliseconds(500),
    }).RunAsync(cancellationToken);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
