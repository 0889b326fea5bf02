using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.DataPlanes;

namespace Orrery.Controllers.Tests.DataPlanes;

public sealed class HeartbeatsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(40);

    [Fact]
    public void Of_HeldByALivingServer_IsHeardWhenTheServerIs()
    {
        Heartbeat beat = Heartbeats.Of(Tunnel("s1", Now.AddDays(-3)), new ServerBeat("t", Now, Lasts), Now.AddDays(-1), Now)!.Value;

        Assert.Equal(new Heartbeat(Now, Now + Lasts), beat);
    }

    [Fact]
    public void Of_WithoutHolder_HasExpiredWhenItWasLastHeard()
    {
        Heartbeat beat = Heartbeats.Of(Tunnel("", Now.AddMinutes(-7)), null, Now.AddDays(-1), Now)!.Value;

        Assert.Equal(new Heartbeat(Now.AddMinutes(-7), Now.AddMinutes(-7)), beat);
    }

    [Fact]
    public void Of_HeldByAServerThatIsGone_IsGivenTimeFromTheStartOfThisProcessAndKeepsItsAge()
    {
        Heartbeat beat = Heartbeats.Of(Tunnel("s1", Now.AddHours(-2)), new ServerBeat("t", Now.AddHours(-1), Lasts), Now, Now)!.Value;

        Assert.Equal(new Heartbeat(Now.AddHours(-1), Now + Lasts) { VouchedUntil = Now.AddHours(-1) + Lasts }, beat);
    }

    /// <summary>By a server whose clock was a year ahead: nobody is vouched for until then, whether the server has gone or the tunnel.</summary>
    [Theory]
    [InlineData("s1", 40)]
    [InlineData("", 0)]
    public void Of_WrittenInTheFuture_IsNotBelieved(string holder, int seconds)
    {
        Heartbeat beat = Heartbeats.Of(Tunnel(holder, Now.AddYears(1)), null, Now.AddHours(-1), Now)!.Value;

        Assert.Equal(new Heartbeat(Now.AddHours(-1), Now.AddHours(-1).AddSeconds(seconds)), beat);
    }

    [Fact]
    public void Of_WrittenByAClockThatIsALittleAhead_IsBelieved()
    {
        Heartbeat beat = Heartbeats.Of(Tunnel("s1", Now.AddSeconds(5)), null, Now.AddHours(-1), Now)!.Value;

        Assert.Equal(new Heartbeat(Now.AddSeconds(5), Now.AddSeconds(5) + Lasts), beat);
    }

    [Fact]
    public void Since_WhileSatellitesComeBack_IsWhenTheLastDidButNotForEver()
    {
        Assert.Equal(Now, Heartbeats.Since(Now, Now.AddHours(-1)));
        Assert.Equal(Now.AddSeconds(35), Heartbeats.Since(Now, Now.AddSeconds(35)));
        Assert.Equal(Now.AddMinutes(3), Heartbeats.Since(Now, Now.AddHours(5)));
    }

    [Theory]
    [InlineData("s1", "s2", true)]
    [InlineData("s1", "s1", false)]
    [InlineData("s1", "", false)]
    [InlineData("", "s2", false)]
    public void IsReturn_OnlyWhenAnotherServerHoldsIt(string before, string after, bool expected) =>
        Assert.Equal(expected, Heartbeats.IsReturn(new InformerChange(new ObjectKey(ClusterName.Root, "dp-a", "tunnel"), Tunnel(before, Now), Tunnel(after, Now))));

    [Fact]
    public void IsReturn_AtFirstSightOrWhenItIsDeleted_IsNone()
    {
        var key = new ObjectKey(ClusterName.Root, "dp-a", "tunnel");

        Assert.False(Heartbeats.IsReturn(new InformerChange(key, null, Tunnel("s1", Now))));
        Assert.False(Heartbeats.IsReturn(new InformerChange(key, Tunnel("s1", Now), null)));
    }

    [Fact]
    public void Of_NeverWritten_IsNoHeartbeat() => Assert.Null(Heartbeats.Of(Samples.Object("""{"kind": "Lease", "metadata": {"name": "tunnel"}}"""), null, Now, Now));

    [Fact]
    public void Next_FirstLookAtAnOldLease_BelievesItsTime() =>
        Assert.Equal(Now.AddMinutes(-5), Heartbeats.Next(null, Lease(Now.AddMinutes(-5)), Now)!.Value.Heard);

    [Fact]
    public void Next_FirstLookAtALeaseFromTheFuture_CountsFromNow() =>
        Assert.Equal(Now, Heartbeats.Next(null, Lease(Now.AddMinutes(5)), Now)!.Value.Heard);

    [Fact]
    public void Next_RenewalSeenToHappen_CountsFromNowWhateverItsClockSays()
    {
        ServerBeat first = Heartbeats.Next(null, Lease(Now.AddHours(-2)), Now)!.Value;

        ServerBeat second = Heartbeats.Next(first, Lease(Now.AddHours(-2).AddSeconds(10)), Now.AddSeconds(10))!.Value;

        Assert.Equal(Now.AddSeconds(10), second.Heard);
    }

    [Fact]
    public void Next_SameRenewal_StaysWhereItWas()
    {
        ServerBeat first = Heartbeats.Next(null, Lease(Now), Now)!.Value;

        Assert.Equal(first, Heartbeats.Next(first, Lease(Now), Now.AddMinutes(1)));
    }

    private static KubeObject Tunnel(string holder, DateTimeOffset written) => Samples.Object(
        $$"""{"kind": "Lease", "metadata": {"name": "tunnel"}, "spec": {"holderIdentity": "{{holder}}", "renewTime": "{{Micro(written)}}"} }""");

    private static KubeObject Lease(DateTimeOffset renewed) => Samples.Object(
        $$"""{"kind": "Lease", "metadata": {"name": "orrery-server-s1"}, "spec": {"leaseDurationSeconds": 40, "renewTime": "{{Micro(renewed)}}"} }""");

    private static string Micro(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture);
}
