using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tunnel;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A satellite in whose place another is connected.</summary>
public sealed class StandbyRoadTests
{
    private const string Plane = "pa2-par", Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    /// <summary>Longer than it waits for a control plane that is away, and than it lets pass between two looks at what it applied.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(13);

    /// <summary>Longer than it takes to put back what it holds to.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>It stood still, say, and another took its place: what it knows grows old, as does its copy of that, and it holds to neither.</summary>
    [Fact]
    public async Task Satellite_InWhosePlaceAnotherIsConnected_HoldsToNothing_AndGoesOnOnceThatEnds()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane), cluster = fleet.DataPlanes[Plane].Client;
        await shop.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"key": "a"} }"""), Token);
        await Eventually.TrueAsync(async () => await ValueAsync() == "a", "it is applied", cancellationToken: Token);

        // 1. Another is connected.
        using var other = new KubeClient(fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser(Plane), [OrreryNames.SatelliteGroup], ClusterScope.Root)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using TunnelServer server = await TunnelServer.StartAsync(http => http.Response.WriteAsync("ok", http.RequestAborted), NullLoggerFactory.Instance, stop.Token);
        Task serving = server.ServeAsync(await TakeOverAsync(), stop.Token);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", Plane, OrreryNames.DuplicatedCondition, "True");

        // 2. Once it has heard of it, which may be after others have, it puts nothing back, neither by what it knew nor by its copy.
        int tries = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                await PatchAsync($"by hand {++tries}");
                await Task.Delay(Moment, TimeProvider.System, Token);
                return await ValueAsync() == $"by hand {tries}";
            },
            "it stands by",
            cancellationToken: Token);
        string byHand = $"by hand {tries}";
        long since = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(async () => TimeProvider.System.GetElapsedTime(since) > LongEnough || await ValueAsync() != byHand, "long enough", cancellationToken: Token);
        Assert.Equal(byHand, await ValueAsync());
        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"data": {"key": "b"} }"""), Token);

        // 3. The other has ended.
        await stop.CancelAsync();
        await serving;
        await Eventually.TrueAsync(async () => await ValueAsync() == "b", "it goes on with what is wanted now", TimeSpan.FromSeconds(60), Token);
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", Plane, Token), OrreryNames.DuplicatedCondition) is null, "it is the only one", cancellationToken: Token);

        async Task<string?> ValueAsync() => (await cluster.FindAsync(ConfigMaps, Mapped, "settings", Token))?.TextAt("data", "key");

        Task PatchAsync(string value) => cluster.PatchAsync(ConfigMaps, Mapped, "settings", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["key"] = value } }, Token);

        // The first is cut off, and comes back a moment later.
        async Task<Stream> TakeOverAsync()
        {
            while (true)
            {
                await fleet.Hub.DisconnectAsync(Plane);
                try
                {
                    return await new TunnelDial(other, Plane, "another", TimeProvider.System).OpenAsync(Token);
                }
                catch (StatusException e) when (e.Code == 409)
                {
                    // The first was faster.
                }
            }
        }
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
