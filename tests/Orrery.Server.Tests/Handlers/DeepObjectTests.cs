using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

/// <summary>One object that is nested deep must not be in the way of whoever reads its kind.</summary>
public sealed class DeepObjectTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Revisions = new("apps", "v1", "controllerrevisions");

    [Theory]
    [InlineData("maps", 100)]
    [InlineData("mapsagain", 500)]
    [InlineData("lists", 500)]
    public async Task Write_DeepObject_IsReadInEveryForm(string plural, int depth)
    {
        JsonObject definition = ServerFixture.Definition(plural);
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = JsonNode.Parse(
            """{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}""");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, ServerFixture.Token);
        string ns = await fixture.NamespaceAsync();
        using var raw = new RawHttp(fixture.Server);
        string deep = plural == "lists" ? "{\"l\":" + new string('[', depth) + "1" + new string(']', depth) + "}" : Nested(depth);
        string all = $"/apis/test.example.com/v1/namespaces/{ns}/{plural}", one = all + "/a";
        string head = $"\"apiVersion\":\"test.example.com/v1\",\"kind\":\"Kind{plural}\",\"metadata\":{{\"name\":\"a\",\"labels\":{{\"n\":\"x\"}}}}";

        // 1. written in every way
        await Answers(HttpStatusCode.Created, raw, HttpMethod.Post, all, $"{{{head},\"spec\":{deep}}}");
        await Answers(HttpStatusCode.OK, raw, HttpMethod.Patch, one, """{"metadata":{"labels":{"b":"c"}}}""", "application/merge-patch+json");
        await Answers(HttpStatusCode.OK, raw, HttpMethod.Patch, one, """[{"op":"copy","from":"/spec","path":"/spec/again"},{"op":"remove","path":"/spec/again"}]""", "application/json-patch+json");
        await Answers(HttpStatusCode.OK, raw, HttpMethod.Patch, one + "/status", $"{{\"status\":{deep}}}", "application/merge-patch+json");
        if (depth < 400)
        {
            await Answers(HttpStatusCode.OK, raw, HttpMethod.Patch, one + "?fieldManager=other&force=true", $"{{{head},\"spec\":{deep}}}", "application/apply-patch+yaml");
        }

        // 2. read in every form
        foreach (string accept in (string[])["application/json", "application/yaml", "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"])
        {
            await Answers(HttpStatusCode.OK, raw, HttpMethod.Get, one, accept: accept);
            await Answers(HttpStatusCode.OK, raw, HttpMethod.Get, all + "?labelSelector=n%3Dx", accept: accept.Replace("Metadata", "MetadataList", StringComparison.Ordinal));
        }

        // 3. by those who follow its kind
        KubeObject found = Assert.Single((await fixture.Admin.ListAsync(ServerFixture.Custom(plural), ns, null, ServerFixture.Token)).Items);
        Assert.Equal("c", found.Labels["b"]);
        Assert.Equal("a", KubeObject.From(found.ToJsonObject()).Name);
        await fixture.Admin.DeleteAsync(ServerFixture.Custom(plural), ns, "a", null, ServerFixture.Token);
    }

    [Fact]
    public async Task List_DeepRevisionOfABuiltInKind_IsReadByClients()
    {
        string ns = await fixture.NamespaceAsync();
        using var raw = new RawHttp(fixture.Server);
        await Answers(HttpStatusCode.Created, raw, HttpMethod.Post, $"/apis/apps/v1/namespaces/{ns}/controllerrevisions", $$"""{"metadata":{"name":"d"},"revision":1,"data":{{Nested(300)}} }""");

        Assert.Single((await fixture.Admin.ListAsync(Revisions, ns, null, ServerFixture.Token)).Items);
    }

    [Fact]
    public async Task Patch_MovesThatNestDeeperAndDeeper_AreRefused()
    {
        string ns = await fixture.NamespaceAsync();
        using var raw = new RawHttp(fixture.Server);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);
        var patch = new StringBuilder("[{\"op\":\"add\",\"path\":\"/x\",\"value\":{}}");
        for (int i = 0; i < 1_000; i++)
        {
            patch.Append($$""",{"op":"add","path":"/n","value":{{Nested(200)}} },{"op":"move","from":"/x","path":"/n{{string.Concat(Enumerable.Repeat("/a", 200))}}"},{"op":"move","from":"/n","path":"/x"}""");
        }

        await Answers((HttpStatusCode)422, raw, HttpMethod.Patch, $"/api/v1/namespaces/{ns}/configmaps/a", patch.Append(']').ToString(), "application/json-patch+json");
        Assert.Null((await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token)).At("x"));
    }

    [Fact]
    public async Task Patch_ThatGrowsAnObjectBitByBit_IsRefusedInTheEnd()
    {
        JsonObject definition = ServerFixture.Definition("growing");
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = JsonNode.Parse("""{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}""");
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, ServerFixture.Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(
            ServerFixture.Custom("growing"), ns, new JsonObject { ["apiVersion"] = "test.example.com/v1", ["kind"] = "Kindgrowing", ["metadata"] = new JsonObject { ["name"] = "a" } }, ServerFixture.Token);
        JsonObject Part(int i) => new() { ["spec"] = new JsonObject { [$"part{i}"] = new string('x', 2_500_000) } };
        for (int i = 0; i < 3; i++)
        {
            await fixture.Admin.PatchAsync(ServerFixture.Custom("growing"), ns, "a", PatchKind.Merge, Part(i), ServerFixture.Token);
        }

        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.PatchAsync(ServerFixture.Custom("growing"), ns, "a", PatchKind.Merge, Part(3), ServerFixture.Token));

        Assert.Equal(413, refusal.Code);
        Assert.Null((await fixture.Admin.GetAsync(ServerFixture.Custom("growing"), ns, "a", ServerFixture.Token)).At("spec", "part3"));
    }

    [Fact]
    public async Task Create_ManagedFieldsWithAKeyThatStandsTwice_AreLeftOut()
    {
        string ns = await fixture.NamespaceAsync();
        using var raw = new RawHttp(fixture.Server);

        await Answers(
            HttpStatusCode.Created, raw, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps",
            """{"metadata":{"name":"a","managedFields":[{"manager":"x","operation":"Update","apiVersion":"v1","time":"2020-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"k:{\"a\":1,\"a\":2}":{}}}}]}}""");
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private static async Task Answers(HttpStatusCode code, RawHttp raw, HttpMethod method, string path, string? body = null, string type = "application/json", string accept = "application/json")
    {
        using HttpResponseMessage answer = await raw.SendAsync(method, path, body, type, ("Accept", accept));
        string said = await answer.Content.ReadAsStringAsync(ServerFixture.Token);
        Assert.True(code == answer.StatusCode, $"{method} {path} {accept}: {(int)answer.StatusCode} {said[..Math.Min(400, said.Length)]}");
    }
}
