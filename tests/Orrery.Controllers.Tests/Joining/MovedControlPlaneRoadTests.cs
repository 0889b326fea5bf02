using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>A control plane that is to be found at another address from some day on, which its satellites learn by another token.</summary>
public sealed class MovedControlPlaneRoadTests
{
    [Fact]
    public async Task Address_ThatNobodyAnswersAtAnyMore_IsLeftForThatOfAnotherToken()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("far");
        TestServer cluster = await world.AddClusterAsync();
        await using var former = new BadNetwork(world.ControlPlane.Url.Port, TimeProvider.System);
        JoinInvitation invitation = await world.InviteAsync("far") with { Server = new Uri($"https://127.0.0.1:{former.Port}") };
        await using RunningSatellite satellite = world.Satellite("far", cluster, () => invitation);
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "True");

        // 1. Gone from there, and somebody asks it elsewhere who knows nothing of it: it stays where it was.
        former.IsDown = true;
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "Unknown", "SatelliteSilent");
        await using (var nobody = new BadNetwork(FreePort.Take(), TimeProvider.System))
        {
            invitation = invitation with { Server = new Uri($"https://127.0.0.1:{nobody.Port}"), Token = "nobodys" };
            await Eventually.TrueAsync(() => nobody.Connections > 0, "it was asked there", TimeSpan.FromSeconds(60));
        }

        former.IsDown = false;
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "True");

        // 2. Gone again, and here: by a token of the control plane itself.
        former.IsDown = true;
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "Unknown", "SatelliteSilent");
        await Eventually.TrueAsync(() => !world.Hub.Connected.Contains("far"), "it is not connected");
        invitation = await world.InviteAsync("far");
        await Eventually.TrueAsync(() => world.Hub.Connected.Contains("far"), "its tunnel leads to the new address", TimeSpan.FromSeconds(60));
        await world.ConditionAsync("far", OrreryNames.ReadyCondition, "True");

        // 3. That is what it knows from then on.
        KubeObject secret = await cluster.Admin.GetAsync(new GroupVersionResource("", "v1", "secrets"), JoinNames.SystemNamespace, JoinNames.IdentitySecret, default);
        Assert.Equal(world.ControlPlane.Url, new Uri(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(secret.TextAt("data", "server")!))));
    }
}
