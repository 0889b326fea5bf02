using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What a tenant gets in root, in its virtual clusters and in the data planes that it uses, and that it is kept.</summary>
public sealed class TenantRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource NetworkPolicies = new("networking.k8s.io", "v1", "networkpolicies");

    [Fact]
    public async Task Members_GetTheirRoleInRootAndInVirtualClusters()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop);

        // Somebody who may do everything there has one of that name already, and what a binding grants cannot be changed.
        await shop.CreateAsync(CoreResources.ClusterRoleBindings, "", Json("""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "orrery:tenant-admin"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}, "subjects": []}
            """), default);
        await SetAsync(fleet, """
            {"members": [{"kind": "User", "name": "ada", "role": "admin"}, {"kind": "Group", "name": "devs", "role": "developer"}, {"kind": "User", "name": "vic", "role": "viewer"}]}
            """);

        await AllowedAsync(fleet.Root, "ada", "create", "orrery.dev", "virtualclusters", "acme", true);
        await AllowedAsync(fleet.Root, "vic", "get", "orrery.dev", "virtualclusters", "acme", true);
        await AllowedAsync(fleet.Root, "vic", "create", "orrery.dev", "virtualclusters", "acme", false);
        await AllowedAsync(fleet.Root, "vic", "get", "", "secrets", "acme", false);
        await AllowedAsync(fleet.Root, "ada", "get", "orrery.dev", "virtualclusters", "default", false);
        await AllowedAsync(shop, "ada", "delete", "", "namespaces", "", true);
        await AllowedAsync(shop, "vic", "get", "apps", "deployments", "default", true);
        await AllowedAsync(shop, "vic", "create", "apps", "deployments", "default", false);

        // Drift is put back; a member that left loses the right.
        await shop.DeleteAsync(CoreResources.ClusterRoleBindings, "", "orrery:tenant-admin", null, default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.ClusterRoleBindings, "", "orrery:tenant-admin", default), "the binding is back");
        await SetAsync(fleet, """{"members": [{"kind": "User", "name": "vic", "role": "viewer"}]}""");
        await AllowedAsync(shop, "ada", "delete", "", "namespaces", "", false);
        await AllowedAsync(fleet.Root, "ada", "create", "orrery.dev", "virtualclusters", "acme", false);
    }

    [Fact]
    public async Task DataPlane_ThatWasNotToldHowATenantIsHeldApart_RunsNothingOfIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop);
        await SetAsync(fleet, """{"class": "small"}""");
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "False");
        await fleet.Root.PatchAsync(
            OrreryResources.VirtualClusters, TestFleet.Shop.Namespace, TestFleet.Shop.Name, PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": ["pa2-par"]}}}"""), default);
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);

        // There is no such class, so nobody knows yet what its machines and bounds are.
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w =>
                Conditions.Find(w, "Applied") is { Status: "False", Reason: "NoTenancy", Message: "this data plane has not been told yet how tenant acme is held apart" }),
            "the Work says what it waits for");
        Assert.Null(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "small"}, "spec": {"quota": {"pods": 10}}}
            """), default);
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default), "settings", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Class_GivesQuotaAndLimitsInRootAndInTheDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "small"},
             "spec": {"quota": {"requests.cpu": "4", "pods": 10, "count/virtualclusters.orrery.dev": 1}, "limits": {"cpu": "2"}}}
            """), default);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await SetAsync(fleet, """{"class": "small"}""");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);

        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        KubeObject quota = await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.ResourceQuotas, Mapped, "orrery-tenant", default), "the quota in the data plane");
        Assert.Equal("4", quota.TextAt("spec", "hard", "requests.cpu"));
        Assert.Null(quota.At("spec", "hard", "count/virtualclusters.orrery.dev"));
        KubeObject limits = await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.LimitRanges, Mapped, "orrery-tenant", default), "the limits in the data plane");
        Assert.Equal("2", limits.At("spec", "limits")!.Value[0].GetProperty("max").GetProperty("cpu").GetString());

        // It holds from when what is used was counted, as anywhere.
        await Eventually.TrueAsync(
            async () => await fleet.Root.FindAsync(CoreResources.ResourceQuotas, "acme", "orrery-tenant", default) is { } counted && counted.TextAt("status", "used", "count/virtualclusters.orrery.dev") == "1", "the quota in root");
        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.CreateAsync(
            OrreryResources.VirtualClusters, "acme", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "second"}}"""), default));
        Assert.Equal(403, refusal.Code);

        // A class that is not there is said, and what was in force stays.
        await SetAsync(fleet, """{"class": "huge"}""");
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "False");
        Assert.Equal("UnknownClass", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "Ready")!.Reason);
        Assert.NotNull(await plane.FindAsync(CoreResources.ResourceQuotas, Mapped, "orrery-tenant", default));
        refusal = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.CreateAsync(
            OrreryResources.VirtualClusters, "acme", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "second"}}"""), default));
        Assert.Equal(403, refusal.Code);

        // Amounts that are none are refused outright; a resource that there is not is said on the tenant, and what was in force stays here too.
        StatusException amounts = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "odd"}, "spec": {"quota": {"pods": "abc"}, "limits": {"cpu": -3}}}
            """), default));
        Assert.Contains("spec.quota.pods: Invalid value: \"abc\"", amounts.Message, StringComparison.Ordinal);
        Assert.Contains("spec.limits.cpu: Invalid value: -3", amounts.Message, StringComparison.Ordinal);
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "odd"}, "spec": {"quota": {"cpuu": 4}}}
            """), default);
        await SetAsync(fleet, """{"class": "odd"}""");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), "Ready") is { Status: "False", Reason: "Refused" } said
                && said.Message.Contains("spec.hard[cpuu]", StringComparison.Ordinal),
            "the tenant says what is refused");
        Assert.Equal("4", (await plane.GetAsync(CoreResources.ResourceQuotas, Mapped, "orrery-tenant", default)).TextAt("spec", "hard", "requests.cpu"));
        await fleet.ConditionAsync(OrreryResources.TenantClasses, "", "odd", "Ready", "False");
        await fleet.ConditionAsync(OrreryResources.TenantClasses, "", "small", "Ready", "True");

        // Nor does it hold on to a data plane that it has left.
        await fleet.Root.PatchAsync(OrreryResources.VirtualClusters, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"placement": {"dataPlanes": null}}}"""), default);
        await Eventually.TrueAsync(
            async () => await fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default) is null, "the data plane is let go", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task DataPlane_HoldsTheTenantApartAndPutsDriftBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await fleet.ConditionAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", "Isolated", "True");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);

        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await Eventually.SomeAsync(() => plane.FindAsync(NetworkPolicies, Mapped, "orrery-tenant", default), "the policy");
        await LabelAsync(plane, "baseline");
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Isolated", "True");

        await plane.DeleteAsync(NetworkPolicies, Mapped, "orrery-tenant", null, default);
        await Eventually.SomeAsync(() => plane.FindAsync(NetworkPolicies, Mapped, "orrery-tenant", default), "the policy is back");
        await plane.PatchAsync(NetworkPolicies, Mapped, "orrery-tenant", PatchKind.Merge, Json("""{"spec": {"ingress": [{}]}}"""), default);
        await Eventually.TrueAsync(
            async () => (await plane.GetAsync(NetworkPolicies, Mapped, "orrery-tenant", default)).At("spec", "ingress")!.Value[0].TryGetProperty("from", out _), "the rule is put back");

        await SetAsync(fleet, """{"isolation": {"network": {"enabled": false}, "podSecurity": "restricted"}}""");
        await Eventually.TrueAsync(async () => await plane.FindAsync(NetworkPolicies, Mapped, "orrery-tenant", default) is null, "the policy goes when it is not wanted");
        await LabelAsync(plane, "restricted");
    }

    [Fact]
    public async Task Suspended_NothingRunsAndTheApiRefuses_ThenAllIsAsBefore()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]}}}}
            """), default);
        await ReplicasAsync(fleet, 3);
        await SetAsync(fleet, """{"members": [{"kind": "User", "name": "ada", "role": "admin"}]}""");
        await AllowedAsync(fleet.Root, "ada", "create", "orrery.dev", "virtualclusters", "acme", true);

        await SetAsync(fleet, """{"suspended": true}""");
        await ReplicasAsync(fleet, 0);
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await shop.GetAsync(Deployments, "default", "web", default);
                return false;
            }
            catch (StatusException e) when (e.Code == 403)
            {
                return e.Message.Contains("tenant acme is suspended", StringComparison.Ordinal);
            }
        }, "the API refuses");
        await AllowedAsync(fleet.Root, "ada", "create", "orrery.dev", "virtualclusters", "acme", false);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Suspended", "True");

        await SetAsync(fleet, """{"suspended": false}""");
        await ReplicasAsync(fleet, 3);
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await shop.GetAsync(Deployments, "default", "web", default)).NumberAt("spec", "replicas") == 3;
            }
            catch (StatusException e) when (e.Code == 403)
            {
                return false;
            }
        }, "the API answers");
        await AllowedAsync(fleet.Root, "ada", "create", "orrery.dev", "virtualclusters", "acme", true);
    }

    [Fact]
    public async Task ClassWithAWeight_ItsTenantsClustersHaveIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "heavy"}, "spec": {"requestWeight": 5}}
            """), default);

        await SetAsync(fleet, """{"class": "heavy"}""");
        await WeightAsync("5");
        await fleet.AddVirtualClusterAsync(new ClusterName("acme", "second"), "pa2-par");
        Assert.Equal("5", await WeightOfAsync("second"));

        await fleet.Root.PatchAsync(OrreryResources.TenantClasses, "", "heavy", PatchKind.Merge, Json("""{"spec": {"requestWeight": 2}}"""), default);
        await WeightAsync("2");
        await SetAsync(fleet, """{"class": null}""");
        await WeightAsync(null);

        Task WeightAsync(string? wanted) => Eventually.TrueAsync(async () => await WeightOfAsync(TestFleet.Shop.Name) == wanted, $"the weight is {wanted}");
        async Task<string?> WeightOfAsync(string name) =>
            (await fleet.Root.GetAsync(OrreryResources.LogicalClusters, "acme", name, default)).Annotations.GetValueOrDefault(OrreryNames.RequestWeightAnnotation);
    }

    [Fact]
    public async Task DeletedTenant_LeavesNothingInTheDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await Eventually.SomeAsync(() => plane.FindAsync(NetworkPolicies, Mapped, "orrery-tenant", default), "the policy");

        await fleet.Root.DeleteAsync(OrreryResources.Tenants, "", "acme", null, default);

        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "the namespace has gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => await fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default) is null, "the Tenancy has gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(CoreResources.Namespaces, "", "acme", default) is null, "the namespace in root has gone", TimeSpan.FromSeconds(60));
    }

    /// <summary>It is said which data plane is away and what it has; whoever does not wait for that finds it cleaned all the same.</summary>
    [Fact]
    public async Task DeletedTenant_WithADataPlaneAway_StaysUntilThatIsCleanOrSomebodyGivesUp()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        foreach (bool givesUp in (bool[])[false, true])
        {
            KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
            await shop.CreateAsync(ConfigMaps, "default", ConfigMap("settings"), default);
            await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "settings", default), "settings in the data plane");
            await Eventually.TrueAsync(
                async () => (await fleet.Root.ListAsync(OrreryResources.Observations, "dp-pa2-par", null, default)).Items.Any(o => o.TextAt("spec", "object", "metadata", "name") == Mapped), "its namespace is known");
            await fleet.StopSatelliteAsync("pa2-par");
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");

            await fleet.Root.DeleteAsync(OrreryResources.Tenants, "", "acme", null, default);
            await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(CoreResources.Namespaces, "", "acme", default) is null, "the namespace in root has gone", TimeSpan.FromSeconds(60));
            await Eventually.TrueAsync(
                async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenants, "", "acme", default), OrreryNames.RemovedCondition) is { Status: "False", Reason: "DataPlaneSilent" } said
                    && said.Message.StartsWith($"data plane pa2-par is not heard and may still have namespace {Mapped}: ", StringComparison.Ordinal) && !said.Message.Contains("namespace acme ", StringComparison.Ordinal),
                "it says what is left where",
                TimeSpan.FromSeconds(60));
            Assert.NotNull(await fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default));

            if (givesUp)
            {
                await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/force-delete": "true"}}}"""), default);
                await TenantGoneAsync();
                Assert.NotNull(await fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default));
            }

            fleet.StartSatellite("pa2-par");
            await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "the namespace has gone", TimeSpan.FromSeconds(60));
            await Eventually.TrueAsync(
                async () => await fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default) is null, "the Tenancy has gone", TimeSpan.FromSeconds(60));
            await TenantGoneAsync();
        }

        Task TenantGoneAsync() => Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Tenants, "", "acme", default) is null, "the tenant has gone", TimeSpan.FromSeconds(60));
    }

    private static Task SetAsync(TestFleet fleet, string spec) => fleet.Root.PatchAsync(
        OrreryResources.Tenants, "", "acme", PatchKind.Merge, new JsonObject { ["spec"] = Json(spec) }, default);

    private static Task LabelAsync(KubeClient plane, string level) => Eventually.TrueAsync(
        async () => (await plane.GetAsync(CoreResources.Namespaces, "", Mapped, default)).Labels.GetValueOrDefault(TenantGuards.EnforceLabel) == level, $"Pod Security {level}");

    private static Task ReplicasAsync(TestFleet fleet, int replicas) => Eventually.TrueAsync(
        async () => await fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default) is { } web && web.NumberAt("spec", "replicas") == replicas, $"{replicas} replicas");

    private static Task AllowedAsync(KubeClient cluster, string user, string verb, string group, string resource, string ns, bool allowed) => Eventually.TrueAsync(
        async () =>
        {
            JsonObject review = Json("""{"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}""");
            review["spec"] = new JsonObject
            {
                ["user"] = user,
                ["resourceAttributes"] = new JsonObject { ["verb"] = verb, ["group"] = group, ["resource"] = resource, ["namespace"] = ns },
            };
            KubeObject answer = await cluster.CreateAsync(new GroupVersionResource("authorization.k8s.io", "v1", "subjectaccessreviews"), "", review, default);
            return answer.At("status", "allowed")?.GetBoolean() == allowed;
        },
        $"{user} may{(allowed ? "" : " not")} {verb} {resource} in {ns}");

    private static JsonObject ConfigMap(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "a"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
