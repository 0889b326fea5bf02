using System.IO.Compression;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Tests.Handlers;

public sealed class AnswerTextTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Get_AcceptYaml_AnswersYamlAndRefusesItForAWatch()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "0644"), ServerFixture.Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage one = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps/a", headers: ("Accept", "application/yaml"));
        string text = await one.Content.ReadAsStringAsync(ServerFixture.Token);
        using HttpResponseMessage list = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps", headers: ("Accept", "application/yaml, application/json"));
        using HttpResponseMessage watch = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?watch=1", headers: ("Accept", "application/yaml"));

        Assert.Equal("application/yaml", one.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("apiVersion: v1\ndata:\n  k: \"0644\"\nkind: ConfigMap\nmetadata:\n", text, StringComparison.Ordinal);
        Assert.StartsWith("apiVersion: v1\nitems:\n- data:\n", await list.Content.ReadAsStringAsync(ServerFixture.Token), StringComparison.Ordinal);
        Assert.Equal(406, (int)watch.StatusCode);
    }

    [Theory]
    [InlineData("?pretty=true", "x/1", true)]
    [InlineData("", "curl/8.5", true)]
    [InlineData("?pretty=false", "curl/8.5", false)]
    [InlineData("", "kubectl/v1.32", false)]
    public async Task Get_ForPeople_IsIndented(string query, string agent, bool isIndented)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/default{query}", headers: ("User-Agent", agent));

        Assert.Equal(isIndented, (await answer.Content.ReadAsStringAsync(ServerFixture.Token)).StartsWith("{\n  \"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_LargeAndCompressible_ComesInGzip()
    {
        string ns = await fixture.NamespaceAsync();
        for (int i = 0; i < 3; i++)
        {
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap($"a{i}", new string('x', 60_000), ("large", "yes")), ServerFixture.Token);
        }

        using var http = new RawHttp(fixture.Server);
        string path = $"/api/v1/namespaces/{ns}/configmaps?labelSelector=large";
        using HttpResponseMessage packed = await http.SendAsync(HttpMethod.Get, path, headers: ("Accept-Encoding", "br, gzip"));
        using HttpResponseMessage plain = await http.SendAsync(HttpMethod.Get, path);
        using HttpResponseMessage small = await http.SendAsync(HttpMethod.Get, path + "&limit=1", headers: ("Accept-Encoding", "gzip"));
        await using var unpacked = new GZipStream(await packed.Content.ReadAsStreamAsync(ServerFixture.Token), CompressionMode.Decompress);
        var json = (JsonObject)(await JsonNode.ParseAsync(unpacked, cancellationToken: ServerFixture.Token))!;

        Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
        Assert.Equal(3, ((JsonArray)json["items"]!).Count);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Empty(small.Content.Headers.ContentEncoding);
    }
}
