using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Bodies of subresources that are kinds of their own: what they have that the kind does not know, and which object they mean.</summary>
public sealed class SubresourceBodyTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Merge = "application/merge-patch+json";

    private static CancellationToken Token => ServerFixture.Token;

    /// <summary>A client that asks for strictness is not to be served half of what it wrote.</summary>
    [Theory]
    [InlineData("PUT", "replicationcontrollers/r/scale", "application/json", """{"metadata":{"name":"r"},"spec":{"replicas":3,"foo":1}}""", 400, "Scale in version \"v1\" cannot be handled as a Scale: strict decoding error: unknown field \"spec.foo\"")]
    [InlineData("PUT", "replicationcontrollers/r/scale", "application/json", """{"metadata":{"name":"r"},"spec":{"replicas":3,"replicas":4}}""", 400, "Scale in version \"v1\" cannot be handled as a Scale: strict decoding error: duplicate field \"spec.replicas\"")]
    [InlineData("PATCH", "replicationcontrollers/r/scale", Merge, """{"spec":{"replicas":3,"replicas":4}}""", 422, null)]
    [InlineData("POST", "pods/p/eviction", "application/json", """{"metadata":{"name":"p"},"foo":1}""", 400, "Eviction in version \"v1\" cannot be handled as a Eviction: strict decoding error: unknown field \"foo\"")]
    [InlineData("POST", "pods/p/binding", "application/json", """{"metadata":{"name":"p"},"target":{"name":"n","foo":1}}""", 400, "Binding in version \"v1\" cannot be handled as a Binding: strict decoding error: unknown field \"target.foo\"")]
    [InlineData("POST", "bindings", "application/json", """{"metadata":{"name":"p"},"target":{"name":"n","foo":1}}""", 400, "Binding in version \"v1\" cannot be handled as a Binding: strict decoding error: unknown field \"target.foo\"")]
    public async Task Write_OfWhatIsUnknown_IsRefusedWhereStrictIsAskedFor(string method, string path, string type, string body, int code, string? message)
    {
        string ns = await WorldAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await SendAsync(http, method, $"/api/v1/namespaces/{ns}/{path}?fieldValidation=Strict", type, body);

        Assert.Equal(code, (int)answer.StatusCode);
        string? said = (string?)(await RawHttp.JsonAsync(answer))["message"];
        Assert.Equal(message ?? said, said);
        Assert.Equal(1, (await fixture.Admin.GetAsync(Controllers, ns, "r", Token)).NumberAt("spec", "replicas"));
        Assert.Null((await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", Token)).TextAt("spec", "nodeName"));
    }

    /// <summary>Otherwise it is told of, and passed over.</summary>
    [Fact]
    public async Task Put_OfAScaleWithWhatIsUnknown_Warns()
    {
        string ns = await WorldAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await SendAsync(
            http, "PUT", $"/api/v1/namespaces/{ns}/replicationcontrollers/r/scale", "application/json", """{"metadata":{"name":"r"},"spec":{"replicas":3,"foo":1}}""");

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("299 - \"unknown field \\\"spec.foo\\\"\"", Assert.Single(answer.Headers.GetValues("Warning")));
    }

    /// <summary>Who names a uid means that object alone, and not one made since under its name.</summary>
    [Theory]
    [InlineData("PUT", "application/json", "StorageError: invalid object, Code: 4, Key: /registry/")]
    [InlineData("PATCH", Merge, "Operation cannot be fulfilled on replicationcontrollers/scale \"r\": Precondition failed: UID in precondition: other, UID in object meta: ")]
    public async Task Write_OfTheScaleOfAnother_IsAConflict(string method, string type, string message)
    {
        string ns = await WorldAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await SendAsync(http, method, $"/api/v1/namespaces/{ns}/replicationcontrollers/r/scale", type, """{"metadata":{"name":"r","uid":"other"},"spec":{"replicas":3}}""");

        Assert.Equal(409, (int)answer.StatusCode);
        Assert.Contains(message, (string?)(await RawHttp.JsonAsync(answer))["message"], StringComparison.Ordinal);
        Assert.Equal(1, (await fixture.Admin.GetAsync(Controllers, ns, "r", Token)).NumberAt("spec", "replicas"));
    }

    private static GroupVersionResource Controllers => new("", "v1", "replicationcontrollers");

    private async Task<string> WorldAsync()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);
        await fixture.Admin.CreateAsync(
            Controllers, ns,
            JsonNode.Parse("""{"metadata":{"name":"r"},"spec":{"replicas":1,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""")!.AsObject(), Token);
        return ns;
    }

    private static Task<HttpResponseMessage> SendAsync(RawHttp http, string method, string path, string type, string body) => http.SendAsync(new HttpMethod(method), path, body, type);
}
