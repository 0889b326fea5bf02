using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;

namespace Orrery.Server.Tests.Handlers;

public sealed class PathIndexTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Get_OfRootAndOfAVirtualCluster_ListsWhatEachServes()
    {
        ClusterName name = await fixture.ClusterAsync("indexed");
        using KubeClient cluster = fixture.Server.AdminOf(name);
        await cluster.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("indexed"), ServerFixture.Token);
        using RawHttp root = new(fixture.Server), ofCluster = new(fixture.Server, name);

        string[] ofRoot = await PathsAsync(root), own = await PathsAsync(ofCluster);

        Assert.Equal(ofRoot.Order(StringComparer.Ordinal), ofRoot);
        Assert.Superset(
            new HashSet<string> { "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/healthz/ping", "/livez", "/readyz", "/readyz/etcd", "/metrics", "/openapi/v2", "/openapi/v3", "/version" },
            ofRoot.ToHashSet());
        Assert.DoesNotContain("/apis/test.example.com", ofRoot);
        Assert.Contains("/apis/test.example.com/v1", own);

        // Each leads somewhere.
        foreach (string path in own)
        {
            using HttpResponseMessage answer = await ofCluster.SendAsync(HttpMethod.Get, path);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Get_WhateverIsAccepted_IsIndentedJson()
    {
        using var http = new RawHttp(fixture.Server);
        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, "/", headers: ("Accept", "text/html"));

        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("{\n  \"paths\": [\n    \"/", await answer.Content.ReadAsStringAsync(ServerFixture.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ByWhomNoRoleLets_IsForbiddenAndOtherPathsAreNotThere()
    {
        using var http = new RawHttp(fixture.Server);
        string token = fixture.Server.Token("ann", [UserGroups.Authenticated], ClusterName.Root);
        using HttpResponseMessage refused = await http.SendAsync(HttpMethod.Get, "/", headers: ("Authorization", "Bearer " + token));
        using HttpResponseMessage unknown = await http.SendAsync(HttpMethod.Get, "/nowhere");

        Assert.Equal(403, (int)refused.StatusCode);
        Assert.Equal((404, "404 page not found\n"), ((int)unknown.StatusCode, await unknown.Content.ReadAsStringAsync(ServerFixture.Token)));
    }

    private static async Task<string[]> PathsAsync(RawHttp http)
    {
        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, "/");
        return [.. ((JsonArray)(await RawHttp.JsonAsync(answer))["paths"]!).Select(p => (string)p!)];
    }
}
