using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Simulation.Worlds;

/// <summary>
/// What the people around an installation do in every run, at times that the seed chooses: they make tenants and virtual clusters, apply,
/// change, move and delete, and somebody meddles in a data plane. Each tries a step again until it is taken.
/// </summary>
internal sealed class UserScript(World world, Chapter chapter)
{
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Services = new("", "v1", "services");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource StatefulSets = new("apps", "v1", "statefulsets");
    private static readonly GroupVersionResource Jobs = new("batch", "v1", "jobs");

    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    /// <summary>By then the storm is over since long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly KubeClient root = world.ClientOf(World.ControlPlane);

    public async Task RunAsync()
    {
        // 1. The vendor: data planes and two tenants.
        foreach (string plane in World.DataPlanes)
        {
            await CreateAsync(root, OrreryResources.DataPlanes, "", Own("DataPlane", plane, plane == "alpha" ? """{"region": "eu"}""" : """{"region": "us"}""", "{}"));
        }

        await CreateAsync(root, OrreryResources.Tenants, "", Own("Tenant", "acme", "{}", "{}"));
        await CreateAsync(root, OrreryResources.Tenants, "", Own("Tenant", "globex", "{}", """{"members": [{"kind": "User", "name": "ada", "role": "developer"}]}"""));

        // 2. What the run is about: a virtual cluster in use, virtual clusters that come and go, or installations; each alone most of the time, since
        // a run that finds nothing should not cost much.
        Task[] chapters = chapter switch
        {
            Chapter.Use => [UseAsync()],
            Chapter.ComeAndGo => [ComeAndGoAsync()],
            Chapter.Install => [InstallAsync()],
            _ => [UseAsync(), ComeAndGoAsync(), InstallAsync()],
        };
        await Task.WhenAll(chapters);
        world.Note("the user is done");
    }

    /// <summary>A tenant applies, changes and deletes, its virtual cluster moves, and somebody meddles in its data planes.</summary>
    private async Task UseAsync()
    {
        await CreateAsync(root, OrreryResources.VirtualClusters, "acme", Own("VirtualCluster", "shop", "{}", """{"placement": {"dataPlanes": ["alpha", "beta"]}}"""));
        KubeClient shop = root.InCluster(new ClusterName("acme", "shop"));
        await CreateAsync(shop, Deployments, "default", Deployment("front", 2, "front:1"));
        await CreateAsync(shop, Services, "default", Service("front"));
        await CreateAsync(shop, ConfigMaps, "default", ConfigMap("settings", "a"));
        await CreateAsync(shop, ConfigMaps, "default", ConfigMap("obsolete", "a"));
        await CreateAsync(shop, Namespaces, "", Named("v1", "Namespace", "scratch"));
        await CreateAsync(shop, ConfigMaps, "scratch", ConfigMap("notes", "a"));
        await PauseAsync(2, 6);
        await MergeAsync(shop, Deployments, "default", "front", """{"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "main", "image": "front:2"}]}}}}""");
        await CreateAsync(shop, Jobs, "default", Job("migrate"));
        await MergeAsync(shop, ConfigMaps, "default", "settings", """{"data": {"key": "b"}}""");
        await DeleteAsync(shop, ConfigMaps, "default", "obsolete");
        await MergeAsync(root, OrreryResources.VirtualClusters, "acme", "shop", """{"spec": {"placement": {"dataPlanes": ["beta", "gamma"]}}}""");
        await CreateAsync(shop, StatefulSets, "default", StatefulSet("db"));
        await PauseAsync(1, 4);
        await DeleteAsync(world.ClientOf("beta"), ConfigMaps, "acme-shop-default", "settings");
        await MergeAsync(world.ClientOf("gamma"), Deployments, "acme-shop-default", "front", """{"spec": {"replicas": 1}}""");
        foreach (KubeObject work in (await root.ListAsync(OrreryResources.Works, "dp-beta", null, default)).Items.Take(1))
        {
            await DeleteAsync(root, OrreryResources.Works, work.Namespace, work.Name);
        }

        await DeleteAsync(shop, Namespaces, "", "scratch");
    }

    /// <summary>A virtual cluster goes, another of the same name comes, and one more.</summary>
    private async Task ComeAndGoAsync()
    {
        await CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"selector": {"matchLabels": {"region": "us"}}}}"""));
        KubeClient web = root.InCluster(new ClusterName("globex", "web"));
        await CreateAsync(web, Deployments, "default", Deployment("api", 1, "api:1"));
        await PauseAsync(1, 8);
        await DeleteAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        await GoneAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        await CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"dataPlanes": ["beta"]}}"""));
        await CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "other", "{}", "{}"));
        await CreateAsync(web, ConfigMaps, "default", ConfigMap("settings", "new"));
        await CreateAsync(root.InCluster(new ClusterName("globex", "other")), Deployments, "default", Deployment("api", 1, "api:2"));
    }

    /// <summary>A product is installed for two tenants, upgraded for one and taken from the other.</summary>
    private async Task InstallAsync()
    {
        await CreateAsync(root, OrreryResources.Applications, "", Own("Application", "product", "{}", "{}"));
        await CreateAsync(root, OrreryResources.Releases, "", Release("product-1", "1.0.0", ConfigMap("settings", "one"), ConfigMap("former", "x"), Deployment("app", 1, "app:1")));
        await CreateAsync(root, OrreryResources.Releases, "", Release("product-2", "2.0.0", ConfigMap("settings", "two"), ConfigMap("anew", "y"), Deployment("app", 1, "app:2")));
        foreach (string tenant in (string[])["acme", "globex"])
        {
            await CreateAsync(root, OrreryResources.Installations, tenant, Own(
                "Installation", "product", "{}", """{"application": "product", "release": "product-1", "placement": {"dataPlanes": ["alpha", "gamma"]}}"""));
        }

        await UntilAsync(OrreryResources.Installations, "acme", "product", i => i.TextAt("status", "phase") == "Running");
        await MergeAsync(root, OrreryResources.Installations, "acme", "product", """{"spec": {"release": "product-2"}}""");
        await DeleteAsync(root, OrreryResources.Installations, "globex", "product");
        await UntilAsync(OrreryResources.Installations, "acme", "product", i => i.TextAt("status", "releaseInForce") == "product-2");
        await MergeAsync(root, OrreryResources.Installations, "acme", "product", """{"spec": {"placement": {"dataPlanes": ["gamma"]}}}""");
    }

    private async Task UntilAsync(GroupVersionResource resource, string ns, string name, Func<KubeObject, bool> holds)
    {
        while (await root.FindAsync(resource, ns, name, default) is not { } found || !holds(found))
        {
            await AgainAsync($"{resource.Resource} {name}", "it is not yet as awaited");
        }
    }

    private static JsonObject Release(string name, string version, params JsonObject[] manifests) => Own(
        "Release", name, "{}", new JsonObject
        {
            ["application"] = "product",
            ["version"] = version,
            ["bundle"] = new JsonObject { ["manifests"] = new JsonObject { ["inline"] = new JsonArray([.. manifests]) } },
        }.ToJsonString());

    private Task PauseAsync(double from, double to) => Task.Delay(world.Weather.Between(from, to), world.Time);

    private Task CreateAsync(KubeClient client, GroupVersionResource resource, string ns, JsonObject body) => UntilTakenAsync($"create {resource.Resource} {body.Name} in {client.Cluster}", async () =>
    {
        try
        {
            await client.CreateAsync(resource, ns, body, default);
        }
        catch (StatusException e) when (e.Reason == StatusReason.AlreadyExists)
        {
            // Somebody answered before, or the object is the cluster's own.
        }
    });

    private Task MergeAsync(KubeClient client, GroupVersionResource resource, string ns, string name, string patch) =>
        UntilTakenAsync($"change {resource.Resource} {name} in {client.Cluster}", () => client.PatchAsync(resource, ns, name, PatchKind.Merge, Json(patch), default));

    private Task DeleteAsync(KubeClient client, GroupVersionResource resource, string ns, string name) =>
        UntilTakenAsync($"delete {resource.Resource} {name} in {client.Cluster}", () => client.DeleteAsync(resource, ns, name, null, default));

    private async Task GoneAsync(KubeClient client, GroupVersionResource resource, string ns, string name)
    {
        while (await client.FindAsync(resource, ns, name, default) is not null)
        {
            await AgainAsync($"{resource.Resource} {name} is to go", "it is there");
        }
    }

    /// <exception cref="TimeoutException">Faults are over soon after this, and the step was still not taken.</exception>
    private Task AgainAsync(string step, string why) =>
        world.Time.Elapsed < Patience ? Task.Delay(Retry, world.Time) : throw new TimeoutException($"the user waits since long, {step}: {why}");

    private async Task UntilTakenAsync(string step, Func<Task> attempt)
    {
        await PauseAsync(0, 0.4);
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (StatusException e) when (e.IsNotFound || e.IsConflict || e.Code is 403 or 429 or >= 500)
            {
                await AgainAsync(step, e.Message);
            }
        }
    }

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    private static JsonObject Named(string apiVersion, string kind, string name) => Json($$"""{"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "{{name}}"} }""");

    private static JsonObject Own(string kind, string name, string labels, string spec)
    {
        JsonObject body = Named(OrreryResources.ApiVersion, kind, name);
        body.Metadata["labels"] = Json(labels);
        body["spec"] = Json(spec);
        return body;
    }

    private static JsonObject ConfigMap(string name, string value)
    {
        JsonObject body = Named("v1", "ConfigMap", name);
        body["data"] = new JsonObject { ["key"] = value };
        return body;
    }

    private static JsonObject Service(string app)
    {
        JsonObject body = Named("v1", "Service", app);
        body["spec"] = Json($$"""{"selector": {"app": "{{app}}"}, "ports": [{"port": 80}]}""");
        return body;
    }

    private static JsonObject Deployment(string app, int replicas, string image)
    {
        JsonObject body = Named("apps/v1", "Deployment", app);
        body["spec"] = Json($$"""{"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "{{app}}"} }, "template": {{Template(app, image)}} }""");
        return body;
    }

    private static JsonObject StatefulSet(string app)
    {
        JsonObject body = Named("apps/v1", "StatefulSet", app);
        body["spec"] = Json($$"""{"replicas": 1, "serviceName": "{{app}}", "selector": {"matchLabels": {"app": "{{app}}"} }, "template": {{Template(app, "db:1")}} }""");
        return body;
    }

    private static JsonObject Job(string app)
    {
        JsonObject body = Named("batch/v1", "Job", app);
        JsonObject template = Json(Template(app, "job:1"));
        template["spec"]!["restartPolicy"] = "Never";
        body["spec"] = new JsonObject { ["template"] = template };
        return body;
    }

    private static string Template(string app, string image) =>
        $$"""{"metadata": {"labels": {"app": "{{app}}"} }, "spec": {"containers": [{"name": "main", "image": "{{image}}"}]} }""";
}
