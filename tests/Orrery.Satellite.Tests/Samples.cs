using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Satellite.Tests;

/// <summary>Objects for tests, written as people would.</summary>
internal static class Samples
{
    public static KubeObject Object(string json) => KubeObject.Parse(Encoding.UTF8.GetBytes(json));

    public static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();

    public static KubeObject Work(string manifest, string status = "{}", long generation = 1) => Object($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work",
         "metadata": {"name": "deployment-web-1", "namespace": "dp-pa2-par", "uid": "w1", "generation": {{generation}},
                      "labels": {"orrery.dev/tenant": "acme", "orrery.dev/virtual-cluster": "shop", "orrery.dev/namespace": "default"} },
         "spec": {"source": {"cluster": "acme/shop", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web", "generation": 3},
                  "manifest": {{manifest}} },
         "status": {{status}} }
        """);
}
