using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A control plane whose machine had another time at first, as one has that asks for it only once it runs.</summary>
public sealed class ServerClockRoadTests
{
    [Fact]
    public async Task Heartbeat_WrittenByAClockThatWasAhead_IsToldByTheClockAsItIsNow()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");

        var ahead = new JsonObject { ["status"] = new JsonObject { ["lastHeartbeatTime"] = Conditions.Time(TimeProvider.System.GetUtcNow().AddYears(1)) } };
        await world.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, ahead, default, "status");

        await Eventually.TrueAsync(
            async () => (await world.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default)).At("status", "lastHeartbeatTime")!.Value.GetDateTimeOffset() < TimeProvider.System.GetUtcNow().AddMinutes(1),
            "the time of now",
            TimeSpan.FromSeconds(60));
    }
}
