using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Satellite.Policy;

namespace Orrery.Satellite.Tests;

/// <summary>Objects for tests, written as people would.</summary>
internal static class Samples
{
    public static KubeObject Object(string json) => KubeObject.Parse(Encoding.UTF8.GetBytes(json));

    public static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>A control plane of which that is known; it is never asked, and the cluster's owner has said nothing.</summary>
    public static ServedControlPlane Served(ControlPlaneMarks known)
    {
        var api = new KubeClient(new ClientConfig(new Uri("https://nobody.invalid")));
        var served = new ServedControlPlane(api, "pa2-par", new PolicyWatch(api, new SatelliteOptions { DataPlane = "pa2-par", Cluster = api.Config }, new ServerHistory()));
        served.Recall(known);
        return served;
    }

    public static KubeObject Work(string manifest, string status = "{}", long generation = 1) => Object($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work",
         "metadata": {"name": "deployment-web-1", "namespace": "dp-pa2-par", "uid": "w1", "generation": {{generation}},
                      "labels": {"orrery.dev/tenant": "acme", "orrery.dev/virtual-cluster": "shop", "orrery.dev/namespace": "default"} },
         "spec": {"source": {"cluster": "acme/shop", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web", "generation": 3},
                  "manifest": {{manifest}} },
         "status": {{status}} }
        """);
}
