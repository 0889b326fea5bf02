using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>What was stored under a schema is shown as the schema has it by now.</summary>
public sealed class ChangedSchemaTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Token => ServerFixture.Token;

    [Fact]
    public async Task Read_OfAFieldThatTheSchemaDropped_LacksItInGetListWatchAndPatch()
    {
        string ns = await fixture.NamespaceAsync();
        GroupVersionResource gadgets = ServerFixture.Custom("gadgets");
        JsonObject definition = ServerFixture.Definition("gadgets");
        Properties(definition)["old"] = new JsonObject { ["type"] = "string" };
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, Token);
        await fixture.Admin.CreateAsync(gadgets, ns, JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindgadgets","metadata":{"name":"g"},"spec":{"size":1,"old":"x"}}""")!.AsObject(), Token);
        Assert.Equal("x", (await fixture.Admin.GetAsync(gadgets, ns, "g", Token)).TextAt("spec", "old"));

        JsonObject changed = JsonNode.Parse((await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "gadgets.test.example.com", Token)).Json.GetRawText())!.AsObject();
        Properties(changed).Remove("old");
        await fixture.Admin.UpdateAsync(ServerFixture.Definitions, "", "gadgets.test.example.com", changed, Token);

        Assert.Null((await fixture.Admin.GetAsync(gadgets, ns, "g", Token)).TextAt("spec", "old"));
        Assert.Null(Assert.Single((await fixture.Admin.ListAsync(gadgets, ns, null, Token)).Items).TextAt("spec", "old"));
        KubeObject patched = await fixture.Admin.PatchAsync(gadgets, ns, "g", PatchKind.Merge, JsonNode.Parse("""{"metadata":{"labels":{"a":"b"}}}""")!, Token);
        Assert.Null(patched.TextAt("spec", "old"));

        // A label is no wish: what went from the schema does not count as one either.
        Assert.Equal(1, patched.NumberAt("metadata", "generation"));
    }

    /// <summary>Whoever watched on would be shown objects without what they have gained, for as long as the watch lasts.</summary>
    [Fact]
    public async Task Watch_OverAChangeOfTheDefinition_EndsAndItsNextIsOfTheNewOne()
    {
        string ns = await fixture.NamespaceAsync();
        GroupVersionResource gizmos = ServerFixture.Custom("gizmos");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("gizmos"), Token);
        await fixture.Admin.CreateAsync(gizmos, ns, JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindgizmos","metadata":{"name":"before"},"spec":{"size":1}}""")!.AsObject(), Token);
        IAsyncEnumerator<WatchEvent> watch = fixture.Admin.WatchAsync(gizmos, ns, new WatchQuery { AllowBookmarks = false }, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        string seen = watch.Current.Object.ResourceVersion;

        JsonObject changed = JsonNode.Parse((await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "gizmos.test.example.com", Token)).Json.GetRawText())!.AsObject();
        Properties(changed)["colour"] = new JsonObject { ["type"] = "string" };
        await fixture.Admin.UpdateAsync(ServerFixture.Definitions, "", "gizmos.test.example.com", changed, Token);
        await fixture.Admin.CreateAsync(gizmos, ns, JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindgizmos","metadata":{"name":"after"},"spec":{"size":1,"colour":"red"}}""")!.AsObject(), Token);

        Assert.False(await watch.MoveNextAsync());
        await watch.DisposeAsync();
        await foreach (WatchEvent next in fixture.Admin.WatchAsync(gizmos, ns, new WatchQuery { ResourceVersion = seen }, Token))
        {
            Assert.Equal("red", next.Object.TextAt("spec", "colour"));
            break;
        }
    }

    /// <summary>Its objects are in the store, and hold its finalizer, whether anybody can reach them or not.</summary>
    [Fact]
    public async Task DeleteDefinition_OfWhichNoVersionIsServedAnyMore_GoesWithItsObjects()
    {
        string ns = await fixture.NamespaceAsync();
        GroupVersionResource hidden = ServerFixture.Custom("hiddens");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("hiddens"), Token);
        await fixture.Admin.CreateAsync(hidden, ns, JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindhiddens","metadata":{"name":"h"},"spec":{"size":1}}""")!.AsObject(), Token);
        JsonObject changed = JsonNode.Parse((await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "hiddens.test.example.com", Token)).Json.GetRawText())!.AsObject();
        changed["spec"]!["versions"]![0]!["served"] = false;
        await fixture.Admin.UpdateAsync(ServerFixture.Definitions, "", "hiddens.test.example.com", changed, Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Definitions, "", "hiddens.test.example.com", null, Token);

        await Eventually.TrueAsync(async () => await fixture.Admin.FindAsync(ServerFixture.Definitions, "", "hiddens.test.example.com", Token) is null, "the definition goes", cancellationToken: Token);
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("hiddens"), Token);
        Assert.Empty((await fixture.Admin.ListAsync(hidden, ns, null, Token)).Items);
    }

    /// <summary>What was there before a rule is let pass where it is left alone, with a word about it; a rule that cannot be judged refuses all the same (KEP-4008).</summary>
    [Fact]
    public async Task Update_OfWhatBreaksARuleThatCameLater_IsTakenWithAWarning()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject definition = ServerFixture.Definition("ruled");
        definition["apiVersion"] = "apiextensions.k8s.io/v1";
        definition["kind"] = "CustomResourceDefinition";
        Properties(definition)["a"] = new JsonObject { ["type"] = "string", ["maxLength"] = 9 };
        Properties(definition)["l"] = new JsonObject { ["type"] = "array", ["maxItems"] = 9, ["items"] = new JsonObject { ["type"] = "integer" } };
        using var http = new RawHttp(fixture.Server);
        (await http.SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.ToJsonString())).Dispose();
        string path = $"/apis/test.example.com/v1/namespaces/{ns}/ruled";
        await fixture.Admin.CreateAsync(ServerFixture.Custom("ruled"), ns, JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindruled","metadata":{"name":"o"},"spec":{"size":1,"a":"long","l":[]}}""")!.AsObject(), Token);
        async Task RuleAsync(string property, string rule)
        {
            Properties(definition)[property]!["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = rule, ["message"] = "is wrong" });
            string patch = new JsonObject { ["spec"] = definition["spec"]!.DeepClone() }.ToJsonString();
            using HttpResponseMessage ruled = await http.SendAsync(HttpMethod.Patch, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ruled.test.example.com", patch, "application/merge-patch+json");
            Assert.Equal(200, (int)ruled.StatusCode);
        }

        await RuleAsync("a", "self.size() < 3");
        using HttpResponseMessage other = await http.SendAsync(HttpMethod.Patch, path + "/o", """{"spec":{"size":2}}""", "application/merge-patch+json");
        using HttpResponseMessage itself = await http.SendAsync(HttpMethod.Patch, path + "/o", """{"spec":{"a":"other"}}""", "application/merge-patch+json");
        await RuleAsync("l", "self[0] > 0");
        using HttpResponseMessage unjudged = await http.SendAsync(HttpMethod.Patch, path + "/o", """{"spec":{"size":3}}""", "application/merge-patch+json");

        Assert.Equal(200, (int)other.StatusCode);
        Assert.Equal(["299 - \"spec.a: Invalid value: \\\"long\\\": is wrong\""], other.Headers.GetValues("Warning"));
        Assert.Equal(422, (int)itself.StatusCode);
        Assert.Equal(422, (int)unjudged.StatusCode);
        Assert.Contains("index out of bounds: 0 evaluating rule: is wrong", (string?)(await RawHttp.JsonAsync(unjudged))["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Definition_WithAFormatThatNobodyChecks_IsTakenWithAWarningOnce()
    {
        JsonObject definition = ServerFixture.Definition("formats");
        definition["apiVersion"] = "apiextensions.k8s.io/v1";
        definition["kind"] = "CustomResourceDefinition";
        Properties(definition)["a"] = new JsonObject { ["type"] = "string", ["format"] = "telephone" };
        Properties(definition)["b"] = new JsonObject { ["type"] = "string", ["format"] = "date-time" };
        Properties(definition)["c"] = new JsonObject { ["type"] = "integer", ["format"] = "int8" };
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage made = await http.SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.ToJsonString());
        JsonObject changed = await RawHttp.JsonAsync(made);
        Properties(changed)["d"] = new JsonObject { ["type"] = "string", ["format"] = "color" };
        string patch = new JsonObject { ["spec"] = changed["spec"]!.DeepClone() }.ToJsonString();
        using HttpResponseMessage updated = await http.SendAsync(HttpMethod.Patch, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/formats.test.example.com", patch, "application/merge-patch+json");

        Assert.Equal(201, (int)made.StatusCode);
        Assert.Equal(["299 - \"unrecognized format \\\"telephone\\\"\"", "299 - \"unrecognized format \\\"int8\\\"\""], made.Headers.GetValues("Warning"));
        Assert.Equal(200, (int)updated.StatusCode);
        Assert.Equal(["299 - \"unrecognized format \\\"color\\\"\""], updated.Headers.GetValues("Warning"));
    }

    [Fact]
    public async Task NewNode_TakesNoPodsBeforeSomethingHasLookedAtIt()
    {
        var nodes = new GroupVersionResource("", "v1", "nodes");

        KubeObject node = await fixture.Admin.CreateAsync(nodes, "", ServerFixture.Named("fresh"), Token);

        Assert.Equal("""[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]""", node.Json.GetProperty("spec").GetProperty("taints").GetRawText());
    }

    private static JsonObject Properties(JsonObject definition) =>
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject();
}
