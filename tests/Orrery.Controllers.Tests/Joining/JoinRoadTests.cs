using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>Joining with real servers: by token, renewing, expiring, and all that is refused.</summary>
public sealed class JoinRoadTests
{
    [Fact]
    public async Task Join_ByToken_GetsACertificateForThisDataPlaneAlone()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");

        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);

        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        using X509Certificate2 certificate = (await JoinWorld.CertificateAsync(cluster))!;
        string uid = (await world.DataPlaneAsync("pa2-par")).Uid;
        Assert.Equal($"O=orrery:satellites, CN=orrery:data-plane:pa2-par:{uid}", certificate.Subject);
        Assert.True(certificate.NotAfter.ToUniversalTime() <= (world.Clock.GetUtcNow() + JoinWorld.Lifetime).UtcDateTime);
        KubeObject dataPlane = await world.DataPlaneAsync("pa2-par");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        Assert.Equal((await cluster.Admin.GetAsync(CoreResources.Namespaces, "", "kube-system", default)).Uid, dataPlane.TextAt("status", "clusterUid"));
    }

    [Fact]
    public async Task Join_ByAnInvitationThatIsPutRightLater_TakesWhatItSaysThen()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation right = await world.InviteAsync("pa2-par");
        JoinInvitation said = right with { AuthoritiesPem = cluster.CaPem };
        using var log = new RecordingLoggers(LogLevel.Information);
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => said, log: log);
        await Eventually.TrueAsync(() => log.Lines.Any(l => l.Contains("no trusted connection", StringComparison.Ordinal)), "it asks, and trusts nobody there");

        said = right;

        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
    }

    [Fact]
    public async Task Renew_BeforeExpiry_TakesANewKeyWithoutAnyToken()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        using X509Certificate2 first = (await JoinWorld.CertificateAsync(cluster))!;

        world.Clock.Shift += JoinWorld.Lifetime * 0.75;

        await Eventually.TrueAsync(
            async () => (await JoinWorld.CertificateAsync(cluster))!.PublicKey.ExportSubjectPublicKeyInfo() is var key && !key.AsSpan().SequenceEqual(first.PublicKey.ExportSubjectPublicKeyInfo()),
            "another key");

        // Past the end of the first certificate it is heard as ever.
        world.Clock.Shift += JoinWorld.Lifetime * 0.5;
        await HeardAsync(world, "pa2-par");
    }

    /// <summary>Who takes away its Secret, by mistake, finds it there again; a satellite that starts later needs no token for that.</summary>
    [Fact]
    public async Task Secret_ThatSomebodyTakesAway_IsMadeAgain()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", cluster, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
            byte[] key = await KeyAsync(cluster);

            await cluster.Admin.DeleteAsync(new GroupVersionResource("", "v1", "secrets"), JoinNames.SystemNamespace, JoinNames.IdentitySecret, null, default);

            await Eventually.TrueAsync(async () => await JoinWorld.CertificateAsync(cluster) is not null, "the Secret is there again");
            Assert.Equal(key, await KeyAsync(cluster));
        }

        await using RunningSatellite again = world.Satellite("pa2-par", cluster, () => null);
        await HeardAsync(world, "pa2-par");
    }

    /// <summary>As by a hand, or by a restore of half of it: a certificate with the key of another.</summary>
    [Fact]
    public async Task Secret_WhoseKeyIsAnothers_IsNone_AndATokenMakesItRight()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        (TestServer cluster, _) = await JoinedBeforeAsync(world);

        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string key = Convert.ToBase64String(Encoding.UTF8.GetBytes(another.ExportPkcs8PrivateKeyPem()));
        await cluster.Admin.PatchAsync(
            new GroupVersionResource("", "v1", "secrets"), JoinNames.SystemNamespace, JoinNames.IdentitySecret, PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["tls.key"] = key } }, default);
        using var log = new RecordingLoggers(LogLevel.Information);
        JoinInvitation? next = null;
        await using RunningSatellite back = world.Satellite("pa2-par", cluster, () => next, log: log);
        await Eventually.TrueAsync(() => log.Lines.Any(l => l.Contains("no certificate with its key", StringComparison.Ordinal)), "it says so");

        next = await world.InviteAsync("pa2-par");

        await HeardAsync(world, "pa2-par");
        Assert.NotNull(await JoinWorld.CertificateAsync(cluster));
    }

    /// <summary>A clock that is wrong by more than a certificate's life: it neither asks without end, nor lets its certificate expire.</summary>
    [Theory]
    [InlineData(48)]
    [InlineData(-48)]
    public async Task Renew_OnAMachineWhoseClockIsWrong_IsInTimeAndOnce(int hours)
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        var clock = new ShiftedTime { Shift = TimeSpan.FromHours(hours) };
        byte[] first;
        await using (world.Satellite("pa2-par", cluster, () => invitation, clock))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
            first = await KeyAsync(cluster);

            // A heartbeat and more of looks later it is still the one.
            await HeardAsync(world, "pa2-par");
            await HeardAsync(world, "pa2-par");
            Assert.Equal(first, await KeyAsync(cluster));

            world.Clock.Shift += JoinWorld.Lifetime * 0.75;
            clock.Shift += JoinWorld.Lifetime * 0.75;
            await Eventually.TrueAsync(async () => !(await KeyAsync(cluster)).AsSpan().SequenceEqual(first), "another key", TimeSpan.FromSeconds(60));
        }

        // Started anew it cannot know how old what it kept is, and asks once.
        byte[] second = await KeyAsync(cluster);
        await using RunningSatellite again = world.Satellite("pa2-par", cluster, () => invitation, clock);
        await Eventually.TrueAsync(async () => !(await KeyAsync(cluster)).AsSpan().SequenceEqual(second), "once more", TimeSpan.FromSeconds(60));
        byte[] third = await KeyAsync(cluster);
        await HeardAsync(world, "pa2-par");
        await HeardAsync(world, "pa2-par");
        Assert.Equal(third, await KeyAsync(cluster));
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
    }

    [Fact]
    public async Task Rejoin_AfterExpiry_NeedsTheOldKeyAndAnOperator()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        (TestServer cluster, JoinInvitation invitation) = await JoinedBeforeAsync(world);
        world.Clock.Shift += JoinWorld.Lifetime * 2;
        await using RunningSatellite back = world.Satellite("pa2-par", cluster, () => invitation);

        // 1. It says that it is back and proves its key; nobody lets it in by that alone.
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "ApprovalNeeded");
        await world.EventAsync("ApprovalNeeded");
        string pending = (await world.DataPlaneAsync("pa2-par")).TextAt("status", "pendingRequest")!;
        Assert.Equal($"orrery:expired:{SatelliteUserName.Of(await world.DataPlaneAsync("pa2-par"))}", (await world.Root.GetAsync(CoreResources.SigningRequests, "", pending, default)).TextAt("spec", "username"));
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "Unknown");

        // 2. What it was given before is looked at again, as after a restart: that tells nothing new. Another request shows that it was.
        KubeObject issued = (await world.Root.ListAsync(CoreResources.SigningRequests, "", null, default)).Items.First(r => r.Name != pending && Conditions.IsTrue(r, "Approved"));
        await world.Root.PatchAsync(
            CoreResources.SigningRequests, "", issued.Name, PatchKind.Merge,
            new System.Text.Json.Nodes.JsonObject { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["annotations"] = new System.Text.Json.Nodes.JsonObject { ["look"] = "again" } } }, default);
        await world.RefusedAsync((await world.InviteAsync("pa2-par")).Token, JoinWorld.Request("orrery-admin", OrreryNames.SatelliteGroup), "WrongName");
        Assert.Equal("ApprovalNeeded", Conditions.Find(await world.DataPlaneAsync("pa2-par"), JoinNames.IdentityCondition)!.Reason);

        // 3. The operator does.
        await new Controllers.Joining.PendingRequest(world.Root).ApproveAsync("pa2-par", default);
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        Assert.Null((await world.DataPlaneAsync("pa2-par")).TextAt("status", "pendingRequest"));
    }

    [Fact]
    public async Task Rejoin_AfterExpiry_ByAnotherToken()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        (TestServer cluster, JoinInvitation invitation) = await JoinedBeforeAsync(world);
        world.Clock.Shift += JoinWorld.Lifetime * 2;
        invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite back = world.Satellite("pa2-par", cluster, () => invitation);

        await HeardAsync(world, "pa2-par");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
    }

    /// <summary>It has asked already, and waits for an operator, who hands out a token instead.</summary>
    [Fact]
    public async Task Rejoin_AfterExpiry_ByATokenThatComesWhileItWaits()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        (TestServer cluster, JoinInvitation invitation) = await JoinedBeforeAsync(world);
        world.Clock.Shift += JoinWorld.Lifetime * 2;
        await using RunningSatellite back = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "False", "ApprovalNeeded");
        string pending = (await world.DataPlaneAsync("pa2-par")).TextAt("status", "pendingRequest")!;

        invitation = await world.InviteAsync("pa2-par");

        await HeardAsync(world, "pa2-par");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");

        // Nobody is asked any more to approve what it asked for first, nor may anybody by mistake.
        await Eventually.TrueAsync(
            async () => Conditions.Find(await world.Root.GetAsync(CoreResources.SigningRequests, "", pending, default), "Denied") is { Reason: "Superseded" }, "the request of before is over");
        Assert.Null((await world.DataPlaneAsync("pa2-par")).TextAt("status", "pendingRequest"));
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
    }

    [Fact]
    public async Task Token_UsedTwice_IsRefusedAndSaid()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        string uid = (await world.DataPlaneAsync("pa2-par")).TextAt("status", "clusterUid")!;

        await world.RefusedAsync(invitation.Token, JoinWorld.Request(SatelliteUserName.Of(await world.DataPlaneAsync("pa2-par")).ToString(), OrreryNames.SatelliteGroup, uid), "TokenReused");

        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "True", "TokenReused");
        await world.EventAsync("TokenReused");

        // The one that has the name keeps it.
        await HeardAsync(world, "pa2-par");
        await world.ConditionAsync("pa2-par", JoinNames.IdentityCondition, "True");
    }

    [Fact]
    public async Task Token_PastItsEnd_IsWorthNothing()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        string account = Assert.Single((await world.Root.ListAsync(CoreResources.ServiceAccounts, "dp-pa2-par", new ListQuery { LabelSelector = JoinNames.InvitationLabel }, default)).Items).Name;

        world.Clock.Shift += TimeSpan.FromMinutes(16);

        using var client = new KubeClient(world.ControlPlane.Config(token: invitation.Token));
        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => client.CreateAsync(
            CoreResources.SigningRequests, "", JoinWorld.Request("orrery:data-plane:pa2-par", OrreryNames.SatelliteGroup), default));
        Assert.Equal(401, refusal.Code);

        // The next look ends the invitation itself. One that was due already may be faster than this one.
        await world.InviteAsync("pa2-par");
        try
        {
            await world.Root.PatchAsync(CoreResources.ServiceAccounts, "dp-pa2-par", account, PatchKind.Merge, new System.Text.Json.Nodes.JsonObject { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["labels"] = new System.Text.Json.Nodes.JsonObject { ["look"] = "again" } } }, default);
        }
        catch (StatusException gone) when (gone.IsNotFound)
        {
        }

        await Eventually.TrueAsync(async () => await world.Root.FindAsync(CoreResources.ServiceAccounts, "dp-pa2-par", account, default) is null, "the invitation is gone");
    }

    /// <summary>Whoever comes with it afterwards is nobody: without a word its operator would wait for ever.</summary>
    [Fact]
    public async Task Token_ThatEndsUnused_IsToldOf_AndNoMoreOnceItsSatelliteJoined()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        await world.InviteAsync("pa2-par");
        string account = Assert.Single((await world.Root.ListAsync(CoreResources.ServiceAccounts, "dp-pa2-par", new ListQuery { LabelSelector = JoinNames.InvitationLabel }, default)).Items).Name;

        world.Clock.Shift += TimeSpan.FromMinutes(16);
        await world.Root.PatchAsync(CoreResources.ServiceAccounts, "dp-pa2-par", account, PatchKind.Merge, Samples.Json("""{"metadata": {"labels": {"look": "again"} } }"""), default);

        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "True", JoinNames.TokenExpired);
        await world.EventAsync(JoinNames.TokenExpired);
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation another = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => another);
        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "False");
    }

    [Theory]
    [InlineData("orrery:data-plane:ny8-nyc:UID", OrreryNames.SatelliteGroup, "client auth", "WrongDataPlane")]
    [InlineData("orrery-admin", OrreryNames.SatelliteGroup, "client auth", "WrongName")]
    [InlineData("orrery:data-plane:pa2-par", OrreryNames.SatelliteGroup, "client auth", "WrongName")]
    [InlineData("orrery:data-plane:pa2-par:", OrreryNames.SatelliteGroup, "client auth", "WrongName")]
    [InlineData("orrery:data-plane:pa2-par:UID:UID", OrreryNames.SatelliteGroup, "client auth", "WrongName")]
    [InlineData("orrery:data-plane:pa2-par:00000000-0000-0000-0000-000000000000", OrreryNames.SatelliteGroup, "client auth", "Revoked")]
    [InlineData("orrery:data-plane:pa2-par:UID", "orrery:admins", "client auth", "WrongGroup")]
    [InlineData("orrery:data-plane:pa2-par:UID", OrreryNames.SatelliteGroup, "server auth", "WrongUsage")]
    [InlineData("orrery:data-plane:nowhere:UID", OrreryNames.SatelliteGroup, "client auth", "NoSuchDataPlane")]
    public async Task Request_ForAnythingElse_IsRefusedAndSaid(string user, string group, string usage, string reason)
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par", "ny8-nyc");
        JoinInvitation invitation = await world.InviteAsync("pa2-par");

        string uid = (await world.DataPlaneAsync(user.Contains("ny8-nyc", StringComparison.Ordinal) ? "ny8-nyc" : "pa2-par")).Uid;
        await world.RefusedAsync(invitation.Token, JoinWorld.Request(user.Replace("UID", uid, StringComparison.Ordinal), group, usages: [usage, "digital signature"]), reason);

        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "True", reason);
        await world.EventAsync(reason);
    }

    [Fact]
    public async Task SecondCluster_UnderOneName_IsRefusedUnlessTheOperatorSaysSo()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par");
        TestServer first = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", first, () => invitation))
        {
            await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        }

        TestServer second = await world.AddClusterAsync();
        JoinInvitation another = await world.InviteAsync("pa2-par");
        await using (world.Satellite("pa2-par", second, () => another))
        {
            await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "True", "OtherCluster");
            Assert.Null(await JoinWorld.CertificateAsync(second));
        }

        JoinInvitation moved = await world.InviteAsync("pa2-par", newCluster: true);
        await using RunningSatellite there = world.Satellite("pa2-par", second, () => moved);
        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "False");
        Assert.NotNull(await Eventually.SomeAsync(() => JoinWorld.CertificateAsync(second), "certificate in the second cluster"));
    }

    [Fact]
    public async Task Satellite_OfOneDataPlane_CannotAskForAnother()
    {
        await using JoinWorld world = await JoinWorld.StartAsync("pa2-par", "ny8-nyc");
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");

        using var asPa2 = new KubeClient(world.ControlPlane.Config(await JoinWorld.CertificateAsync(cluster)));
        string name = (await asPa2.CreateAsync(CoreResources.SigningRequests, "", JoinWorld.Request(SatelliteUserName.Of(await world.DataPlaneAsync("ny8-nyc")).ToString(), OrreryNames.SatelliteGroup), default)).Name;

        await Eventually.TrueAsync(
            async () => Conditions.Find(await world.Root.GetAsync(CoreResources.SigningRequests, "", name, default), "Denied") is { Reason: "WrongDataPlane" }, "refused");
        await world.ConditionAsync("ny8-nyc", JoinNames.RefusedCondition, "True", "WrongDataPlane");
        await world.ConditionAsync("pa2-par", JoinNames.RefusedCondition, "True", "WrongDataPlane");
    }

    /// <summary>A satellite joined, and is away now.</summary>
    /// <returns>Its cluster, and by what it was invited.</returns>
    private static async Task<(TestServer Cluster, JoinInvitation Invitation)> JoinedBeforeAsync(JoinWorld world)
    {
        TestServer cluster = await world.AddClusterAsync();
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        await using RunningSatellite satellite = world.Satellite("pa2-par", cluster, () => invitation);
        await world.ConditionAsync("pa2-par", OrreryNames.ReadyCondition, "True");
        return (cluster, invitation);
    }

    /// <summary>The public key of the certificate that the cluster's satellite keeps.</summary>
    private static async Task<byte[]> KeyAsync(TestServer cluster)
    {
        using X509Certificate2? certificate = await JoinWorld.CertificateAsync(cluster);
        return certificate!.PublicKey.ExportSubjectPublicKeyInfo();
    }

    /// <summary>It dials anew, is let in, and answers.</summary>
    private static async Task HeardAsync(JoinWorld world, string dataPlane)
    {
        await world.Hub.DisconnectAsync(dataPlane);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await world.Root.GetTextAsync($"/apis/orrery.dev/v1alpha1/dataplanes/{dataPlane}/proxy/version", default)).Contains("gitVersion", StringComparison.Ordinal);
                }
                catch (StatusException away) when (away.Code is 503 or 504)
                {
                    return false;
                }
            },
            $"answer of {dataPlane}",
            TimeSpan.FromSeconds(60));
    }
}
