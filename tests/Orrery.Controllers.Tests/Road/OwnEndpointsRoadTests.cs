using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A Service without a selector leads where its tenant says, in each data plane too, but not to what stands in that beside it.</summary>
public sealed class OwnEndpointsRoadTests
{
    private const string Plane = "pa2-par", Mapped = "acme-shop-default";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task EndpointsAndSlices_OfTheTenantsOwn_AreThoseOfTheDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        KubeClient plane = fleet.DataPlanes[Plane].Client;
        await shop.CreateAsync(CoreResources.Services, "default", Json("""{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": {"ports": [{"port": 5432}]} }"""), default);
        await shop.CreateAsync(CoreResources.Endpoints, "default", Endpoints("203.0.113.7"), default);
        await shop.CreateAsync(CoreResources.EndpointSlices, "default", Slice("203.0.113.8"), default);

        // 1. They are there, and those of the slice stand here once.
        await LeadsAsync(plane, "203.0.113.7");
        KubeObject slice = await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.EndpointSlices, Mapped, "db-1", default), "the slice is there", Limit);
        Assert.Equal(("db", """{"addresses":["203.0.113.8"],"conditions":{"ready":true}}"""), (slice.Labels["kubernetes.io/service-name"], slice.At("endpoints")!.Value[0].GetRawText()));

        // 2. What changes here changes there.
        await shop.UpdateAsync(CoreResources.Endpoints, "default", "db", Endpoints("203.0.113.9"), default);
        await LeadsAsync(plane, "203.0.113.9");
        Assert.Equal("db-1", Assert.Single((await shop.ListAsync(CoreResources.EndpointSlices, "default", new ListQuery { LabelSelector = "kubernetes.io/service-name=db" }, default)).Items).Name);

        // 3. What was led by leaders before there were Leases stays here.
        JsonObject leader = Endpoints("203.0.113.7");
        leader["metadata"] = Json("""{"name": "leader", "annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"} }""");
        await shop.CreateAsync(CoreResources.Endpoints, "default", leader, default);
        await shop.DeleteAsync(CoreResources.Endpoints, "default", "db", null, default);
        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Endpoints, Mapped, "db", default) is null, "they go", Limit);
        Assert.Null(await plane.FindAsync(CoreResources.Endpoints, Mapped, "leader", default));
    }

    /// <summary>An ingress controller goes where a Service leads, and to every pod: by its Endpoints a tenant would reach those of others.</summary>
    [Fact]
    public async Task Endpoints_WithinTheCluster_AreRefusedWhereTheNetworkIsHeldApart()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Plane);
        KubeClient plane = fleet.DataPlanes[Plane].Client;
        await shop.CreateAsync(CoreResources.Endpoints, "default", Endpoints("203.0.113.7"), default);
        await LeadsAsync(plane, "203.0.113.7");

        // 1. What was led to before is not left.
        await shop.UpdateAsync(CoreResources.Endpoints, "default", "db", Endpoints("10.1.0.9"), default);
        await Eventually.TrueAsync(async () => await plane.FindAsync(CoreResources.Endpoints, Mapped, "db", default) is null, "it leads nowhere", Limit);
        await shop.CreateAsync(CoreResources.EndpointSlices, "default", Slice("192.168.3.4"), default);
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Select(e => e.TextAt("message")).ToHashSet() is var told
                && told.Contains("pa2-par: NotAllowed: address \"10.1.0.9\" is not outside the cluster, where alone the tenant's Services may lead by themselves")
                && told.Contains("pa2-par: NotAllowed: address \"192.168.3.4\" is not outside the cluster, where alone the tenant's Services may lead by themselves"),
            "it is told", Limit);
        Assert.Empty((await plane.ListAsync(CoreResources.EndpointSlices, Mapped, null, default)).Items);

        // 2. A tenant whose network is not held apart may.
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, Json("""{"spec": {"isolation": {"network": {"enabled": false} } } }"""), default);
        await LeadsAsync(plane, "10.1.0.9");
        await Eventually.SomeAsync(() => plane.FindAsync(CoreResources.EndpointSlices, Mapped, "db-1", default), "the slice is there", Limit);
    }

    private static Task LeadsAsync(KubeClient plane, string address) => Eventually.TrueAsync(
        async () => await plane.FindAsync(CoreResources.Endpoints, Mapped, "db", default) is { } found && found.At("subsets") is { ValueKind: JsonValueKind.Array } subsets
            && subsets[0].GetProperty("addresses")[0].GetRawText() == $$"""{"ip":"{{address}}"}""",
        $"it leads to {address}", Limit);

    private static JsonObject Endpoints(string address) => Json($$"""
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db"}, "subsets": [{"addresses": [{"ip": "{{address}}", "nodeName": "n1", "targetRef": {"kind": "Pod", "name": "db-0"} }], "ports": [{"port": 5432}]}] }
        """);

    private static JsonObject Slice(string address) => Json($$"""
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "db-1", "labels": {"kubernetes.io/service-name": "db"} }, "addressType": "IPv4",
         "endpoints": [{"addresses": ["{{address}}"], "conditions": {"ready": true}, "nodeName": "n1", "zone": "z"}], "ports": [{"port": 5432}] }
        """);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
