using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>Definitions in groups that every server has.</summary>
public sealed class BuiltinGroupTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Group = "rbac.authorization.k8s.io";
    private static readonly GroupVersionResource Roles = new(Group, "v1", "roles");
    private static readonly GroupVersionResource Widgets = new(Group, "v9", "widgets");

    /// <summary>Its objects would be Roles that nobody has judged, and its deletion that of all Roles.</summary>
    [Fact]
    public async Task Create_OfWhatEveryServerHas_IsNeverServedAndTouchesNothing()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Roles, ns, Role("mine"), ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", Definition("roles", "Role", "v9"), ServerFixture.Token);
        KubeObject waiting = await fixture.Admin.GetAsync(ServerFixture.Definitions, "", "roles." + Group, ServerFixture.Token);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Roles with { Version = "v9" }, ns, Object("v9", "Role"), ServerFixture.Token));
        await fixture.Admin.DeleteAsync(ServerFixture.Definitions, "", "roles." + Group, null, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(ServerFixture.Definitions, "", "roles." + Group, ServerFixture.Token) is null, "the definition is gone", cancellationToken: ServerFixture.Token);

        Assert.Equal(404, refused.Code);
        Assert.Equal(("False", "PluralConflict", "\"roles\" is already in use"), Condition(waiting, "NamesAccepted"));
        Assert.Equal("False", Condition(waiting, "Established").Status);
        Assert.Equal("mine", Assert.Single((await fixture.Admin.ListAsync(Roles, ns, null, ServerFixture.Token)).Items).Name);
    }

    [Fact]
    public async Task Create_InAGroupOfEveryServer_IsServedInItsOwnVersionsAlone()
    {
        await using TestServer server = await TestServer.StartAsync(null, ServerFixture.Token);
        await server.Admin.CreateAsync(ServerFixture.Definitions, "", Definition("widgets", "Widget", "v1", "v9"), ServerFixture.Token);

        await server.Admin.CreateAsync(Widgets, "default", Object("v9", "Widget"), ServerFixture.Token);
        StatusException refused = await Assert.ThrowsAsync<StatusException>(
            () => server.Admin.CreateAsync(Widgets with { Version = "v1" }, "default", Object("v1", "Widget"), ServerFixture.Token));
        JsonElement groups = await ReadAsync("/apis"), group = await ReadAsync("/apis/" + Group), first = await ReadAsync($"/apis/{Group}/v1"), last = await ReadAsync($"/apis/{Group}/v9");
        KubeObject service = await server.Admin.GetAsync(new GroupVersionResource("apiregistration.k8s.io", "v1", "apiservices"), "", "v9." + Group, ServerFixture.Token);
        JsonElement swagger = await ReadAsync("/openapi/v2"), index = await ReadAsync("/openapi/v3");

        Assert.Equal(404, refused.Code);
        JsonElement listed = Assert.Single(groups.GetProperty("groups").EnumerateArray(), g => g.GetProperty("name").GetString() == Group);
        Assert.Equal(["v9", "v1"], Versions(listed));
        Assert.Equal(["v9", "v1"], Versions(group));
        Assert.Equal("v9", group.GetProperty("preferredVersion").GetProperty("version").GetString());
        Assert.Equal((1000, 100), (service.NumberAt("spec", "groupPriorityMinimum"), service.NumberAt("spec", "versionPriority")));
        Assert.DoesNotContain("widgets", Names(first));
        Assert.Contains("roles", Names(first));
        Assert.Equal(["widgets"], Names(last));
        Assert.True(swagger.GetProperty("paths").TryGetProperty($"/apis/{Group}/v9/namespaces/{{namespace}}/widgets/{{name}}", out _));
        Assert.True(swagger.GetProperty("paths").TryGetProperty($"/apis/{Group}/v1/namespaces/{{namespace}}/roles/{{name}}", out _));
        Assert.True(index.GetProperty("paths").TryGetProperty($"apis/{Group}/v9", out _));
        Assert.True(index.GetProperty("paths").TryGetProperty($"apis/{Group}/v1", out _));

        async Task<JsonElement> ReadAsync(string path) => JsonDocument.Parse(await server.Admin.GetTextAsync(path, ServerFixture.Token)).RootElement;
        static IEnumerable<string?> Versions(JsonElement group) => group.GetProperty("versions").EnumerateArray().Select(v => v.GetProperty("version").GetString());
        static IEnumerable<string?> Names(JsonElement version) => version.GetProperty("resources").EnumerateArray().Select(r => r.GetProperty("name").GetString());
    }

    private static (string? Status, string? Reason, string? Message) Condition(KubeObject definition, string type)
    {
        JsonElement found = definition.At("status", "conditions")!.Value.EnumerateArray().First(c => c.GetProperty("type").GetString() == type);
        return (found.GetProperty("status").GetString(), found.GetProperty("reason").GetString(), found.GetProperty("message").GetString());
    }

    private static JsonObject Definition(string plural, string kind, params string[] versions) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = $"{plural}.{Group}", ["annotations"] = new JsonObject { ["api-approved.kubernetes.io"] = "unapproved, a test" } },
        ["spec"] = new JsonObject
        {
            ["group"] = Group,
            ["scope"] = "Namespaced",
            ["names"] = new JsonObject { ["plural"] = plural, ["kind"] = kind },
            ["versions"] = new JsonArray([.. versions.Select(v => (JsonNode)new JsonObject
            {
                ["name"] = v,
                ["served"] = true,
                ["storage"] = v == versions[^1],
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true } },
            })]),
        },
    };

    private static JsonObject Object(string version, string kind) => new() { ["apiVersion"] = $"{Group}/{version}", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = "unjudged" }, ["rules"] = "anything" };

    private static JsonObject Role(string name) => JsonNode.Parse($$"""{"metadata":{"name":"{{name}}"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""")!.AsObject();
}
