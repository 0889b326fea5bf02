using System.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

public sealed class ListTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly ListQuery Mine = new() { FieldSelector = "metadata.name!=kube-root-ca.crt" };

    [Fact]
    public async Task List_InPages_ShowsOneSnapshot()
    {
        string ns = await fixture.NamespaceAsync();
        foreach (string name in new[] { "a", "b", "c", "d", "e" })
        {
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap(name), ServerFixture.Token);
        }

        // With it there are six.
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "kube-root-ca.crt", ServerFixture.Token) is not null, "the certificate comes", cancellationToken: ServerFixture.Token);

        string path = $"/api/v1/namespaces/{ns}/configmaps?limit=2";
        JsonElement first = await fixture.Admin.SendJsonAsync(HttpMethod.Get, path, null, ServerFixture.Token);
        string next = first.GetProperty("metadata").GetProperty("continue").GetString()!;
        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(4, first.GetProperty("metadata").GetProperty("remainingItemCount").GetInt64());

        // What happens between two pages is not seen on the second.
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "c", null, ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("cc"), ServerFixture.Token);
        JsonElement second = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"{path}&continue={next}", null, ServerFixture.Token);

        Assert.Equal(["c", "d"], Names(second));
        Assert.Equal(first.GetProperty("metadata").GetProperty("resourceVersion").GetString(), second.GetProperty("metadata").GetProperty("resourceVersion").GetString());
    }

    [Fact]
    public async Task List_ExactRevision_ShowsThePast()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "1"), ServerFixture.Token);
        KubeList then = await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, Mine, ServerFixture.Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "2"), ServerFixture.Token);

        KubeList past = await fixture.Admin.ListAsync(
            ServerFixture.ConfigMaps, ns, Mine with { ResourceVersion = then.ResourceVersion, ResourceVersionMatch = "Exact" }, ServerFixture.Token);

        Assert.Equal("1", Assert.Single(past.Items).TextAt("data", "k"));
    }

    [Fact]
    public async Task List_SelectorsByLabelAndName_ChooseObjects()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "v", ("tier", "gold")), ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("b", "v", ("tier", "tin")), ServerFixture.Token);

        KubeList gold = await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, new ListQuery { LabelSelector = "tier=gold" }, ServerFixture.Token);
        KubeList named = await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, new ListQuery { FieldSelector = "metadata.name=b" }, ServerFixture.Token);

        Assert.Equal(["a"], gold.Items.Select(i => i.Name));
        Assert.Equal(["b"], named.Items.Select(i => i.Name));
    }

    [Fact]
    public async Task List_ItemsOfBuiltinKinds_CarryNoKind()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);

        JsonElement list = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps", null, ServerFixture.Token);

        Assert.Equal("ConfigMapList", list.GetProperty("kind").GetString());
        Assert.False(list.GetProperty("items")[0].TryGetProperty("kind", out _));
    }

    /// <summary>Clients of etcd write such tokens themselves: the slash in front may be left out, and nothing leads out of the list.</summary>
    [Theory]
    [InlineData("/a\0", "b")]
    [InlineData("a\0", "b")]
    [InlineData("/../a\0", null)]
    [InlineData("/a//b\0", null)]
    public async Task List_ContinueTokenByHand_GoesOnBehindItsKeyOrIsRefused(string start, string? next)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);
        KubeObject last = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("b"), ServerFixture.Token);
        string json = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = long.Parse(last.ResourceVersion, CultureInfo.InvariantCulture), ["start"] = start }.ToJsonString();
        string token = Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Task<JsonElement> ListAsync() => fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?limit=1&continue={token}", null, ServerFixture.Token);

        if (next is null)
        {
            StatusException fault = await Assert.ThrowsAsync<StatusException>(ListAsync);
            Assert.Equal((400, $"invalid continue token: continue key is not valid: {start}"), (fault.Code, fault.Message));
        }
        else
        {
            Assert.Equal(next, (await ListAsync()).GetProperty("items")[0].GetProperty("metadata").GetProperty("name").GetString());
        }
    }

    [Fact]
    public async Task List_ContinueTokenOfNobody_AnswersBadRequest()
    {
        StatusException fault = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.SendJsonAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps?continue=garbage", null, ServerFixture.Token));

        Assert.Equal(400, fault.Code);
    }

    private static IEnumerable<string?> Names(JsonElement list) =>
        list.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("metadata").GetProperty("name").GetString());

    /// <summary>Events of the newer group name no source: who reports them counts as it. What they call otherwise is found by either name.</summary>
    [Fact]
    public async Task List_OfEventsByWhoReports_FindsThoseOfEitherGroupInTheWordsOfEach()
    {
        string ns = await fixture.NamespaceAsync();
        var events = new GroupVersionResource("", "v1", "events");
        await fixture.Admin.CreateAsync(
            events, ns, JsonNode.Parse("""{"metadata":{"name":"old"},"involvedObject":{"namespace":"NS"},"source":{"component":"it"},"reportingComponent":"other"}""".Replace("NS", ns, StringComparison.Ordinal))!.AsObject(),
            ServerFixture.Token);
        var newEvents = new GroupVersionResource("events.k8s.io", "v1", "events");
        await fixture.Admin.CreateAsync(
            newEvents, ns,
            JsonNode.Parse("""
                {"metadata":{"name":"new"},"eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"it","reportingInstance":"it-1","action":"Do","reason":"Done","type":"Normal",
                 "regarding":{"namespace":"NS"}}
                """.Replace("NS", ns, StringComparison.Ordinal))!.AsObject(),
            ServerFixture.Token);

        Assert.Equal(["new", "old"], await FoundAsync(events, "source=it"));
        Assert.Equal(["new"], await FoundAsync(newEvents, "reportingController=it"));
        Assert.Equal(["old"], await FoundAsync(newEvents, $"reportingController!=it,regarding.namespace={ns}"));

        async Task<IEnumerable<string>> FoundAsync(GroupVersionResource kind, string selector) =>
            (await fixture.Admin.ListAsync(kind, ns, new ListQuery { FieldSelector = selector }, ServerFixture.Token)).Items.Select(i => i.Name).Order(StringComparer.Ordinal);
    }
}
