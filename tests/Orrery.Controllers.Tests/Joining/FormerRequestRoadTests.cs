using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>Requests for certificates stay for an hour after they were granted, and are looked at again and again; several may come at once.</summary>
public sealed class FormerRequestRoadTests
{
    [Fact]
    public async Task Request_GrantedToADataPlaneThatWasMadeAnewSince_SaysNothingOfTheNewOne()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        KubeObject former = await world.AskAsync("pa2-par", await world.InviteAsync("pa2-par"), "cluster-a");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        await world.Root.DeleteAsync(OrreryResources.DataPlanes, "", "pa2-par", null, default);
        await Eventually.TrueAsync(async () => await world.Root.FindAsync(OrreryResources.DataPlanes, "", "pa2-par", default) is null, "the data plane has left");
        await world.AddDataPlaneAsync("pa2-par");

        await TouchAsync(world, former);
        KubeObject next = await world.AskAsync("pa2-par", await world.InviteAsync("pa2-par"), "cluster-b");

        Assert.Equal("Approved Invited", await world.VerdictAsync(next));
        await Eventually.TrueAsync(async () => (await world.DataPlaneAsync("pa2-par")).TextAt("status", "clusterUid") == "cluster-b", "it is the new cluster");
    }

    [Fact]
    public async Task Request_GrantedBeforeARevocation_DoesNotUndoWhatIsSaidOfIt()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        KubeObject former = await world.AskAsync("pa2-par", await world.InviteAsync("pa2-par"), "cluster-a");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        await world.Root.PatchAsync(
            OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["satelliteIdentity"] = "another-identity" } }, default);
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "Revoked");
        DateTimeOffset? said = Conditions.Find(await world.DataPlaneAsync("pa2-par"), JoinNames.IdentityCondition)!.LastTransitionTime;

        world.Clock.Shift += TimeSpan.FromSeconds(10);
        await TouchAsync(world, former);

        // One after the other: once another request was judged, that one was looked at.
        Assert.Equal("Denied OtherCluster", await world.VerdictAsync(await world.AskAsync("pa2-par", await world.InviteAsync("pa2-par"), "cluster-b")));
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "Revoked");
        Assert.Equal(said, Conditions.Find(await world.DataPlaneAsync("pa2-par"), JoinNames.IdentityCondition)!.LastTransitionTime);
    }

    /// <summary>Two manifests with a token each, applied to two clusters in the same moment: one of them is the data plane.</summary>
    [Fact]
    public async Task Requests_OfTwoClustersAtOnce_OneIsGranted()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        JoinInvitation[] invitations = [await world.InviteAsync("pa2-par"), await world.InviteAsync("pa2-par"), await world.InviteAsync("pa2-par")];

        KubeObject[] requests = await Task.WhenAll(invitations.Select((invitation, i) => world.AskAsync("pa2-par", invitation, $"cluster-{i}")));

        string[] verdicts = await Task.WhenAll(requests.Select(world.VerdictAsync));
        Assert.Equal(["Approved Invited", "Denied OtherCluster", "Denied OtherCluster"], verdicts.Order(StringComparer.Ordinal));
    }

    /// <summary>As a look at everything does.</summary>
    private static Task<KubeObject> TouchAsync(JoinWorld world, KubeObject request) => world.Root.PatchAsync(
        CoreResources.SigningRequests, "", request.Name, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["look"] = "again" } } }, default);
}
