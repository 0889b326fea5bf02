using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>Requests with several things wrong at once, and what an apiextensions-apiserver 1.36 answered: which of them is told, and how.</summary>
public sealed class RefusalTests(RefusalTests.World world) : IClassFixture<RefusalTests.World>
{
    private const string Bodies = "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    private const string Patches = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    private const string Answers = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

    [Theory]
    [InlineData("PUT", "", "application/json", "*/*", 400, "name must be provided")]
    [InlineData("PATCH", "", "application/json", "*/*", 415, Patches)]
    [InlineData("PATCH", "", "application/merge-patch+json", "*/*", 400, "name must be provided")]
    [InlineData("OPTIONS", "", null, "*/*", 405, " is not supported on resources of kind \"bolts.test.example.com\"")]
    [InlineData("DELETE", "/a/status", null, "text/plain", 405, "delete is not supported on resources of kind \"bolts.test.example.com\"")]
    [InlineData("GET", "/a", null, "text/html", 406, Answers)]
    [InlineData("PATCH", "/a", "text/plain", "text/html", 415, Patches)]
    [InlineData("POST", "?fieldValidation=Never", "text/plain", "*/*", 415, Bodies)]
    [InlineData("POST", "", "application/json;foo", "*/*", 415, Bodies)]
    [InlineData("PATCH", "/a?dryRun=x&force=1", "application/merge-patch+json", "*/*", 422,
        "PatchOptions.meta.k8s.io \"\" is invalid: [force: Forbidden: may not be specified for non-apply patch, dryRun: Unsupported value: [\"x\"]: supported values: \"All\"]")]
    [InlineData("PATCH", "/a?dryRun=%F0%9F%99%82", "application/apply-patch+yaml", "*/*", 422,
        "PatchOptions.meta.k8s.io \"\" is invalid: [fieldManager: Required value: is required for apply patch, dryRun: Unsupported value: [\"🙂\"]: supported values: \"All\"]")]
    [InlineData("DELETE", "?dryRun=x&propagationPolicy=y", null, "*/*", 422,
        "DeleteOptions.meta.k8s.io \"\" is invalid: [propagationPolicy: Unsupported value: \"y\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\", dryRun: Unsupported value: [\"x\"]: supported values: \"All\"]")]
    [InlineData("DELETE", "?labelSelector=%3D&dryRun=x", null, "*/*", 400, "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("GET", "?labelSelector=%3D&sendInitialEvents=true", null, "*/*", 400, "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("GET", "?labelSelector=%3D&fieldSelector=nope%3Dx", null, "*/*", 400, "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("GET", "?resourceVersionMatch=x&resourceVersion=1&sendInitialEvents=true", null, "*/*", 422,
        "ListOptions.meta.k8s.io \"\" is invalid: [resourceVersionMatch: Unsupported value: \"x\": supported values: \"Exact\", \"NotOlderThan\", \"\", sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list]")]
    [InlineData("GET", "?fieldSelector=nope%3Dx", null, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", 400, "field label not supported: nope")]
    [InlineData("GET", "?continue=x", null, "*/*", 400, "invalid continue token: continue key is not valid: illegal base64 data at input byte 0")]
    [InlineData("GET", "?watch=1", null, "application/yaml", 406, "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch")]
    [InlineData("GET", "?fieldSelector=%3D", null, "*/*", 200, null)]
    public async Task Send_WithSeveralThingsWrong_TellsWhatUpstreamTells(string method, string path, string? contentType, string accept, int code, string? message)
    {
        using HttpResponseMessage answer = await world.Http.SendAsync(new HttpMethod(method), world.Path + path, contentType is null ? null : "{}", contentType, ("Accept", accept));

        Assert.Equal(code, (int)answer.StatusCode);
        if (message is not null)
        {
            string text = await answer.Content.ReadAsStringAsync(ServerFixture.Token);
            Assert.Equal(message, (text.StartsWith('{') ? JsonNode.Parse(text) : YamlJson.Parse(text))!["message"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("PUT", "/none", """{"apiVersion":"test.example.com/v1","kind":"Other","metadata":{"name":"none"}}""", 404, "bolts.test.example.com \"none\" not found")]
    [InlineData("PUT", "/a", """{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"b","namespace":"other"}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    [InlineData("POST", "", "null", 400, "the object provided is unrecognized (must be of type Kindbolts): Object 'Kind' is missing in 'null' (6e756c6c)")]
    [InlineData("POST", "/named", """{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"a"}}""", 409, "bolts.test.example.com \"a\" already exists")]
    [InlineData("POST", "", """{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"going"}}""", 409, "object is being deleted: bolts.test.example.com \"going\" already exists")]
    [InlineData("POST", "", """{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"a","generateName":"a-"}}""", 409,
        "bolts.test.example.com \"a\" already exists, the server was not able to generate a unique name for the object")]
    [InlineData("PUT", "/a", """{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"a","resourceVersion":"x"}}""", 500, "strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData("DELETE", "/none", "null", 404, "bolts.test.example.com \"none\" not found")]
    [InlineData("DELETE", "/a", """{"apiVersion":"v1","kind":"Pod"}""", 400, "no kind \"Pod\" is registered for version \"v1\" in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"")]
    public async Task Send_ABodyThatDoesNotFit_TellsWhatUpstreamTells(string method, string path, string body, int code, string message)
    {
        using HttpResponseMessage answer = await world.Http.SendAsync(new HttpMethod(method), world.Path + path, body);

        Assert.Equal((code, message), ((int)answer.StatusCode, (await RawHttp.JsonAsync(answer))["message"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Patch_ThatCannotBeRead_IsLookedAtWhenThereIsSomethingToPatch()
    {
        using HttpResponseMessage absent = await world.Http.SendAsync(HttpMethod.Patch, world.Path + "/none", "[1]", "application/json-patch+json");
        using HttpResponseMessage present = await world.Http.SendAsync(HttpMethod.Patch, world.Path + "/a", "[1]", "application/json-patch+json");

        Assert.Equal((404, 400), ((int)absent.StatusCode, (int)present.StatusCode));
    }

    public sealed class World : IAsyncLifetime
    {
        private TestServer? server;
        private RawHttp? http;

        internal RawHttp Http => http!;

        public string Path { get; } = "/apis/test.example.com/v1/namespaces/default/bolts";

        public async ValueTask InitializeAsync()
        {
            server = await TestServer.StartAsync(null, ServerFixture.Token);
            http = new RawHttp(server);
            await server.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("bolts"), ServerFixture.Token);
            await MakeAsync("a", []);
            await MakeAsync("going", new JsonArray("test.example.com/held"));
            await server.Admin.DeleteAsync(ServerFixture.Custom("bolts"), "default", "going", null, ServerFixture.Token);
        }

        public async ValueTask DisposeAsync()
        {
            http?.Dispose();
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        private Task<KubeObject> MakeAsync(string name, JsonArray finalizers) => server!.Admin.CreateAsync(
            ServerFixture.Custom("bolts"),
            "default",
            new JsonObject { ["apiVersion"] = "test.example.com/v1", ["kind"] = "Kindbolts", ["metadata"] = new JsonObject { ["name"] = name, ["finalizers"] = finalizers } },
            ServerFixture.Token);
    }
}
