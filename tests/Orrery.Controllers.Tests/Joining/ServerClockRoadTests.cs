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

    /// <summary>In hours: by what the server's clock was off when it let the satellite in, what it is off later, and what the satellite's is all along.</summary>
    [Theory]
    [InlineData(3, 0, 0)]
    [InlineData(0, 3, 3)]
    public async Task Certificate_IssuedByAClockThatIsSetRightSince_IsReplacedAsSoonAsAnOperatorSaysSo(int then, int now, int satellites)
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        world.Clock.Shift = TimeSpan.FromHours(then);
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation, new ShiftedTime { Shift = TimeSpan.FromHours(satellites) });
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        KubeObject former = (await world.Root.ListAsync(CoreResources.SigningRequests, "", null, default)).Items.Single(r => Conditions.IsTrue(r, "Approved"));

        // 1. It proves its key at once, however fresh it takes its certificate for, and is told why that is needed.
        world.Clock.Shift = TimeSpan.FromHours(now);
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "ApprovalNeeded");
        Assert.Contains(
            then > now ? "as it was issued while the control plane's clock was ahead" : "has expired", Conditions.Find(await world.DataPlaneAsync("pa2-par"), JoinNames.IdentityCondition)!.Message, StringComparison.Ordinal);

        // 2. The request of before is looked at again: that one is said to be of later changes nothing of what waits now.
        await world.Root.PatchAsync(
            CoreResources.SigningRequests, "", former.Name, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["look"] = "again" } } }, default);
        await world.RefusedAsync((await world.InviteAsync("pa2-par")).Token, JoinWorld.Request("orrery-admin", OrreryNames.SatelliteGroup), "WrongName");
        Assert.Equal("ApprovalNeeded", Conditions.Find(await world.DataPlaneAsync("pa2-par"), JoinNames.IdentityCondition)!.Reason);

        // 3. The operator says so, and it works by one that is good now.
        await new Controllers.Joining.PendingRequest(world.Root).ApproveAsync("pa2-par", default);
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        KubeObject known = await world.DataPlaneAsync("pa2-par");
        Assert.Null(known.TextAt("status", "pendingRequest"));
        Assert.InRange(known.At("status", "certificateStartTime")!.Value.GetDateTimeOffset(), world.Clock.GetUtcNow() - TimeSpan.FromMinutes(30), world.Clock.GetUtcNow());
    }
}
