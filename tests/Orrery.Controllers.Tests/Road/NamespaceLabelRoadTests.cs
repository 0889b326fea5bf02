using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What selects namespaces of a virtual cluster finds their labels in the data planes, also after they change.</summary>
public sealed class NamespaceLabelRoadTests
{
    private static readonly GroupVersionResource Policies = new("networking.k8s.io", "v1", "networkpolicies");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task LabelsOfANamespace_AreCarriedWhereItIsMapped()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "back", "labels": {"team": "a", "orrery.dev/tenant": "globex"}}}"""), default);
        await shop.CreateAsync(ConfigMaps, "back", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}"""), default);
        await shop.CreateAsync(Policies, "default", Json("""
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "front"},
             "spec": {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "a", "kubernetes.io/metadata.name": "back"}}}]}]}}
            """), default);

        // 1. What the policy selects there is the namespace as it is there, and nobody can label itself into another tenant.
        KubeObject policy = await Eventually.SomeAsync(() => inside.FindAsync(Policies, "acme-shop-default", "front", default), "the policy");
        LabelSelector selector = LabelSelector.FromJson(policy.ToJsonObject().NodeAt("spec", "ingress")![0]!["from"]![0]!["namespaceSelector"]!.AsObject());
        await SelectsAsync(inside, selector, true);
        KubeObject back = await inside.GetAsync(CoreResources.Namespaces, "", "acme-shop-back", default);
        Assert.Equal(("acme", "globex"), (back.Labels[OrreryNames.TenantLabel], back.Labels["orrery.dev.label.orrery.dev/tenant"]));

        // 2. It follows, both ways, and somebody who changes it there changes nothing for long.
        await LabelAsync(shop, "back", """{"team": "b"}""");
        await SelectsAsync(inside, selector, false);
        await LabelAsync(shop, "back", """{"team": "a", "orrery.dev/tenant": null}""");
        await SelectsAsync(inside, selector, true);
        await Eventually.TrueAsync(async () => !(await inside.GetAsync(CoreResources.Namespaces, "", "acme-shop-back", default)).Labels.ContainsKey("orrery.dev.label.orrery.dev/tenant"), "the label goes");
        await LabelAsync(inside, "acme-shop-back", """{"label.orrery.dev/team": "x", "orrery.dev/virtual-cluster": "lab"}""");
        await SelectsAsync(inside, selector, true);
    }

    private static Task LabelAsync(KubeClient cluster, string name, string labels) =>
        cluster.PatchAsync(CoreResources.Namespaces, "", name, PatchKind.Merge, Json($$"""{"metadata": {"labels": {{labels}} } }"""), default);

    private static Task SelectsAsync(KubeClient inside, LabelSelector selector, bool wanted) => Eventually.TrueAsync(
        async () => await inside.FindAsync(CoreResources.Namespaces, "", "acme-shop-back", default) is { } ns && selector.Matches(ns.Labels) == wanted, $"selected: {wanted}", TimeSpan.FromSeconds(60));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
