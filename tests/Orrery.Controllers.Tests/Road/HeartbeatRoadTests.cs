using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>That satellites live is known from their tunnels; only changes are written.</summary>
public sealed class HeartbeatRoadTests
{
    [Fact]
    public async Task Satellite_GoesAndComes_IsWrittenOnceEach()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromSeconds(1), [], "pa2-par");
        KubeObject opened = await TunnelAsync(fleet);
        Assert.False(string.IsNullOrEmpty(opened.TextAt("spec", "holderIdentity")));

        await fleet.StopSatelliteAsync("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");
        KubeObject dataPlane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        KubeObject closed = await TunnelAsync(fleet);
        Assert.Equal(("", opened.NumberAt("spec", "leaseTransitions") + 1), (closed.TextAt("spec", "holderIdentity") ?? "", closed.NumberAt("spec", "leaseTransitions")));

        // It says since when, to the second in which it was last heard.
        string heard = dataPlane.TextAt("status", "lastHeartbeatTime")!;
        Assert.Equal($"its satellite was not heard since {heard}", Conditions.Find(dataPlane, "Ready")!.Message);
        Assert.StartsWith(heard[..^1], closed.TextAt("spec", "renewTime"), StringComparison.Ordinal);

        fleet.StartSatellite("pa2-par");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "True");
        Assert.Equal(opened.NumberAt("spec", "leaseTransitions") + 2, (await TunnelAsync(fleet)).NumberAt("spec", "leaseTransitions"));
    }

    [Fact]
    public async Task Satellite_ThatDialsAgainInTime_WasNeverAway()
    {
        const string Process = "again";
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromHours(1), [], "pa2-par");
        KubeObject dataPlane = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), first = await TunnelAsync(fleet);

        // 1. As another process: it is written which one it is now, and nothing else.
        await fleet.StopSatelliteAsync("pa2-par");
        fleet.StartSatellite("pa2-par", Process);
        await Eventually.TrueAsync(async () => (await TunnelAsync(fleet)).Annotations.GetValueOrDefault(OrreryNames.InstanceAnnotation) == Process, "its tunnel is recorded");
        KubeObject tunnel = await TunnelAsync(fleet);
        Assert.Equal(first.NumberAt("spec", "leaseTransitions") + 1, tunnel.NumberAt("spec", "leaseTransitions"));

        // 2. As the process that it was.
        for (int i = 0; i < 5; i++)
        {
            await fleet.StopSatelliteAsync("pa2-par");
            Task<string> asked = ThroughAsync(fleet);
            fleet.StartSatellite("pa2-par", Process);
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        return (await ThroughAsync(fleet)).Length > 0;
                    }
                    catch (StatusException e) when (e.Code is 503 or 504)
                    {
                        return false;
                    }
                },
                "its tunnel again");

            // Who asks meanwhile waits for it, or is told that it has just gone.
            try
            {
                Assert.NotEmpty(await asked);
            }
            catch (StatusException e) when (e.Code == 503)
            {
            }
        }

        Assert.Equal(tunnel.ResourceVersion, (await TunnelAsync(fleet)).ResourceVersion);
        KubeObject after = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default);
        Assert.Equal(Conditions.Find(dataPlane, "Ready")!.LastTransitionTime, Conditions.Find(after, "Ready")!.LastTransitionTime);
    }

    /// <summary>What a satellite that has nothing to do says is read together with what others say; it is reached as ever, is heard, and takes its work.</summary>
    [Fact]
    public async Task Satellite_ThatHasNothingToDo_RestsAndIsHeardAndAsked()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromHours(1), [], "pa2-par");
        await RestsAsync();

        for (int i = 0; i < 3; i++)
        {
            Assert.NotEmpty(await ThroughAsync(fleet));
            await RestsAsync();
        }

        Orrery.Hub.Tunnel tunnel = fleet.Hub.Find("pa2-par")!;
        TimeSpan quiet = tunnel.Quiet;
        await Eventually.TrueAsync(() => tunnel.Quiet < quiet, "its next beat");
        Assert.Same(tunnel, fleet.Hub.Find("pa2-par"));

        Task RestsAsync() => Eventually.TrueAsync(() => fleet.Hub.Find("pa2-par")?.Carrier is { IsResting: true }, "its connection to rest");
    }

    /// <summary>What says nothing but that it lives lies unread until something else comes: it is heard all the same, and what is asked meanwhile is answered at once.</summary>
    [Fact]
    public async Task Satellite_ThatSaysThatItLives_IsHeardWithoutBeingRead()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromHours(1), [], "pa2-par");
        await Eventually.TrueAsync(() => fleet.Hub.Find("pa2-par")?.Carrier is not null, "its tunnel");
        Orrery.Hub.Tunnel tunnel = fleet.Hub.Find("pa2-par")!;

        // 1. Two are read to learn how long they are; between them may lie one that is to be answered.
        await Eventually.TrueAsync(() => tunnel.Carrier!.Signs.Left == 1, "a heartbeat that lies unread", TimeSpan.FromSeconds(90));
        Assert.InRange(tunnel.Quiet, TimeSpan.Zero, TimeSpan.FromSeconds(5));

        // 2. Whatever comes over the connection is read with it.
        Assert.NotEmpty(await ThroughAsync(fleet));
        Assert.Equal(0, tunnel.Carrier!.Signs.Left);

        // 3. One that wants an answer is read with those before it, and answered: the satellite would dial again.
        await Eventually.TrueAsync(() => tunnel.Carrier!.Signs.Left > 0, "the next that lies unread", TimeSpan.FromSeconds(90));
        await Eventually.TrueAsync(() => tunnel.Carrier!.Signs.Left == 0, "that all is read", TimeSpan.FromSeconds(90));
        await Eventually.TrueAsync(() => tunnel.Carrier!.Signs.Left > 0, "that they lie there again", TimeSpan.FromSeconds(90));
        Assert.Same(tunnel, fleet.Hub.Find("pa2-par"));
    }

    [Fact]
    public async Task Server_ThatIsNotHeardAnyMore_SilencesThoseItHolds_UntilItIsHeardAgain()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromSeconds(1), [], "pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "far"}, "spec": {}}"""), default);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "Unknown");

        // 1. Another server says that it lives, for long, and that it holds the tunnel.
        await fleet.Root.CreateAsync(CoreResources.Leases, "kube-system", Lease("kube-system", "orrery-server-other", "other", 3600, new() { [OrreryNames.ServerLabel] = "other" }), default);
        await fleet.Root.CreateAsync(CoreResources.Leases, "dp-far", Lease("dp-far", OrreryNames.TunnelLease, "other", 0, []), default);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "True");

        // 2. It says that it lives for a second more, and then nothing, and then again.
        await ServerAsync(fleet, seconds: 1);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "Unknown");
        KubeObject silent = await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "far", default);
        Assert.Equal("SatelliteSilent", Conditions.Find(silent, "Ready")!.Reason);
        await ServerAsync(fleet, seconds: 3600);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "far", "Ready", "True");
    }

    private static Task ServerAsync(TestFleet fleet, int seconds) => fleet.Root.PatchAsync(
        CoreResources.Leases, "kube-system", "orrery-server-other", PatchKind.Merge, Json($$"""{"spec": {"renewTime": "{{Now()}}", "leaseDurationSeconds": {{seconds}}} }"""), default);

    private static JsonObject Lease(string ns, string name, string holder, int seconds, JsonObject labels)
    {
        JsonObject lease = Json($$"""
            {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "{{name}}", "namespace": "{{ns}}"}, "spec": {"holderIdentity": "{{holder}}", "renewTime": "{{Now()}}"} }
            """);
        lease["metadata"]!["labels"] = labels;
        if (seconds > 0)
        {
            lease["spec"]!["leaseDurationSeconds"] = seconds;
        }

        return lease;
    }

    private static string Now() => TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private static Task<string> ThroughAsync(TestFleet fleet) => fleet.Root.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/version", default);

    private static Task<KubeObject> TunnelAsync(TestFleet fleet) => fleet.Root.GetAsync(CoreResources.Leases, "dp-pa2-par", OrreryNames.TunnelLease, default);
}
