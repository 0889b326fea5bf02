using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Tests.Road;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Attacks;

/// <summary>What a tenant writes into its virtual cluster to reach its neighbour in the same data plane, or its data planes.</summary>
public sealed class TenantAttacks
{
    private const string Mine = "acme-shop-default";
    private const string Theirs = "globex-shop-default";
    private static readonly ClusterName Globex = new("globex", "shop");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Policies = new("networking.k8s.io", "v1", "networkpolicies");
    private static readonly GroupVersionResource Services = new("", "v1", "services");

    [Fact]
    public async Task Forged_LabelsOwnersAndPlaces_StayTheTenantsOwn()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient globex = await fleet.AddVirtualClusterAsync(Globex, "pa2-par", "ny8-nyc");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await globex.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "canary"}, "data": {"a": "1"}}"""), default);
        KubeObject canary = await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Theirs, "canary", default), "the neighbour's object");
        await fleet.Root.CreateAsync(OrreryResources.VirtualSites, "", Json("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualSite", "metadata": {"name": "elsewhere"}, "spec": {"dataPlaneSelector": {"matchLabels": {"region": "us"}}}}
            """), default);

        // 1. Labels and annotations by which the platform itself knows objects, and an owner that is the neighbour's.
        await shop.CreateAsync(ConfigMaps, "default", Json($$"""
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "canary",
              "labels": {"orrery.dev/tenant": "globex", "orrery.dev/virtual-cluster": "shop", "orrery.dev/namespace": "default", "app.kubernetes.io/managed-by": "me"},
              "annotations": {"orrery.dev/source": "globex/shop", "orrery.dev/source-uid": "{{canary.Uid}}", "orrery.dev/adopt": "true"} },
             "data": {"a": "forged"} }
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", Json($$"""
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "canary", "uid": "{{canary.Uid}}"}]} }
            """), default);

        // 2. A namespace that is called as the neighbour's in the data plane, with its labels.
        await shop.CreateAsync(CoreResources.Namespaces, "", Json($$"""
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{Theirs}}", "labels": {"orrery.dev/tenant": "globex", "orrery.dev/namespace": "default", "pod-security.kubernetes.io/enforce": "privileged"} } }
            """), default);
        await shop.CreateAsync(ConfigMaps, Theirs, Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "canary"}, "data": {"a": "forged"}}"""), default);

        // 3. A place that its virtual cluster does not have, and traffic for addresses of others.
        await shop.CreateAsync(ConfigMaps, "default", Json("""
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "abroad", "annotations": {"orrery.dev/virtual-sites": "elsewhere"}}}
            """), default);
        await shop.CreateAsync(Services, "default", Json("""
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "catch"}, "spec": {"ports": [{"port": 53}], "externalIPs": ["10.96.0.10", "8.8.8.8"], "selector": {"app": "catch"}}}
            """), default);

        // 4. What would take the place of the policy that holds it apart, or stay when everything else goes.
        await shop.CreateAsync(Policies, "default", Json("""
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
             "metadata": {"name": "orrery-tenant", "labels": {"orrery.dev/guard": "acme"}, "annotations": {"orrery.dev/adopt": "true", "orrery.dev/conflicts": "TakeOver"}},
             "spec": {"podSelector": {"matchLabels": {"no": "pod"}}}}
            """), default);
        await shop.CreateAsync(ConfigMaps, "default", Json("""
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stays", "labels": {"orrery.dev/installation": "x"}, "annotations": {"helm.sh/resource-policy": "keep"}}}
            """), default);

        // What came of it, once all is there that will be.
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, "acme-shop-" + Theirs, "canary", default), "in a namespace of its own", TimeSpan.FromSeconds(60));
        KubeObject service = await Eventually.SomeAsync(() => plane.FindAsync(Services, Mine, "catch", default), "its service", TimeSpan.FromSeconds(60));
        KubeObject forged = await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mine, "canary", default), "its own canary", TimeSpan.FromSeconds(60));
        Assert.Null(service.At("spec", "externalIPs"));
        Assert.Null((await plane.FindAsync(ConfigMaps, Mine, "owned", default))?.At("metadata", "ownerReferences"));
        Assert.Equal("orrery", forged.Labels["app.kubernetes.io/managed-by"]);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items
                .Any(w => w.TextAt("spec", "source", "name") == "orrery-tenant" && Conditions.Find(w, "Applied") is { Status: "False", Reason: "ReservedName" }),
            "refused, and said so",
            TimeSpan.FromSeconds(60));
        KubeObject guard = await plane.GetAsync(Policies, Mine, "orrery-tenant", default);
        Assert.Equal(("""{}""", "acme"), (guard.At("spec", "podSelector")!.Value.GetRawText(), guard.Labels["orrery.dev/guard"]));
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mine, "stays", default), "what is to stay", TimeSpan.FromSeconds(60));
        await shop.DeleteAsync(ConfigMaps, "default", "stays", null, default);
        await Eventually.TrueAsync(async () => await plane.FindAsync(ConfigMaps, Mine, "stays", default) is null, "what is to stay goes", TimeSpan.FromSeconds(60));
        Assert.DoesNotContain("orrery.dev/kept", (await plane.GetAsync(CoreResources.Namespaces, "", Mine, default)).Annotations.Keys);
        foreach (string ns in (string[])[Mine, "acme-shop-" + Theirs])
        {
            KubeObject found = await plane.GetAsync(CoreResources.Namespaces, "", ns, default);
            Assert.Equal("acme", found.Labels["orrery.dev/tenant"]);
            Assert.Equal("baseline", found.Labels["pod-security.kubernetes.io/enforce"]);
        }

        KubeObject after = await plane.GetAsync(ConfigMaps, Theirs, "canary", default);
        Assert.Equal(("1", canary.Uid, canary.ResourceVersion), (after.TextAt("data", "a"), after.Uid, after.ResourceVersion));
        Assert.DoesNotContain((await fleet.Root.ListAsync(OrreryResources.Works, "dp-ny8-nyc", null, default)).Items, w => w.TextAt("spec", "source", "cluster") == "acme/shop");
        Assert.Null(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(CoreResources.Namespaces, "", Mine, default));
    }

    [Theory]
    [InlineData("""{"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]}""")]
    [InlineData("""{"hostNetwork": true, "containers": [{"name": "c", "image": "i"}]}""")]
    [InlineData("""{"hostPID": true, "containers": [{"name": "c", "image": "i"}]}""")]
    [InlineData("""{"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": 80}]}]}""")]
    [InlineData("""{"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}""")]
    public async Task Pod_ThatWouldHaveTheMachine_NeverRuns(string spec)
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        await shop.CreateAsync(CoreResources.Pods, "default", Json($$"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"}, "spec": {{spec}} }"""), default);

        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items
                .Any(w => w.TextAt("spec", "source", "name") == "bad" && Conditions.Find(w, "Applied") is { Status: "False" } c && c.Message.Contains("PodSecurity", StringComparison.Ordinal)),
            "refused by the data plane, and said so",
            TimeSpan.FromSeconds(60));
        Assert.Empty((await fleet.DataPlanes["pa2-par"].Client.ListAsync(CoreResources.Pods, Mine, null, default)).Items);
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
