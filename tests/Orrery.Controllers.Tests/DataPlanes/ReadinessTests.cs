using Orrery.Api;
using Orrery.Controllers.DataPlanes;

namespace Orrery.Controllers.Tests.DataPlanes;

public sealed class ReadinessTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly KubeObject DataPlane = Samples.Object("""{"kind": "DataPlane", "metadata": {"name": "pa2-par"}}""");

    [Fact]
    public void Of_NoHeartbeatEver_IsUnknown() => Assert.Equal(("Unknown", "NeverJoined"), Short(Readiness.Of(DataPlane, null, Now)));

    [Fact]
    public void Of_FreshHeartbeat_IsTrueAndLooksAgainWhenItEnds()
    {
        Readiness readiness = Readiness.Of(DataPlane, Beat(Now.AddSeconds(-10)), Now);

        Assert.Equal(("True", "SatelliteReady"), Short(readiness));
        Assert.Equal(TimeSpan.FromSeconds(30), readiness.LookAgain);
    }

    [Fact]
    public void Of_HeartbeatWhoseEndIsTold_NeedNotBeLookedAt() => Assert.Null(Readiness.Of(DataPlane, Beat(Now.AddSeconds(-10)) with { EndIsTold = true }, Now).LookAgain);

    [Fact]
    public void Of_OldHeartbeat_IsUnknownAndSaysSinceWhen()
    {
        Readiness readiness = Readiness.Of(DataPlane, Beat(Now.AddSeconds(-40)), Now);

        Assert.Equal(("Unknown", "SatelliteSilent"), Short(readiness));
        Assert.Equal("its satellite was not heard since 2026-01-02T03:03:25Z", readiness.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SatelliteSilent")]
    public void Of_OneThatOpensTunnelsAndIsNotHeard_SaysWhatToDo(string before)
    {
        KubeObject dataPlane = Samples.Object($$"""
            {"kind": "DataPlane", "metadata": {"name": "x"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "{{before}}", "message": "its satellite was not heard since then"}]} }
            """);
        KubeObject tunnel = Samples.Object("""
            {"kind": "Lease", "metadata": {"name": "tunnel", "annotations": {"orrery.dev/unheard": "true"}}, "spec": {"renewTime": "2025-12-30T00:00:00.000000Z"}}
            """);

        Readiness readiness = Readiness.Of(dataPlane, Heartbeats.Of(tunnel, null, since: Now, now: Now), Now);

        Assert.Equal(("Unknown", "SatelliteUnheard"), Short(readiness));
        Assert.Contains("since 2025-12-30T00:00:00Z", readiness.Message, StringComparison.Ordinal);
        Assert.Contains("'orrery data-plane token x'", readiness.Message, StringComparison.Ordinal);
    }

    /// <summary>Days after its satellite fell silent the control plane is restarted: nothing was heard of it since.</summary>
    [Fact]
    public void Of_OneThatWasSilentBeforeThisProcessStarted_StaysSoUntilItIsHeard()
    {
        KubeObject silent = Samples.Object("""
            {"kind": "DataPlane", "metadata": {"name": "x"}, "status": {"conditions": [
              {"type": "Ready", "status": "Unknown", "reason": "SatelliteSilent", "message": "its satellite was not heard since then"}]}}
            """);
        KubeObject tunnel = Samples.Object("""
            {"kind": "Lease", "metadata": {"name": "tunnel"}, "spec": {"holderIdentity": "s1", "renewTime": "2025-12-30T00:00:00.000000Z"}}
            """);
        Heartbeat waitedFor = Heartbeats.Of(tunnel, null, since: Now, now: Now)!.Value;

        Assert.Equal(new Readiness("Unknown", "SatelliteSilent", "its satellite was not heard since then", null), Readiness.Of(silent, waitedFor, Now));
        Assert.Equal(("True", "SatelliteReady"), Short(Readiness.Of(DataPlane, waitedFor, Now)));
        Assert.Equal(("True", "SatelliteReady"), Short(Readiness.Of(silent, Beat(Now), Now)));
    }

    [Fact]
    public void Of_ClusterAway_IsFalseWithTheSatellitesReason()
    {
        KubeObject degraded = Samples.Object("""
            {"kind": "DataPlane", "metadata": {"name": "x"}, "status": {"conditions": [{"type": "Degraded", "status": "True", "reason": "ClusterAway", "message": "refused"}]}}
            """);

        Readiness readiness = Readiness.Of(degraded, Beat(Now), Now);

        Assert.Equal(("False", "ClusterAway"), Short(readiness));
        Assert.Equal("refused", readiness.Message);
    }

    private static Heartbeat Beat(DateTimeOffset heard) => new(heard, heard.AddSeconds(40));

    private static (string Status, string Reason) Short(Readiness readiness) => (readiness.Status, readiness.Reason);
}
