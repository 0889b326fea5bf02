using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Simulation.Script;

/// <summary>What the users of a run send.</summary>
internal static class Bodies
{
    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    public static JsonObject Named(string apiVersion, string kind, string name) => Json($$"""{"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "{{name}}"} }""");

    public static JsonObject Own(string kind, string name, string labels, string spec)
    {
        JsonObject body = Named(OrreryResources.ApiVersion, kind, name);
        body.Metadata["labels"] = Json(labels);
        body["spec"] = Json(spec);
        return body;
    }

    public static JsonObject ConfigMap(string name, string value)
    {
        JsonObject body = Named("v1", "ConfigMap", name);
        body["data"] = new JsonObject { ["key"] = value };
        return body;
    }

    public static JsonObject Service(string app)
    {
        JsonObject body = Named("v1", "Service", app);
        body["spec"] = Json($$"""{"selector": {"app": "{{app}}"}, "ports": [{"port": 80}]}""");
        return body;
    }

    public static JsonObject Deployment(string app, int replicas, string image)
    {
        JsonObject body = Named("apps/v1", "Deployment", app);
        body["spec"] = Json($$"""{"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "{{app}}"} }, "template": {{Template(app, image)}} }""");
        return body;
    }

    public static JsonObject StatefulSet(string app)
    {
        JsonObject body = Named("apps/v1", "StatefulSet", app);
        body["spec"] = Json($$"""{"replicas": 1, "serviceName": "{{app}}", "selector": {"matchLabels": {"app": "{{app}}"} }, "template": {{Template(app, "db:1")}} }""");
        return body;
    }

    public static JsonObject Job(string app)
    {
        JsonObject body = Named("batch/v1", "Job", app);
        JsonObject template = Json(Template(app, "job:1"));
        template["spec"]!["restartPolicy"] = "Never";
        body["spec"] = new JsonObject { ["template"] = template };
        return body;
    }

    public static string Template(string app, string image) =>
        $$"""{"metadata": {"labels": {"app": "{{app}}"} }, "spec": {"containers": [{"name": "main", "image": "{{image}}"}]} }""";

    public static JsonObject Release(string name, string version, params JsonObject[] manifests) => Own(
        "Release", name, "{}", new JsonObject
        {
            ["application"] = "product",
            ["version"] = version,
            ["bundle"] = new JsonObject { ["manifests"] = new JsonObject { ["inline"] = new JsonArray([.. manifests]) } },
        }.ToJsonString());

    /// <summary>A release of a chart of <see cref="Network.ChartRepository"/>.</summary>
    public static JsonObject ChartRelease(string name, string version) => Own(
        "Release", name, "{}",
        $$"""{"application": "product", "version": "{{version}}", "bundle": {"helm": {"repository": "{{Network.ChartRepository.Address}}", "chart": "product", "version": "{{version}}"} } }""");
}
