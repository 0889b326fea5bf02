using System.Text.Json.Nodes;

namespace Orrery.Server.Tests.Handlers;

/// <summary>An owner that is named twice.</summary>
public sealed class OwnerReferenceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task CreateAndUpdate_TheSameOwnerTwice_KeepItOnceAndSaySo()
    {
        string path = $"/api/v1/namespaces/{await fixture.NamespaceAsync()}/configmaps";
        using var http = new RawHttp(fixture.Server);
        JsonObject owner = await OwnerAsync(http, path, "owner");
        JsonObject other = await OwnerAsync(http, path, "other");

        using HttpResponseMessage created = await http.SendAsync(HttpMethod.Post, path, Body(owner, owner));
        using HttpResponseMessage updated = await http.SendAsync(HttpMethod.Put, path + "/dependent", Body(owner, other, owner));

        Assert.Equal(201, (int)created.StatusCode);
        Assert.Equal(["owner"], await OwnersAsync(created));
        Assert.Contains("ownerReferences contains duplicate entries;", Warning(created), StringComparison.Ordinal);
        Assert.EndsWith($"duplicate UID(s) observed: {owner["uid"]}\"", Warning(created), StringComparison.Ordinal);
        Assert.Equal(200, (int)updated.StatusCode);
        Assert.Equal(["owner", "other"], await OwnersAsync(updated));
        Assert.Contains("ownerReferences contains duplicate entries;", Warning(updated), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_AddsAnOwnerThatIsThere_KeepsItOnceAndSaysSo()
    {
        string path = $"/api/v1/namespaces/{await fixture.NamespaceAsync()}/configmaps";
        using var http = new RawHttp(fixture.Server);
        JsonObject owner = await OwnerAsync(http, path, "owner");
        using HttpResponseMessage created = await http.SendAsync(HttpMethod.Post, path, Body(owner));

        string patch = $$"""[{"op":"add","path":"/metadata/ownerReferences/-","value":{{owner.ToJsonString()}}}]""";
        using HttpResponseMessage patched = await http.SendAsync(HttpMethod.Patch, path + "/dependent", patch, "application/json-patch+json");

        Assert.False(created.Headers.Contains("Warning"));
        Assert.Equal(200, (int)patched.StatusCode);
        Assert.Equal(["owner"], await OwnersAsync(patched));
        Assert.Contains("ownerReferences contains duplicate entries after mutating admission happens;", Warning(patched), StringComparison.Ordinal);
    }

    /// <summary>A reference to what is there: others would be collected.</summary>
    private static async Task<JsonObject> OwnerAsync(RawHttp http, string path, string name)
    {
        using HttpResponseMessage made = await http.SendAsync(HttpMethod.Post, path, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["name"] = name, ["uid"] = (string?)(await RawHttp.JsonAsync(made))["metadata"]!["uid"], ["controller"] = name == "owner" };
    }

    private static string Body(params JsonObject[] owners) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dependent","ownerReferences":[{{{string.Join(',', owners.Select(o => o.ToJsonString()))}}}]}}""";

    private static async Task<IEnumerable<string?>> OwnersAsync(HttpResponseMessage answer) =>
        ((JsonArray)(await RawHttp.JsonAsync(answer))["metadata"]!["ownerReferences"]!).Select(o => (string?)o!["name"]);

    private static string Warning(HttpResponseMessage answer) => Assert.Single(answer.Headers.GetValues("Warning"));
}
