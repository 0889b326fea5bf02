using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Machines of a tenant's own, and a change of plan from one pool to another, in a data plane in which pods run.</summary>
public sealed class PlanChangeTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Budgets = new("policy", "v1", "poddisruptionbudgets");

    [Fact]
    public async Task ChangeOfClass_MovesPodsWithinTheirBudgetAndLetsTheOldMachinesGo()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 5);
        KubeClient shop = await BeginAsync(fleet, plane);
        await StartAsync(shop, plane, minAvailable: 3);
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2"], await MachinesAsync(plane));
        Assert.All(await PodsAsync(plane), p => Assert.Contains(p.TextAt("spec", "nodeName"), (string[])["pa2-par-node-1", "pa2-par-node-2"]));

        // At no moment fewer pods are ready than the budget says.
        int least = int.MaxValue;
        using var watch = new CancellationTokenSource();
        var informer = new Informer(plane.Client, CoreResources.Pods, new InformerOptions { Namespace = Mapped });
        informer.Subscribe(_ => least = Math.Min(least, informer.HasSynced.IsCompleted ? informer.All().Count(IsHealthy) : int.MaxValue));
        Task watching = informer.RunAsync(watch.Token);
        await informer.HasSynced;

        await SetAsync(fleet, """{"class": "large"}""");
        await InForceAsync(fleet, "large");

        Assert.All((await PodsAsync(plane)).Where(IsHealthy), p => Assert.Contains(p.TextAt("spec", "nodeName"), (string[])["pa2-par-node-3", "pa2-par-node-4"]));
        Assert.Equal(["pa2-par-node-3", "pa2-par-node-4"], await MachinesAsync(plane));
        await Eventually.TrueAsync(async () => (await PodsAsync(plane)).Count(IsHealthy) == 4, "all pods run", TimeSpan.FromSeconds(60));
        await watch.CancelAsync();
        await watching;
        Assert.InRange(least, 3, 4);
        KubeObject old = await plane.Client.GetAsync(CoreResources.Nodes, "", "pa2-par-node-1", default);
        Assert.Null(old.At("spec", "unschedulable"));
        Assert.False(old.Annotations.ContainsKey(OrreryNames.LeavingAnnotation));
        Assert.True(old.At("spec", "taints") is not { } taints || taints.GetArrayLength() == 0);
    }

    [Fact]
    public async Task ChangeOfClass_PodThatWasPlacedBare_IsMadeAgainOnTheNewMachines()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 5);
        KubeClient shop = await BeginAsync(fleet, plane);
        await InForceAsync(fleet, "small");
        await shop.CreateAsync(CoreResources.Pods, "default", Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }
            """), default);
        KubeObject first = await Eventually.SomeAsync(async () => (await PodsAsync(plane)).FirstOrDefault(IsHealthy), "the pod runs", TimeSpan.FromSeconds(60));
        Assert.Contains(first.TextAt("spec", "nodeName"), (string[])["pa2-par-node-1", "pa2-par-node-2"]);

        await SetAsync(fleet, """{"class": "large"}""");
        await InForceAsync(fleet, "large");

        KubeObject again = await Eventually.SomeAsync(async () => (await PodsAsync(plane)).FirstOrDefault(p => IsHealthy(p) && p.Uid != first.Uid), "the pod runs again", TimeSpan.FromSeconds(60));
        Assert.Equal("bare", again.Name);
        Assert.Contains(again.TextAt("spec", "nodeName"), (string[])["pa2-par-node-3", "pa2-par-node-4"]);
        await Eventually.TrueAsync(
            async () => await shop.FindAsync(CoreResources.Pods, "default", "bare", default) is { IsDeleting: false } own && own.TextAt("spec", "nodeName") == again.TextAt("spec", "nodeName"),
            "its tenant sees it there",
            TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task OwnMachines_PodThatWasPlacedBareBefore_WaitsForItsBudgetAndIsMadeAgainOnThem()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 3);
        KubeClient shop = await BeginAsync(fleet, plane);
        await SetAsync(fleet, """{"isolation": {"machine": {"enabled": false}}}""");
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 0, "it has no machines", TimeSpan.FromSeconds(60));
        await CordonAsync(plane, true);
        await shop.CreateAsync(Budgets, "default", Json("""
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "bare"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "bare"} } } }
            """), default);
        await shop.CreateAsync(CoreResources.Pods, "default", Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "bare"} }, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }
            """), default);
        KubeObject first = await Eventually.SomeAsync(async () => (await PodsAsync(plane)).FirstOrDefault(IsHealthy), "the pod runs", TimeSpan.FromSeconds(60));
        Assert.Equal("pa2-par-node-3", first.TextAt("spec", "nodeName"));
        await CordonAsync(plane, false);

        await SetAsync(fleet, """{"isolation": {"machine": {"enabled": true}}}""");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "MachinesReady") is { Status: "False", Reason: "Moving" } moving
                && moving.Message.EndsWith("1 pods that were placed bare are on machines that are not the tenant's; pod acme-shop-default/bare waits for its disruption budget", StringComparison.Ordinal),
            "what it waits for is told", TimeSpan.FromSeconds(60));
        Assert.Equal(first.Uid, Assert.Single(await PodsAsync(plane)).Uid);

        await shop.DeleteAsync(Budgets, "default", "bare", null, default);
        await InForceAsync(fleet, "small");
        KubeObject again = await Eventually.SomeAsync(async () => (await PodsAsync(plane)).FirstOrDefault(p => IsHealthy(p) && p.Uid != first.Uid), "the pod runs again", TimeSpan.FromSeconds(60));
        Assert.Contains(again.TextAt("spec", "nodeName"), (string[])["pa2-par-node-1", "pa2-par-node-2"]);
    }

    [Fact]
    public async Task ChangeOfClass_BudgetThatTheClusterDoesNotHaveYet_IsWaitedForAndThenHolds()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 5);
        await plane.Client.ApplyAsync(
            CoreResources.Namespaces, "", JoinNames.SystemNamespace, Json($$"""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{JoinNames.SystemNamespace}}"} }"""), "owner", true, default);
        await plane.Client.CreateAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, Json("""
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "satellite-policy"}, "data": {"deniedKinds": "PodDisruptionBudget.policy"} }
            """), default);
        KubeClient shop = await BeginAsync(fleet, plane);
        await CreateAsync(shop, minAvailable: 3);
        await Eventually.TrueAsync(async () => (await PodsAsync(plane)).Count(IsHealthy) == 4, "four pods run", TimeSpan.FromSeconds(60));
        Assert.Null(await plane.Client.FindAsync(Budgets, Mapped, "web", default));
        string[] before = [.. (await PodsAsync(plane)).Select(p => p.Uid).Order(StringComparer.Ordinal)];
        int least = int.MaxValue;
        using var watch = new CancellationTokenSource();
        var informer = new Informer(plane.Client, CoreResources.Pods, new InformerOptions { Namespace = Mapped });
        informer.Subscribe(_ => least = Math.Min(least, informer.HasSynced.IsCompleted ? informer.All().Count(IsHealthy) : int.MaxValue));
        Task watching = informer.RunAsync(watch.Token);
        await informer.HasSynced;

        await SetAsync(fleet, """{"class": "large"}""");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "MachinesReady") is { Status: "False", Reason: "Moving" } moving
                && moving.Message.Contains("waits until its disruption budget is in force: web (the policy of the cluster's owner does not allow it", StringComparison.Ordinal),
            "what it waits for is told", TimeSpan.FromSeconds(60));
        Assert.Equal(before, (await PodsAsync(plane)).Where(IsHealthy).Select(p => p.Uid).Order(StringComparer.Ordinal));

        await plane.Client.DeleteAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", null, default);
        await InForceAsync(fleet, "large");
        await watch.CancelAsync();
        await watching;
        Assert.InRange(least, 3, 4);
        Assert.All((await PodsAsync(plane)).Where(IsHealthy), p => Assert.Contains(p.TextAt("spec", "nodeName"), (string[])["pa2-par-node-3", "pa2-par-node-4"]));
    }

    [Fact]
    public async Task ChangeOfClass_TurnedRoundMidway_LeavesEveryPodWhereItWas()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 5);
        KubeClient shop = await BeginAsync(fleet, plane);
        await StartAsync(shop, plane, minAvailable: 4);
        string[] before = [.. (await PodsAsync(plane)).Select(p => p.Uid).Order(StringComparer.Ordinal)];

        // The budget allows nothing: the new machines are taken, the old wait.
        await SetAsync(fleet, """{"class": "large"}""");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "MachinesReady") is { Status: "False", Reason: "Moving" } moving
                && moving.Message.Contains("4 pods are still on 2 machines that are to go; pod acme-shop-default/web-", StringComparison.Ordinal)
                && moving.Message.EndsWith("waits for its disruption budget", StringComparison.Ordinal),
            "progress is told", TimeSpan.FromSeconds(60));
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3", "pa2-par-node-4"], await MachinesAsync(plane));
        Assert.Equal("small", (await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default)).TextAt("status", "classInForce"));

        await SetAsync(fleet, """{"class": "small"}""");
        await InForceAsync(fleet, "small");

        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2"], await MachinesAsync(plane));
        Assert.Equal(before, (await PodsAsync(plane)).Select(p => p.Uid).Order(StringComparer.Ordinal));
        Assert.Null((await plane.Client.GetAsync(CoreResources.Nodes, "", "pa2-par-node-1", default)).At("spec", "unschedulable"));
    }

    [Fact]
    public async Task Machines_TooFewInTheDataPlane_IsSaidAndNothingIsGivenUp()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 3);
        await BeginAsync(fleet, plane);
        await InForceAsync(fleet, "small");
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 2, "it has the machines of its first class", TimeSpan.FromSeconds(60));

        await SetAsync(fleet, """{"class": "large"}""");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "MachinesReady")
                is { Reason: "PoolShort", Message: "data plane pa2-par: pool general has 1 of 2 machines (tier=large)" },
            "what is missing is said", TimeSpan.FromSeconds(60));
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3"], await MachinesAsync(plane));

        // Without isolation no machine is its own.
        await SetAsync(fleet, """{"isolation": {"machine": {"enabled": false}}}""");
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 0, "every machine is free again", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Machines_BeyondTheLeast_ComeWhenPodsFindNoRoomAndGoWhenNothingRunsThere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using SimulatedPlane plane = await SimulatedPlane.JoinAsync(fleet, "pa2-par", 4, machineIdleTime: TimeSpan.FromSeconds(2));
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "elastic"}, "spec": {"machinePools": [{"name": "general", "min": 1, "max": 3}]}}
            """), default);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {"class": "elastic", "isolation": {"machine": {"enabled": true}}}}
            """), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 1, "it has the least", TimeSpan.FromSeconds(60));

        // Each pod needs more than half of a machine.
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 4, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1", "resources": {"requests": {"cpu": "5"}}}]}}}}
            """), default);
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 3 && (await PodsAsync(plane)).Count(IsHealthy) == 3, "it has the most, each with a pod", TimeSpan.FromSeconds(60));

        await shop.PatchAsync(Deployments, "default", "web", PatchKind.Merge, Json("""{"spec": {"replicas": 1}}"""), default);
        await Eventually.TrueAsync(async () => (await MachinesAsync(plane)).Length == 1, "the machines that hold nothing are given back", TimeSpan.FromSeconds(60));

        Assert.Equal(await MachinesAsync(plane), (await PodsAsync(plane)).Where(IsHealthy).Select(p => p.TextAt("spec", "nodeName")));
        Assert.All(
            (await plane.Client.ListAsync(CoreResources.Nodes, "", null, default)).Items.Where(n => !n.Labels.ContainsKey(OrreryNames.TenantLabel)),
            n => Assert.True(n.At("spec", "unschedulable") is null && !n.Annotations.Keys.Any(a => a.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal)), n.Json.GetRawText()));
    }

    /// <summary>Nodes 1 and 2 are small, 3 and 4 large, the others neither; the tenant has class small and machines of its own.</summary>
    private static async Task<KubeClient> BeginAsync(TestFleet fleet, SimulatedPlane plane)
    {
        foreach (KubeObject node in (await plane.Client.ListAsync(CoreResources.Nodes, "", null, default)).Items.OrderBy(n => n.Name, StringComparer.Ordinal))
        {
            string? tier = node.Name[^1] switch { '1' or '2' => "small", '3' or '4' => "large", _ => null };
            await plane.Client.PatchAsync(
                CoreResources.Nodes, "", node.Name, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["tier"] = tier } } }, default);
        }

        foreach (string size in (string[])["small", "large"])
        {
            await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json($$$"""
                {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "{{{size}}}"},
                 "spec": {"machinePools": [{"name": "general", "min": 2, "labels": {"tier": "{{{size}}}"}, "taints": [{"key": "tier", "value": "{{{size}}}", "effect": "NoSchedule"}]}]}}
                """), default);
        }

        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {"class": "small", "isolation": {"machine": {"enabled": true}}}}
            """), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        return await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
    }

    /// <summary>The small machines take nothing new, or do again.</summary>
    private static async Task CordonAsync(SimulatedPlane plane, bool cordoned)
    {
        foreach (string node in (string[])["pa2-par-node-1", "pa2-par-node-2"])
        {
            await plane.Client.PatchAsync(CoreResources.Nodes, "", node, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = cordoned ? true : null } }, default);
        }
    }

    private static async Task StartAsync(KubeClient shop, SimulatedPlane plane, int minAvailable)
    {
        await CreateAsync(shop, minAvailable);
        await Eventually.TrueAsync(async () => (await PodsAsync(plane)).Count(IsHealthy) == 4, "four pods run", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => (await plane.Client.FindAsync(Budgets, Mapped, "web", default))?.NumberAt("status", "currentHealthy") == 4, "the budget has counted them", TimeSpan.FromSeconds(60));
    }

    private static async Task CreateAsync(KubeClient shop, int minAvailable)
    {
        await shop.CreateAsync(Budgets, "default", Json($$$"""
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": {"minAvailable": {{{minAvailable}}}, "selector": {"matchLabels": {"app": "web"} } } }
            """), default);
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 4, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);
    }

    private static Task InForceAsync(TestFleet fleet, string size) => Eventually.TrueAsync(
        async () => await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default) is var acme
            && acme.TextAt("status", "classInForce") == size && Conditions.IsTrue(acme, "MachinesReady"),
        $"class {size} is in force", TimeSpan.FromSeconds(60));

    private static async Task<string[]> MachinesAsync(SimulatedPlane plane) =>
        [.. (await plane.Client.ListAsync(CoreResources.Nodes, "", new ListQuery { LabelSelector = $"{OrreryNames.TenantLabel}=acme" }, default)).Items.Select(n => n.Name).Order(StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<KubeObject>> PodsAsync(SimulatedPlane plane) => (await plane.Client.ListAsync(CoreResources.Pods, Mapped, null, default)).Items;

    private static bool IsHealthy(KubeObject pod) => !pod.IsDeleting && Conditions.IsTrue(pod, "Ready");

    private static Task SetAsync(TestFleet fleet, string spec) => fleet.Root.PatchAsync(
        OrreryResources.Tenants, "", "acme", PatchKind.Merge, new JsonObject { ["spec"] = Json(spec) }, default);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
