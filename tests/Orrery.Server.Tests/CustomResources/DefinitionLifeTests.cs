using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>What follows when a definition changes, or is one of two that want the same.</summary>
public sealed class DefinitionLifeTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Default_AddedLater_ShowsOnWhatWasStoredBefore()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject definition = ServerFixture.Definition("axles");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, ServerFixture.Token);
        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.Custom("axles"), ns, Made("a", "axles"), ServerFixture.Token);

        var later = new JsonArray(new JsonObject
        {
            ["op"] = "add",
            ["path"] = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/late",
            ["value"] = new JsonObject { ["type"] = "string", ["default"] = "x" },
        });
        await fixture.Admin.PatchAsync(ServerFixture.Definitions, "", "axles.test.example.com", PatchKind.Json, later, ServerFixture.Token);
        KubeObject read = await fixture.Admin.GetAsync(ServerFixture.Custom("axles"), ns, "a", ServerFixture.Token);
        KubeList list = await fixture.Admin.ListAsync(ServerFixture.Custom("axles"), ns, null, ServerFixture.Token);

        Assert.Null(made.At("spec", "late"));
        Assert.Equal("x", read.TextAt("spec", "late"));
        Assert.Equal("x", Assert.Single(list.Items).TextAt("spec", "late"));
        Assert.Equal(made.ResourceVersion, read.ResourceVersion);
    }

    /// <summary>How the objects of a definition are migrated: each is written as it is, and the former version taken out of the definition.</summary>
    [Fact]
    public async Task Update_OfAnObjectThatIsStoredInAFormerVersion_BringsItToTodaysAndIsNothingThereafter()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        GroupVersionResource former = ServerFixture.Custom("hinges"), today = former with { Version = "v2" };
        JsonObject definition = ServerFixture.Definition("hinges");
        JsonArray versions = definition["spec"]!["versions"]!.AsArray();
        JsonObject second = (JsonObject)versions[0]!.DeepClone();
        second["name"] = "v2";
        second["storage"] = false;
        versions.Add((JsonNode)second);
        await server.Admin.CreateAsync(ServerFixture.Definitions, "", definition, ServerFixture.Token);
        KubeObject made = await server.Admin.CreateAsync(former, "default", Made("a", "hinges"), ServerFixture.Token);
        var flip = new JsonArray(
            new JsonObject { ["op"] = "replace", ["path"] = "/spec/versions/0/storage", ["value"] = false }, new JsonObject { ["op"] = "replace", ["path"] = "/spec/versions/1/storage", ["value"] = true });
        await server.Admin.PatchAsync(ServerFixture.Definitions, "", "hinges.test.example.com", PatchKind.Json, flip, ServerFixture.Token);

        KubeObject read = await server.Admin.GetAsync(today, "default", "a", ServerFixture.Token);
        KubeObject written = await server.Admin.UpdateAsync(today, "default", "a", read.ToJsonObject(), ServerFixture.Token);
        KubeObject again = await server.Admin.UpdateAsync(today, "default", "a", written.ToJsonObject(), ServerFixture.Token);
        StoredValue stored = (await store.GetAsync("/test.example.com/hinges/-/default/a", ServerFixture.Token))!;

        Assert.Equal(made.ResourceVersion, read.ResourceVersion);
        Assert.NotEqual(read.ResourceVersion, written.ResourceVersion);
        Assert.Equal(written.ResourceVersion, again.ResourceVersion);
        Assert.Equal(1, written.Generation);
        Assert.StartsWith("""{"apiVersion":"test.example.com/v2",""", System.Text.Encoding.UTF8.GetString(stored.Value.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_TakenByAnother_AreAcceptedOnceItGoes()
    {
        JsonObject first = ServerFixture.Definition("bolts");
        JsonObject second = ServerFixture.Definition("nuts");
        second["spec"]!["names"]!["kind"] = "Kindbolts";
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", first, ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", second, ServerFixture.Token);
        KubeObject waiting = await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "nuts.test.example.com", ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Definitions, "", "bolts.test.example.com", null, ServerFixture.Token);

        Assert.Equal("ListKindConflict", Reason(waiting));
        Assert.Equal("nuts", waiting.TextAt("status", "acceptedNames", "plural"));
        await Eventually.TrueAsync(
            async () => Reason(await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "nuts.test.example.com", ServerFixture.Token)) == "NoConflicts",
            "the names are free", cancellationToken: ServerFixture.Token);
    }

    [Fact]
    public async Task Version_Deprecated_WarnsOfItself()
    {
        JsonObject definition = ServerFixture.Definition("pegs");
        definition["spec"]!["versions"]![0]!["deprecated"] = true;
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, ServerFixture.Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, "/apis/test.example.com/v1/pegs");

        Assert.Equal(["299 - \"test.example.com/v1 Kindpegs is deprecated\""], answer.Headers.GetValues("Warning"));
    }

    [Fact]
    public async Task List_OverAllClusters_KnowsACustomResourceOfOne()
    {
        ClusterName cluster = await fixture.ClusterAsync("wide");
        using KubeClient tenant = fixture.Server.AdminOf(cluster);
        await tenant.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("rims"), ServerFixture.Token);
        await tenant.CreateAsync(ServerFixture.Custom("rims"), "default", Made("a", "rims"), ServerFixture.Token);
        using KubeClient all = fixture.Server.AdminOf(ClusterName.All);

        KubeObject found = Assert.Single((await all.ListAsync(ServerFixture.Custom("rims"), "", null, ServerFixture.Token)).Items);

        Assert.Equal("a", found.Name);
        Assert.Equal(cluster.ToString(), found.TextAt("metadata", "clusterName"));
    }

    private static string? Reason(KubeObject definition) =>
        definition.At("status", "conditions")!.Value.EnumerateArray().First(c => c.GetProperty("type").GetString() == "NamesAccepted").GetProperty("reason").GetString();

    private static JsonObject Made(string name, string plural) => new()
    {
        ["apiVersion"] = "test.example.com/v1",
        ["kind"] = "Kind" + plural,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject(),
    };
}
