using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

/// <summary>What few clients ask, answered as upstream does.</summary>
public sealed class OddRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData("/api/v1/namespaces/default", true)]
    [InlineData("/api/v1/namespaces/default/status", true)]
    [InlineData("/api/v1/namespaces/default/namespaces/default", false)]
    [InlineData("/api/v1/namespaces/default/namespaces/default/status", false)]
    [InlineData("/api/v1/namespaces/default/namespaces", false)]
    public async Task Get_OfANamespaceBelowItself_IsNotFound(string path, bool isFound)
    {
        Task<JsonElement> AskAsync() => fixture.Admin.SendJsonAsync(HttpMethod.Get, path, null, ServerFixture.Token);

        if (isFound)
        {
            Assert.Equal("default", (await AskAsync()).GetProperty("metadata").GetProperty("name").GetString());
        }
        else
        {
            Assert.Equal(404, (await Assert.ThrowsAsync<StatusException>(AskAsync)).Code);
        }
    }

    /// <summary>Upstream reads Events from its store itself, which says no time to wait.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces/default/configmaps", 1)]
    [InlineData("/api/v1/namespaces/default/events", 0)]
    [InlineData("/apis/events.k8s.io/v1/namespaces/default/events", 0)]
    public async Task List_OfARevisionThatHasNotCome_SaysWhenToAskAgain(string path, int seconds)
    {
        StatusException late = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.SendJsonAsync(HttpMethod.Get, path + "?resourceVersion=900000000&resourceVersionMatch=NotOlderThan", null, ServerFixture.Token));

        Assert.Equal((504, seconds), (late.Code, late.Status.Details?.RetryAfterSeconds));
    }

    /// <summary>A manifest that names a key and nothing for it: upstream stores no bytes, and shows none.</summary>
    [Theory]
    [InlineData("secrets", "data", "")]
    [InlineData("configmaps", "binaryData", "")]
    [InlineData("configmaps", "data", "")]
    [InlineData("secrets", "data", "?dryRun=All")]
    public async Task Create_OfDataWithoutAValue_KeepsAnEmptyOne(string resource, string member, string query)
    {
        string ns = await fixture.NamespaceAsync();
        var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a" }, [member] = new JsonObject { ["k"] = null, ["l"] = "QQ==" } };

        JsonElement made = await fixture.Admin.SendJsonAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/{resource}{query}", body, ServerFixture.Token);

        Assert.Equal("""{"k":"","l":"QQ=="}""", made.GetProperty(member).GetRawText());
        if (query.Length == 0)
        {
            JsonElement read = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/{resource}/a", null, ServerFixture.Token);
            Assert.Equal(made.GetProperty(member).GetRawText(), read.GetProperty(member).GetRawText());
        }
    }

    [Fact]
    public async Task Metrics_AfterADeprecatedApiWasAsked_NamesIt()
    {
        await using var server = await Testing.TestServer.StartAsync(cancellationToken: ServerFixture.Token);
        const string Endpoints = """apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1""";
        string before = await server.Admin.GetTextAsync("/metrics", ServerFixture.Token);

        await server.Admin.SendJsonAsync(HttpMethod.Get, "/api/v1/namespaces/default/endpoints", null, ServerFixture.Token);
        await server.Admin.SendJsonAsync(HttpMethod.Get, "/api/v1/namespaces/default/services", null, ServerFixture.Token);
        string after = await server.Admin.GetTextAsync("/metrics", ServerFixture.Token);

        Assert.DoesNotContain(Endpoints, before, StringComparison.Ordinal);
        Assert.Contains(Endpoints, after, StringComparison.Ordinal);
        Assert.DoesNotContain("apiserver_requested_deprecated_apis{group=\"\",removed_release=\"\",resource=\"services\"", after, StringComparison.Ordinal);
    }
}
