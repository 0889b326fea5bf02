using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

public sealed class CrudTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Create_ThenGet_AnswersTheSameObject()
    {
        await using TestServer server = await TestServer.StartAsync();
        var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "a" }, ["data"] = new JsonObject { ["x"] = "1" } };

        KubeObject made = await server.Admin.CreateAsync(ConfigMaps, "default", json, TestContext.Current.CancellationToken);
        KubeObject read = await server.Admin.GetAsync(ConfigMaps, "default", "a", TestContext.Current.CancellationToken);

        Assert.Equal(made.Json.GetRawText(), read.Json.GetRawText());
        Assert.Equal("1", read.TextAt("data", "x"));
        Assert.NotEmpty(read.Uid);
        Assert.NotEmpty(read.ResourceVersion);
    }

    [Fact]
    public async Task Delete_WhatIsThere_AnswersNotFoundAfterwards()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.Admin.CreateAsync(ConfigMaps, "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a" } }, TestContext.Current.CancellationToken);

        await server.Admin.DeleteAsync(ConfigMaps, "default", "a", null, TestContext.Current.CancellationToken);

        Assert.Null(await server.Admin.FindAsync(ConfigMaps, "default", "a", TestContext.Current.CancellationToken));
    }
}
