using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

public sealed class CustomResourceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Define_ThenCreate_ServesDefaultsAndValidatesAtOnce()
    {
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("gears"), ServerFixture.Token);
        string ns = await fixture.NamespaceAsync();

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.Custom("gears"), ns, Gear("a", new JsonObject { ["unknown"] = 1 }), ServerFixture.Token);
        StatusException fault = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.CreateAsync(ServerFixture.Custom("gears"), ns, Gear("b", new JsonObject { ["size"] = 0 }), ServerFixture.Token));

        Assert.Equal(3, made.NumberAt("spec", "size"));
        Assert.Null(made.At("spec", "unknown"));
        Assert.Equal(1, made.Generation);
        Assert.Equal("spec.size", Assert.Single(fault.Status.Details!.Causes).Field);
    }

    [Fact]
    public async Task Status_Update_ChangesStatusOnly()
    {
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("cogs"), ServerFixture.Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Custom("cogs"), ns, Gear("a", new JsonObject { ["size"] = 1 }, "cogs"), ServerFixture.Token);

        var patch = new JsonObject { ["spec"] = new JsonObject { ["size"] = 9 }, ["status"] = new JsonObject { ["phase"] = "Fine" } };
        KubeObject after = await fixture.Admin.PatchAsync(ServerFixture.Custom("cogs"), ns, "a", PatchKind.Merge, patch, ServerFixture.Token, "status");

        Assert.Equal(1, after.NumberAt("spec", "size"));
        Assert.Equal("Fine", after.TextAt("status", "phase"));
        Assert.Equal(1, after.Generation);
    }

    [Fact]
    public async Task Delete_Definition_TakesItsObjectsAlong()
    {
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("springs"), ServerFixture.Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Custom("springs"), ns, Gear("a", [], "springs"), ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Definitions, "", "springs.test.example.com", null, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(ServerFixture.Definitions, "", "springs.test.example.com", ServerFixture.Token) is null,
            "the definition goes", cancellationToken: ServerFixture.Token);

        // Defined again, it begins empty.
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("springs"), ServerFixture.Token);
        Assert.Empty((await fixture.Admin.ListAsync(ServerFixture.Custom("springs"), ns, null, ServerFixture.Token)).Items);
    }

    [Fact]
    public async Task Define_InOneCluster_IsNotServedInAnother()
    {
        ClusterName cluster = await fixture.ClusterAsync("crds");
        using KubeClient tenant = fixture.Server.AdminOf(cluster);
        await tenant.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("wheels"), ServerFixture.Token);

        Assert.Empty((await tenant.ListAsync(ServerFixture.Custom("wheels"), "default", null, ServerFixture.Token)).Items);
        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.ListAsync(ServerFixture.Custom("wheels"), "default", null, ServerFixture.Token));

        Assert.Equal(404, fault.Code);
    }

    private static JsonObject Gear(string name, JsonObject spec, string plural = "gears") => new()
    {
        ["apiVersion"] = "test.example.com/v1",
        ["kind"] = "Kind" + plural,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec,
    };
}
