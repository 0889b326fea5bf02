using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Methods that no verb stands for, or that share one.</summary>
public sealed class MethodTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    /// <summary>Upstream's routes of built-in kinds know GET and not HEAD.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces")]
    [InlineData("/api/v1/namespaces?watch=true")]
    [InlineData("/api/v1/namespaces/default")]
    [InlineData("/api/v1/namespaces/default/status")]
    [InlineData("/api/v1/namespaces/default/configmaps")]
    [InlineData("/api/v1/namespaces/default/configmaps/absent")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps")]
    [InlineData("/api/v1/namespaces/default/pods/absent/log")]
    [InlineData("/api/v1/namespaces/default/pods/absent/exec")]
    [InlineData("/apis/apps/v1/namespaces/default/deployments/absent/scale")]
    [InlineData("/api/v1/componentstatuses")]
    [InlineData("/api")]
    [InlineData("/api/v1")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/version")]
    [InlineData("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")]
    public async Task Head_OfABuiltInKind_Is405(string path)
    {
        using var raw = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await raw.SendAsync(HttpMethod.Head, path);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Token));
    }

    [Theory]
    [InlineData("OPTIONS", "/api/v1/namespaces/default")]
    [InlineData("OPTIONS", "/api/v1/namespaces/default/configmaps")]
    [InlineData("PURGE", "/api/v1/namespaces/default/configmaps/absent")]
    [InlineData("OPTIONS", "/api/v1/namespaces/default/pods/absent/log")]
    [InlineData("PUT", "/api/v1/namespaces/default/pods/absent/exec")]
    [InlineData("PURGE", "/api/v1/namespaces/default/services/absent/proxy")]
    [InlineData("POST", "/apis/apps/v1")]
    [InlineData("OPTIONS", "/version")]
    [InlineData("POST", "/api/v1/watch/namespaces/default/configmaps")]
    [InlineData("PATCH", "/api/v1/watch/namespaces/default/configmaps/absent")]
    [InlineData("DELETE", "/apis/apps/v1/watch/deployments")]
    public async Task Other_OfABuiltInKind_Is405(string method, string path)
    {
        using var raw = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await raw.SendAsync(new HttpMethod(method), path);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal("the server does not allow this method on the requested resource", (await RawHttp.JsonAsync(answer)).TextAt("message"));
    }

    [Theory]
    [InlineData("HEAD", "/api/v1/namespaces/default/pods/absent/nosuch", 404)]
    [InlineData("HEAD", "/api/v1/namespaces/default/services/absent/proxy", 404)]
    [InlineData("OPTIONS", "/api/v1/namespaces/default/services/absent/proxy", 404)]
    [InlineData("POST", "/api/v1/namespaces/default/pods/absent/exec", 404)]
    [InlineData("HEAD", "/api/v1/bindings", 404)]
    [InlineData("HEAD", "/api/v1/namespaces/default/bindings", 405)]
    [InlineData("HEAD", "/nosuch", 404)]
    [InlineData("HEAD", "/apis", 200)]
    [InlineData("OPTIONS", "/apis/apps", 200)]
    [InlineData("POST", "/apis/nosuch", 404)]
    [InlineData("DELETE", "/api/v2", 404)]
    [InlineData("POST", "/apis/apps/v9", 404)]
    [InlineData("POST", "/version/x", 404)]
    [InlineData("OPTIONS", "/api/v1/namespaces/default/namespaces", 404)]
    [InlineData("POST", "/api/v1/namespaces/default/namespaces", 404)]
    [InlineData("PUT", "/api/v1/namespaces/default/namespaces/other", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/pods/absent/exec?dryRun=All", 400)]
    [InlineData("DELETE", "/api/v1/namespaces/default/services/absent/proxy?dryRun=All", 400)]
    [InlineData("GET", "/api/v1/namespaces/default/status/more", 404)]
    [InlineData("PATCH", "/api/v1/namespaces/default/status/more", 404)]
    [InlineData("PUT", "/api/v1/namespaces/default/finalize/more", 404)]
    [InlineData("POST", "/api/v1/namespaces/default/serviceaccounts/default/token/more", 404)]
    [InlineData("GET", "/api/v1/watch/namespaces/default/configmaps/absent/status", 404)]
    [InlineData("HEAD", "/healthz", 200)]
    [InlineData("OPTIONS", "/openapi/v2", 200)]
    public async Task Any_OfAnotherPath_IsAnsweredAsUpstreamDoes(string method, string path, int code)
    {
        using var raw = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await raw.SendAsync(new HttpMethod(method), path);

        Assert.Equal(code, (int)answer.StatusCode);
    }

    /// <summary>Upstream's router answers there, not what stands behind it.</summary>
    [Theory]
    [InlineData("/api/v2")]
    [InlineData("/version/x")]
    [InlineData("/apis/apps/v9")]
    public async Task Get_BelowAPathWithARoute_IsAStatus(string path)
    {
        using var raw = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await raw.SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("the server could not find the requested resource", (await RawHttp.JsonAsync(answer)).TextAt("message"));
    }

    /// <summary>Their handler goes by the verb, which is that of a GET.</summary>
    [Fact]
    public async Task Head_OfACustomKind_IsAGetWithoutItsBody()
    {
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("headed"), Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => (await fixture.Admin.ListAsync(ServerFixture.Custom("headed"), "", null, Token)).Items.Count == 0, "it is served");
        await fixture.Admin.CreateAsync(ServerFixture.Custom("headed"), "default", new JsonObject { ["apiVersion"] = "test.example.com/v1", ["kind"] = "Kindheaded", ["metadata"] = new JsonObject { ["name"] = "one" } }, Token);
        using var raw = new RawHttp(fixture.Server);

        foreach ((string path, HttpStatusCode code) in ((string, HttpStatusCode)[])
            [("", HttpStatusCode.OK), ("/one", HttpStatusCode.OK), ("/one/status", HttpStatusCode.OK), ("/two", HttpStatusCode.NotFound)])
        {
            using HttpResponseMessage answer = await raw.SendAsync(HttpMethod.Head, "/apis/test.example.com/v1/namespaces/default/headed" + path);
            Assert.Equal((path, code), (path, answer.StatusCode));
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Token));
        }

        using HttpResponseMessage other = await raw.SendAsync(HttpMethod.Options, "/apis/test.example.com/v1/namespaces/default/headed/one");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, " is not supported on resources of kind \"headed.test.example.com\""), (other.StatusCode, (await RawHttp.JsonAsync(other)).TextAt("message")));
    }
}
