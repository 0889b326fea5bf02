using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Two tenants beside each other in one data plane: what of it only one can have, and what a class lets them have.</summary>
public sealed class SharedPlaneRoadTests
{
    private static readonly ClusterName Other = new("umbrella", "site");
    private static readonly GroupVersionResource Ingresses = new("networking.k8s.io", "v1", "ingresses");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    [Fact]
    public async Task HostsAndPriorities_OfTwoTenants_AreTheFirstOnesAndTheirClasses()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par"), site = await fleet.AddVirtualClusterAsync(Other, "pa2-par");

        // 1. Who was first has the host; the other is told that it is somebody's, and not whose.
        await shop.CreateAsync(Ingresses, "default", Ingress("web", "shop.example.test"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(Ingresses, "acme-shop-default", "web", default), "the first claim");
        await site.CreateAsync(Ingresses, "default", Ingress("web", "shop.example.test"), default);
        await site.CreateAsync(Ingresses, "default", Ingress("own", "site.example.test"), default);
        await Eventually.SomeAsync(() => plane.FindAsync(Ingresses, "umbrella-site-default", "own", default), "what nobody has");
        await AppliedAsync(fleet, "web", "umbrella", "False HostTaken: host \"shop.example.test\" is claimed by an Ingress of somebody else in this data plane");
        Assert.Null(await plane.FindAsync(Ingresses, "umbrella-site-default", "web", default));

        // 2. Beside others nobody drives anybody out, unless its class lets it.
        await shop.CreateAsync(Deployments, "default", Deployment("high"), default);
        KubeObject placed = await Eventually.SomeAsync(() => plane.FindAsync(Deployments, "acme-shop-default", "web", default), "the deployment");
        Assert.Null(placed.TextAt("spec", "template", "spec", "priorityClassName"));
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Own(
            "TenantClass", "gold", """{"priorityClasses": ["high"], "ingressHosts": ["*.{tenant}.example.test"], "ingressClasses": ["tenants"]}"""), default);
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, Json("""{"spec": {"class": "gold"} }"""), default);
        await Eventually.TrueAsync(
            async () => (await plane.GetAsync(Deployments, "acme-shop-default", "web", default)).TextAt("spec", "template", "spec", "priorityClassName") == "high", "the class lets it");

        // 3. The hosts of a class: what was claimed before is left as it is, and said.
        await AppliedAsync(fleet, "web", "acme", "False NotAllowed: host \"shop.example.test\" is none that the tenant's Ingresses may claim here: *.acme.example.test");
        Assert.NotNull(await plane.FindAsync(Ingresses, "acme-shop-default", "web", default));
        await shop.PatchAsync(Ingresses, "default", "web", PatchKind.Merge, Json("""{"spec": {"rules": [{"host": "www.acme.example.test"}]} }"""), default);
        await Eventually.TrueAsync(
            async () => await plane.GetAsync(Ingresses, "acme-shop-default", "web", default) is var found
                && found.At("spec", "rules")!.Value[0].GetProperty("host").GetString() == "www.acme.example.test" && found.TextAt("spec", "ingressClassName") == "tenants",
            "its own host, and the class of tenants");

        // 4. Once let go of, it is the other's.
        await Eventually.SomeAsync(() => plane.FindAsync(Ingresses, "umbrella-site-default", "web", default), "the host is free", TimeSpan.FromSeconds(60));
    }

    private static Task AppliedAsync(TestFleet fleet, string name, string tenant, string said) => Eventually.TrueAsync(
        async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", new ListQuery { LabelSelector = $"{OrreryNames.TenantLabel}={tenant}" }, default)).Items
            .SingleOrDefault(w => w.TextAt("spec", "source", "kind") == "Ingress" && w.TextAt("spec", "source", "name") == name) is { } work
            && Conditions.Find(work, "Applied") is { } applied && $"{applied.Status} {applied.Reason}: {applied.Message}" == said,
        said,
        TimeSpan.FromSeconds(60));

    private static JsonObject Ingress(string name, string host) => Json($$"""
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "{{name}}"}, "spec": {"rules": [{"host": "{{host}}"}]} }
        """);

    private static JsonObject Deployment(string priorityClass) => Json($$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"} }, "template": {
          "metadata": {"labels": {"app": "web"} }, "spec": {"priorityClassName": "{{priorityClass}}", "containers": [{"name": "web", "image": "web:1"}]} } } }
        """);

    private static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
