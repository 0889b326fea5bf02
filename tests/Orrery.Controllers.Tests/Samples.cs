using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Tests;

/// <summary>Objects for tests, written as people would.</summary>
internal static class Samples
{
    public static KubeObject Object(string json) => KubeObject.Parse(Encoding.UTF8.GetBytes(json));

    public static DataPlane DataPlane(string name, string region = "eu", string access = "Shared", string[]? tenants = null, bool cordoned = false, string ready = "True") =>
        new(name, new Dictionary<string, string> { ["region"] = region }, access, tenants ?? [], cordoned, false, false, ready, ready == "True" ? "its satellite reports" : "silent since noon");

    public static VirtualSite Site(string name, string region) => new(name, LabelSelector.Parse($"region={region}"));

    public static FleetSnapshot Fleet(DataPlane[] dataPlanes, params VirtualSite[] sites) => new(
        dataPlanes.ToImmutableSortedDictionary(d => d.Name, d => d, StringComparer.Ordinal),
        sites.ToImmutableDictionary(s => s.Name, s => s, StringComparer.Ordinal));

    public static KubeObject Deployment(string status = "{}", long generation = 1, int replicas = 2) => Object($$"""
        {
          "apiVersion": "apps/v1", "kind": "Deployment",
          "metadata": {
            "name": "web", "namespace": "default", "clusterName": "acme/shop", "uid": "u1", "resourceVersion": "7", "generation": {{generation}},
            "labels": {"app": "web"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "orrery.dev/virtual-sites": "eu", "orrery.dev/desired-replicas": "6", "team": "a"},
            "managedFields": [{"manager": "kubectl"}], "creationTimestamp": "2026-01-01T00:00:00Z"
          },
          "spec": {"replicas": {{replicas}}, "template": {"metadata": {"labels": {"app": "web"} } } },
          "status": {{status}}
        }
        """);

    public static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
