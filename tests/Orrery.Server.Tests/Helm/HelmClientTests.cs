using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Tests.Helm;

/// <summary>A release's life in a virtual cluster: installed, upgraded, rolled back and uninstalled by the stock client's own requests.</summary>
public sealed class HelmClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Merge = "application/merge-patch+json";
    private const string Time = "2026-01-01T00:00:00Z";

    [Fact]
    public async Task Release_InstalledUpgradedRolledBackAndUninstalled_ByTheStockClientsRequests()
    {
        ClusterName cluster = await fixture.ClusterAsync("helm");
        using var helm = new HelmClient(fixture.Server, cluster, "app");
        const string Deployments = "/apis/apps/v1/namespaces/app/deployments", Jobs = "/apis/batch/v1/namespaces/app/jobs", Widgets = "/apis/test.example.com/v1/namespaces/app/widgets";

        // 1. What is served, and that the server validates fields itself, so that the client need not.
        IReadOnlyList<string> served = await helm.DiscoverAsync();
        Assert.Contains("apps/v1/Deployment", served);
        Assert.Contains("v1/Secret", served);
        Assert.True(await helm.ValidatesFieldsAsync("apis/apps/v1", "/apis/apps/v1/namespaces/{namespace}/deployments"));

        // 2. install --create-namespace: no release of that name, the namespace, crds/ and their being established, the record.
        await helm.JsonAsync(HttpMethod.Post, "/api/v1/namespaces", HttpStatusCode.Created, """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"app","creationTimestamp":null,"labels":{"name":"app"}},"spec":{},"status":{}}""");
        Assert.Empty(await helm.RecordsAsync("name=shop,owner=helm"));
        JsonObject definition = ServerFixture.Definition();
        definition["apiVersion"] = "apiextensions.k8s.io/v1";
        definition["kind"] = "CustomResourceDefinition";
        await helm.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.ToJsonString());
        await Orrery.Testing.Eventually.TrueAsync(
            async () => ((JsonArray)(await helm.JsonAsync(HttpMethod.Get, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.test.example.com", HttpStatusCode.OK))["status"]!["conditions"]!)
                .Any(c => c!["type"]!.GetValue<string>() == "Established" && c["status"]!.GetValue<string>() == "True"),
            "the definition is established",
            TimeSpan.FromSeconds(60));
        Assert.Contains("test.example.com/v1/Kindwidgets", await helm.DiscoverAsync());
        string manifest = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"# line {i} of a large chart\n"));
        await helm.KeepAsync(helm.Record("shop", 1, "pending-install", manifest));

        // 3. A hook: what bears its name goes first, then it is made and watched until it is done.
        await helm.JsonAsync(HttpMethod.Delete, $"{Jobs}/migrate", HttpStatusCode.NotFound, """{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}""");
        await helm.JsonAsync(HttpMethod.Post, $"{Jobs}?fieldManager=helm", HttpStatusCode.Created, """
            {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"migrate","namespace":"app","annotations":{"helm.sh/hook":"pre-install"}},
             "spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"example.test/migrate:1"}]}}}}
            """);
        await helm.WatchUntilAsync(
            Jobs,
            "migrate",
            job => ((JsonArray?)job["status"]?["conditions"])?.Any(c => c!["type"]!.GetValue<string>() == "Complete") == true,
            () => helm.JsonAsync(HttpMethod.Patch, $"{Jobs}/migrate/status", HttpStatusCode.OK, $$"""
                {"status":{"startTime":"{{Time}}","completionTime":"{{Time}}","succeeded":1,"conditions":[
                  {"type":"SuccessCriteriaMet","status":"True","lastTransitionTime":"{{Time}}"},{"type":"Complete","status":"True","lastTransitionTime":"{{Time}}"}]} }
                """, Merge));
        await helm.DeleteAsync($"{Jobs}/migrate");

        // 4. The objects, in order, and --wait: the deployment, its replica sets and pods by their labels.
        await helm.CreateAsync("/api/v1/namespaces/app/configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"app","labels":{"app.kubernetes.io/managed-by":"Helm"},"annotations":{"meta.helm.sh/release-name":"shop","meta.helm.sh/release-namespace":"app"}},"data":{"a":"1","b":"2"}}""");
        await helm.CreateAsync(Deployments, Deployment("web:1"), "&fieldValidation=Strict");
        await helm.CreateAsync(Widgets, """{"apiVersion":"test.example.com/v1","kind":"Kindwidgets","metadata":{"name":"one","namespace":"app"},"spec":{"size":5}}""");
        await helm.JsonAsync(HttpMethod.Patch, $"{Deployments}/web/status", HttpStatusCode.OK, """{"status":{"observedGeneration":1,"replicas":1,"readyReplicas":1,"updatedReplicas":1,"availableReplicas":1}}""", Merge);
        Assert.Equal(1, (await helm.JsonAsync(HttpMethod.Get, $"{Deployments}/web", HttpStatusCode.OK))["status"]!["readyReplicas"]!.GetValue<int>());
        Assert.Empty((JsonArray)(await helm.JsonAsync(HttpMethod.Get, "/apis/apps/v1/namespaces/app/replicasets?labelSelector=app%3Dweb", HttpStatusCode.OK))["items"]!);
        Assert.Empty((JsonArray)(await helm.JsonAsync(HttpMethod.Get, "/api/v1/namespaces/app/pods?labelSelector=app%3Dweb", HttpStatusCode.OK))["items"]!);
        await helm.RekeepAsync(helm.Record("shop", 1, "deployed", manifest));

        // 5. upgrade: three-way patches. Somebody scaled meanwhile; that is no part of the patch and stays.
        Assert.Equal(["sh.helm.release.v1.shop.v1"], await helm.RecordsAsync("name=shop,owner=helm,status=deployed"));
        Assert.Equal(manifest, HelmClient.TextOf(await helm.JsonAsync(HttpMethod.Get, "/api/v1/namespaces/app/secrets/sh.helm.release.v1.shop.v1", HttpStatusCode.OK)));
        await helm.KeepAsync(helm.Record("shop", 2, "pending-upgrade", "two"));
        await helm.JsonAsync(HttpMethod.Patch, $"{Deployments}/web/scale", HttpStatusCode.OK, """{"spec":{"replicas":3}}""", Merge);
        JsonObject web = await helm.PatchAsync($"{Deployments}/web", """{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"web"},{"name":"side"}],"containers":[{"image":"example.test/web:2","name":"web"}]}}}}""", Strategic);
        Assert.Equal((3, "example.test/web:2", "example.test/side:1", 2), (
            web["spec"]!["replicas"]!.GetValue<int>(),
            web["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.GetValue<string>(),
            web["spec"]!["template"]!["spec"]!["containers"]![1]!["image"]!.GetValue<string>(),
            web["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Count));
        JsonObject settings = await helm.PatchAsync("/api/v1/namespaces/app/configmaps/settings", """{"data":{"a":null,"c":"3"}}""", Strategic);
        Assert.Equal("""{"b":"2","c":"3"}""", settings["data"]!.ToJsonString());
        Assert.Equal(8, (await helm.PatchAsync($"{Widgets}/one", """{"spec":{"size":8}}""", Merge))["spec"]!["size"]!.GetValue<int>());
        await helm.RekeepAsync(helm.Record("shop", 1, "superseded", manifest));
        await helm.RekeepAsync(helm.Record("shop", 2, "deployed", "two"));
        Assert.Equal(["sh.helm.release.v1.shop.v2"], await helm.RecordsAsync("name=shop,owner=helm,status=deployed"));

        // 6. What the server would refuse it refuses as a dry run too, and changes nothing; a custom resource takes no strategic patch.
        await helm.JsonAsync(HttpMethod.Patch, $"{Deployments}/web?fieldManager=helm&dryRun=All", HttpStatusCode.UnprocessableEntity, """{"spec":{"selector":{"matchLabels":{"app":"other"}}}}""", Strategic);
        JsonObject tried = await helm.JsonAsync(HttpMethod.Patch, $"{Widgets}/one?fieldManager=helm&dryRun=All", HttpStatusCode.OK, """{"spec":{"size":9}}""", Merge);
        Assert.Equal((9, 8), (tried["spec"]!["size"]!.GetValue<int>(), (await helm.JsonAsync(HttpMethod.Get, $"{Widgets}/one", HttpStatusCode.OK))["spec"]!["size"]!.GetValue<int>()));
        await helm.JsonAsync(HttpMethod.Patch, $"{Widgets}/one?fieldManager=helm", HttpStatusCode.UnsupportedMediaType, """{"spec":{"size":9}}""", Strategic);

        // 7. rollback --force replaces; rollback without it patches back.
        await helm.KeepAsync(helm.Record("shop", 3, "pending-rollback", manifest));
        web = await helm.JsonAsync(HttpMethod.Put, $"{Deployments}/web?fieldManager=helm", HttpStatusCode.OK, Deployment("web:1"));
        Assert.Equal(1, web["spec"]!["replicas"]!.GetValue<int>());
        await helm.PatchAsync("/api/v1/namespaces/app/configmaps/settings", """{"data":{"a":"1","c":null}}""", Strategic);
        await helm.RekeepAsync(helm.Record("shop", 3, "deployed", manifest));

        // 8. list, and uninstall --wait: objects by background deletion until they are not found, then the records.
        Assert.Equal(3, ((JsonArray)(await helm.JsonAsync(HttpMethod.Get, "/api/v1/secrets?labelSelector=owner%3Dhelm", HttpStatusCode.OK))["items"]!).Count);
        await helm.RekeepAsync(helm.Record("shop", 3, "uninstalling", manifest));
        foreach (string path in (string[])[$"{Deployments}/web", "/api/v1/namespaces/app/configmaps/settings", $"{Widgets}/one"])
        {
            await helm.DeleteAsync(path);
            await helm.JsonAsync(HttpMethod.Get, path, HttpStatusCode.NotFound);
        }

        foreach (string record in await helm.RecordsAsync("name=shop,owner=helm"))
        {
            await helm.ForgetAsync(record);
        }

        Assert.Empty(await helm.RecordsAsync("owner=helm"));
    }

    [Fact]
    public async Task Release_ByServerSideApply_AsHelm4DoesIt()
    {
        ClusterName cluster = await fixture.ClusterAsync("helm4");
        using var helm = new HelmClient(fixture.Server, cluster, "default");
        const string Apply = "application/apply-patch+yaml", Query = "fieldManager=helm&fieldValidation=Strict&force=false", Web = "/apis/apps/v1/namespaces/default/deployments/web";
        await Orrery.Testing.Eventually.TrueAsync(
            async () => await fixture.Server.AdminOf(cluster).FindAsync(ServerFixture.Namespaces, "", "default", ServerFixture.Token) is not null, "the namespace");
        string body = Deployment("web:1").Replace("\"namespace\":\"app\"", "\"namespace\":\"default\"", StringComparison.Ordinal);

        // Made by an apply, and applied again with another image.
        await helm.JsonAsync(HttpMethod.Get, Web, HttpStatusCode.NotFound);
        JsonObject made = await helm.JsonAsync(HttpMethod.Patch, $"{Web}?{Query}", HttpStatusCode.Created, body, Apply);
        Assert.Equal("helm", made["metadata"]!["managedFields"]![0]!["manager"]!.GetValue<string>());
        JsonObject changed = await helm.PatchAsync(Web, body.Replace("web:1", "web:2", StringComparison.Ordinal), Apply, Query);
        Assert.Equal("example.test/web:2", changed["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.GetValue<string>());

        // A field that somebody else took is a conflict, unless forced; a field that no Deployment has is refused (with the code that upstream has for it).
        await helm.JsonAsync(HttpMethod.Patch, $"{Web}?fieldManager=somebody", HttpStatusCode.OK, """{"spec":{"replicas":4}}""", Merge);
        await helm.JsonAsync(HttpMethod.Patch, $"{Web}?{Query}", HttpStatusCode.Conflict, body, Apply);
        Assert.Equal(1, (await helm.JsonAsync(HttpMethod.Patch, $"{Web}?{Query.Replace("false", "true", StringComparison.Ordinal)}", HttpStatusCode.OK, body, Apply))["spec"]!["replicas"]!.GetValue<int>());
        await helm.JsonAsync(HttpMethod.Patch, $"{Web}?{Query}", HttpStatusCode.InternalServerError, body.Replace("\"replicas\"", "\"replicaz\"", StringComparison.Ordinal), Apply);
    }

    private static string Deployment(string image) => $$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"app","labels":{"app.kubernetes.io/managed-by":"Helm"} },
         "spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"} },"template":{"metadata":{"labels":{"app":"web"} },
          "spec":{"containers":[{"name":"web","image":"example.test/{{image}}"},{"name":"side","image":"example.test/side:1"}]} } } }
        """;
}
