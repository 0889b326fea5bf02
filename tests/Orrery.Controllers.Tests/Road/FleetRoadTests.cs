using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>The vendor's side: data planes that take nothing new or leave, tenants, shares, and what a satellite may see.</summary>
public sealed class FleetRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    [Fact]
    public async Task Cordon_KeepsWhatIsThereAndTakesNothingNew()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("old"), default);
        await ArrivedAsync(fleet, "ny8-nyc", "old");

        KubeObject cordoned = await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "ny8-nyc", PatchKind.Merge, Json("""{"spec": {"cordoned": true}}"""), default);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default)).NumberAt("status", "observedGeneration") == cordoned.Generation, "the cordon is known");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("new"), default);
        await ArrivedAsync(fleet, "pa2-par", "new");
        await shop.PatchAsync(ConfigMaps, "default", "old", PatchKind.Merge, Json("""{"data": {"key": "changed"}}"""), default);
        await Eventually.TrueAsync(
            async () => (await fleet.DataPlanes["ny8-nyc"].Client.GetAsync(ConfigMaps, Mapped, "old", default)).TextAt("data", "key") == "changed", "what is there still follows");
        Assert.Null(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(ConfigMaps, Mapped, "new", default));

        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "ny8-nyc", PatchKind.Merge, Json("""{"spec": {"cordoned": false}}"""), default);
        await ArrivedAsync(fleet, "ny8-nyc", "new");
    }

    [Fact]
    public async Task DeleteDataPlane_CleansItFirstAndThenGoes()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await ArrivedAsync(fleet, "ny8-nyc", "settings");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default)).At("status", "tenants") is not null, "it is known who uses it", TimeSpan.FromSeconds(60));

        // 1. Refused while a tenant uses it, with its name.
        StatusException refusal = await Eventually.SomeAsync(async () =>
        {
            try
            {
                await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", "ny8-nyc", null, default);
                return null;
            }
            catch (StatusException e)
            {
                return e;
            }
        }, "the deletion is refused");
        Assert.Contains("it is used by the tenants acme", refusal.Message, StringComparison.Ordinal);

        // 2. Drained, what it ran is where else it may run, and it may go. What a controller there claimed for it is kept, and said, until then.
        await fleet.DataPlanes["ny8-nyc"].Client.CreateAsync(Claims, Mapped, Json("""
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-0"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
            """), default);
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "ny8-nyc", PatchKind.Merge, Json("""{"spec": {"drained": true}}"""), default);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "ny8-nyc", "Drained", "True");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default), "Drained")!.Message
                == "nothing runs here; claims are kept until what they are of is deleted, or this data plane: acme-shop-default/data-db-0",
            "the claim is named", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => (await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default)).At("status", "tenants") is null, "no tenant uses it", TimeSpan.FromSeconds(60));
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(Claims, Mapped, "data-db-0", default));
        await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", "ny8-nyc", null, default);

        await Eventually.TrueAsync(
            async () => await fleet.Root.FindAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default) is null, "the DataPlane is gone", TimeSpan.FromSeconds(60));
        Assert.Null(await fleet.Root.FindAsync(CoreResources.Namespaces, "", "dp-ny8-nyc", default));
        await Eventually.TrueAsync(async () => await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "its cluster is clean", TimeSpan.FromSeconds(60));
        Assert.Null(await fleet.Root.FindAsync(CoreResources.ClusterRoles, "", "orrery:data-plane:ny8-nyc", default));
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));
    }

    /// <summary>A satellite is restarted, by whatever moves its pod, and has things to remove when it is back.</summary>
    /// <param name="silenceGrace">In seconds: whether its absence is noticed.</param>
    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    public async Task DeleteDataPlane_WhoseSatelliteIsRestartedMeanwhile_CleansItFirst(int silenceGrace)
    {
        await using TestFleet fleet = await TestFleet.StartAsync(TimeSpan.FromSeconds(silenceGrace), [], "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");

        await fleet.StopSatelliteAsync("pa2-par");
        if (silenceGrace == 1)
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");
        }

        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/force-delete": "yes"}}}"""), default);
        await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", "pa2-par", null, default);
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Count == 0, "its Works are withdrawn", TimeSpan.FromSeconds(60));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Drained", "True");
        Assert.NotNull(await inside.FindAsync(ConfigMaps, Mapped, "settings", default));
        fleet.StartSatellite("pa2-par");

        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.DataPlanes, "", "pa2-par", default) is null, "the DataPlane is gone", TimeSpan.FromSeconds(60));
        Assert.Null(await inside.FindAsync(CoreResources.Namespaces, "", Mapped, default));
    }

    /// <summary>One that starts asks whether its control plane was put back before it removes anything, and is not always answered.</summary>
    [Fact]
    public async Task EmptyNamespace_ThatCouldNotBeAskedAboutAtFirst_GoesNevertheless()
    {
        bool isSilent = false;
        int refused = 0;
        var way = new RoughWay
        {
            Instead = (request, _) =>
            {
                if (!isSilent || request.Method != HttpMethod.Get || !request.RequestUri!.AbsolutePath.EndsWith("/dataplanes/pa2-par", StringComparison.Ordinal))
                {
                    return Task.FromResult<HttpResponseMessage?>(null);
                }

                Interlocked.Increment(ref refused);
                return Task.FromResult<HttpResponseMessage?>(RoughWay.Status(503, "ServiceUnavailable", "not now"));
            },
        };
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToControlPlane = way }, "pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");
        await fleet.StopSatelliteAsync("pa2-par");
        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);
        await inside.DeleteAsync(ConfigMaps, Mapped, "settings", null, default);
        await Eventually.TrueAsync(async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Count == 0, "nothing is wanted there", TimeSpan.FromSeconds(60));

        isSilent = true;
        fleet.StartSatellite("pa2-par");
        long start = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(() => refused > 3 && TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(5), "it was asked, in vain", TimeSpan.FromSeconds(60));
        isSilent = false;

        await Eventually.TrueAsync(async () => await inside.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "the namespace is gone", TimeSpan.FromSeconds(60));
    }

    /// <summary>By looking at everything that the cluster serves: whatever carries a word of ours is ours.</summary>
    [Fact]
    public async Task DeleteDataPlane_InWhichTenantsRan_LeavesNothingOfOursInItsCluster()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await using SimulatedPlane leaving = await SimulatedPlane.JoinAsync(fleet, "ny8-nyc", nodes: 3);
        IReadOnlyList<string> before = await OursAsync(leaving.Client);
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "own"}, "spec": {"quota": {"pods": 20}, "limits": {"cpu": "2"}, "machinePools": [{"name": "general", "min": 1}]}}
            """), default);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {"class": "own", "isolation": {"machine": {"enabled": true}}}}
            """), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "ny8-nyc");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await Eventually.TrueAsync(async () => (await leaving.Client.FindAsync(Deployments, Mapped, "web", default))?.NumberAt("status", "readyReplicas") == 2, "it runs", TimeSpan.FromSeconds(60));
        string[] there = ["namespaces//" + Mapped, "resourcequotas/" + Mapped, "limitranges/" + Mapped, "networkpolicies/" + Mapped, "nodes//ny8-nyc-node-"];
        IReadOnlyList<string> now = await OursAsync(leaving.Client);
        Assert.All(there, t => Assert.Contains(now, n => n.StartsWith(t, StringComparison.Ordinal)));

        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "ny8-nyc", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/force-delete": "yes"}}}"""), default);
        await fleet.Root.DeleteAsync(OrreryResources.DataPlanes, "", "ny8-nyc", null, default);

        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default) is null, "the DataPlane is gone", TimeSpan.FromSeconds(60));
        Assert.Equal(before, await OursAsync(leaving.Client));
    }

    /// <summary>
    /// As resource/namespace/name, sorted; Events aside, which tell of what was and end by themselves, and the satellite's own namespace with its record,
    /// which is the cluster owner's.
    /// </summary>
    private static async Task<IReadOnlyList<string>> OursAsync(KubeClient cluster)
    {
        var found = new List<string>();
        foreach (ApiResource resource in (await new Resources(cluster).AllAsync(default)).Resources.Where(r => r.Verbs.Contains("list") && r.Resource.Resource is not ("events" or "componentstatuses")))
        {
            found.AddRange((await cluster.ListAsync(resource.Resource, "", null, default)).Items
                .Where(i => i.Namespace != "orrery-system" && i.Json.GetRawText() is var text && (text.Contains("orrery.dev/", StringComparison.Ordinal) || text.Contains("acme", StringComparison.Ordinal)))
                .Select(i => $"{resource.Resource.Resource}/{i.Namespace}/{i.Name}"));
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Drain_WhatHasNoOtherPlace_StaysAndIsReported()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await ArrivedAsync(fleet, "ny8-nyc", "settings");

        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "ny8-nyc", PatchKind.Merge, Json("""{"spec": {"drained": true}}"""), default);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "ny8-nyc", "Drained", "False");
        Assert.Equal(
            "still here: VirtualCluster acme/shop", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default), "Drained")!.Message);
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        // Given another place it moves there, and only then leaves.
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["ny8-nyc", "pa2-par"]}}}"""), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "ny8-nyc", "Drained", "True");
    }

    /// <summary>What pods need stays as long as they do, also where the controllers begin anew midway.</summary>
    [Fact]
    public async Task Move_LeavesTheOldPlaceOnceItRunsInTheNewOne()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        await shop.CreateAsync(Deployments, "default", Deployment("web"), default);
        await ArrivedAsync(fleet, "ny8-nyc", "settings");
        await RunsAsync(fleet, "ny8-nyc");

        // 1. It begins in the new place, where it is not ready, and stays in the old one with all that it needs.
        await fleet.Root.PatchAsync(OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}"""), default);
        await ArrivedAsync(fleet, "pa2-par", "settings");
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default), "web in pa2-par");
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == "Moving" && e.TextAt("message") == "Stays on ny8-nyc until it runs on pa2-par"),
            "that it moves is told", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.All(w => Conditions.IsTrue(w, OrreryNames.AppliedCondition)), "all is applied there", TimeSpan.FromSeconds(60));
        await fleet.StopControllersAsync();
        await fleet.StartControllersAsync();
        await shop.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"data": {"key": "after"}}"""), default);
        await Eventually.TrueAsync(
            async () => (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "after", "the controllers look again", TimeSpan.FromSeconds(60));
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(Deployments, Mapped, "web", default));
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        // 2. Ready there: the old place is left.
        await RunsAsync(fleet, "pa2-par");
        await LeftAsync(fleet, "ny8-nyc");

        // 3. Back, to a place where it never gets ready: that is waited for as long as it says. At once: not at all.
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["ny8-nyc"], "move": {"timeoutSeconds": 1}}}}"""), default);
        await LeftAsync(fleet, "pa2-par");
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(
                e => e.TextAt("type") == "Warning" && e.TextAt("message") == "Withdrawn from pa2-par although it does not run on ny8-nyc yet"),
            "that it was not waited for is told", TimeSpan.FromSeconds(60));
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["pa2-par"], "move": {"strategy": "AtOnce", "timeoutSeconds": null}}}}"""), default);
        await LeftAsync(fleet, "ny8-nyc");
    }

    [Fact]
    public async Task Divide_ByWeight_SharesTheReplicas()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"replicas": "Divide", "weights": {"pa2-par": 2}}}}"""), default);
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 7, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);

        await ReplicasAsync(fleet, "pa2-par", 5);
        await ReplicasAsync(fleet, "ny8-nyc", 2);
        await Eventually.TrueAsync(
            async () => (await shop.GetAsync(Deployments, "default", "web", default)).Annotations.GetValueOrDefault(OrreryNames.DesiredReplicasAnnotation) == "7", "7 wanted in all");
    }

    [Fact]
    public async Task Tenant_NamedLikeSomebodyElsesNamespace_IsRefused()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await fleet.Root.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "taken"}}"""), default);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "taken"}}"""), default);

        await fleet.ConditionAsync(OrreryResources.Tenants, "", "taken", "Ready", "False");
        Assert.Equal("NamespaceTaken", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "taken", default), "Ready")!.Reason);
        Assert.False((await fleet.Root.GetAsync(CoreResources.Namespaces, "", "taken", default)).Labels.ContainsKey(OrreryNames.TenantLabel));
    }

    [Fact]
    public async Task VirtualCluster_OutsideATenantsNamespace_IsNotServed()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await fleet.Root.CreateAsync(
            OrreryResources.VirtualClusters, "default", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "stray"}}"""), default);

        await fleet.ConditionAsync(OrreryResources.VirtualClusters, "default", "stray", "Ready", "False");
        Assert.Equal("NoTenant", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.VirtualClusters, "default", "stray", default), "Ready")!.Reason);
        Assert.Null(await fleet.Root.FindAsync(OrreryResources.LogicalClusters, "default", "stray", default));
    }

    [Fact]
    public async Task VirtualCluster_WithoutAPlacement_SaysThatNothingRuns()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.AddVirtualClusterAsync(TestFleet.Shop);
        await fleet.ConditionAsync(OrreryResources.VirtualClusters, "acme", "shop", "Placed", "False");

        await EventAsync(fleet, "Normal", "Served");
        await EventAsync(fleet, "Warning", "NoPlacement");

        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}"""), default);
        await EventAsync(fleet, "Normal", "Placed");
    }

    private static Task EventAsync(TestFleet fleet, string type, string reason) => Eventually.TrueAsync(
        async () => (await fleet.Root.ListAsync(new GroupVersionResource("", "v1", "events"), "acme", null, default)).Items.Any(
            e => e.TextAt("type") == type && e.TextAt("reason") == reason && e.TextAt("involvedObject", "kind") == "VirtualCluster"),
        $"{type} {reason}");

    [Fact]
    public async Task Satellite_SeesOnlyItsOwn()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        using var satellite = new KubeClient(fleet.ControlPlane.Config(
            fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("pa2-par"), [OrreryNames.SatelliteGroup], Orrery.Server.Authentication.ClusterScope.Root)));

        Assert.Empty((await satellite.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items);
        await ForbiddenAsync(() => satellite.ListAsync(OrreryResources.Works, "dp-ny8-nyc", null, default));
        await ForbiddenAsync(() => satellite.ListAsync(OrreryResources.Works, "", null, default));
        await ForbiddenAsync(() => satellite.GetAsync(OrreryResources.DataPlanes, "", "ny8-nyc", default));
        await ForbiddenAsync(() => satellite.CreateAsync(OrreryResources.Works, "dp-pa2-par", new JsonObject { ["apiVersion"] = "orrery.dev/v1alpha1", ["kind"] = "Work" }, default));
        await ForbiddenAsync(() => satellite.ListAsync(new GroupVersionResource("", "v1", "secrets"), "dp-pa2-par", null, default));
    }

    private static async Task ForbiddenAsync(Func<Task> request) => Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(request)).Code);

    private static Task ReplicasAsync(TestFleet fleet, string dataPlane, int replicas) => Eventually.TrueAsync(
        async () => await fleet.DataPlanes[dataPlane].Client.FindAsync(Deployments, Mapped, "web", default) is { } web && web.NumberAt("spec", "replicas") == replicas,
        $"{replicas} replicas in {dataPlane}");

    private static Task<KubeObject> ArrivedAsync(TestFleet fleet, string dataPlane, string name) => Eventually.SomeAsync(
        () => fleet.DataPlanes[dataPlane].Client.FindAsync(ConfigMaps, Mapped, name, default), $"{name} in {dataPlane}");

    /// <summary>The part of a Deployment's controller.</summary>
    private static async Task RunsAsync(TestFleet fleet, string dataPlane)
    {
        KubeClient plane = fleet.DataPlanes[dataPlane].Client;
        KubeObject web = await Eventually.SomeAsync(() => plane.FindAsync(Deployments, Mapped, "web", default), $"web in {dataPlane}");
        await plane.PatchAsync(
            Deployments, Mapped, "web", PatchKind.Merge, Json($$"""{"status": {"observedGeneration": {{web.Generation}}, "replicas": 1, "availableReplicas": 1, "readyReplicas": 1, "updatedReplicas": 1} }"""), default, "status");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-" + dataPlane, null, default)).Items.Any(
                w => w.TextAt("spec", "source", "kind") == "Deployment" && Conditions.IsTrue(w, OrreryNames.AvailableCondition)),
            $"web runs in {dataPlane}", TimeSpan.FromSeconds(60));
    }

    private static Task LeftAsync(TestFleet fleet, string dataPlane) => Eventually.TrueAsync(
        async () => await fleet.DataPlanes[dataPlane].Client.FindAsync(Deployments, Mapped, "web", default) is null
            && await fleet.DataPlanes[dataPlane].Client.FindAsync(ConfigMaps, Mapped, "settings", default) is null,
        $"nothing is left in {dataPlane}", TimeSpan.FromSeconds(60));

    private static JsonObject Deployment(string name) => Json($$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}"},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"} },
                  "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }
        """);

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
