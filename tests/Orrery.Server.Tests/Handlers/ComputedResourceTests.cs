using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Resources that are asked and kept nowhere: <c>bindings</c> and <c>componentstatuses</c>.</summary>
public sealed class ComputedResourceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Nodes = new("", "v1", "nodes");

    /// <summary>A pod's place is given by a plugin for its own subresource, which the older way is none of.</summary>
    [Theory]
    [InlineData("pods/p/binding", "topology.kubernetes.io/zone=z1")]
    [InlineData("bindings", "")]
    public async Task Binding_EitherWay_GivesThePodItsNode(string path, string labels)
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject node = ServerFixture.Named("n-" + ns);
        node.Metadata["labels"] = new JsonObject { ["topology.kubernetes.io/zone"] = "z1", ["other"] = "x" };
        await fixture.Admin.CreateAsync(Nodes, "", node, ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), ServerFixture.Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{ns}/{path}", $$$"""{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n-{{{ns}}}"}}""");
        KubeObject pod = await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", ServerFixture.Token);

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal("n-" + ns, pod.TextAt("spec", "nodeName"));
        Assert.Equal(labels, string.Join(',', pod.Labels.Select(l => $"{l.Key}={l.Value}")));
    }

    [Fact]
    public async Task Scale_IsPrintedByItsOwnColumns()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Deployments, ns, (JsonObject)JsonNode.Parse(
            """{"metadata":{"name":"d"},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""")!, ServerFixture.Token);
        using var http = new RawHttp(fixture.Server);

        JsonObject table = await RawHttp.JsonAsync(await http.SendAsync(HttpMethod.Get, $"/apis/apps/v1/namespaces/{ns}/deployments/d/scale", headers: ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")));

        Assert.Equal(["Name", "Desired", "Available", "Age"], table["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]));
        Assert.Equal(["\"d\"", "3", "0"], table["rows"]![0]!["cells"]!.AsArray().Take(3).Select(c => c!.ToJsonString()));
    }

    [Fact]
    public async Task ComponentStatuses_AreListedGotAndPrinted()
    {
        using var http = new RawHttp(fixture.Server);

        JsonObject list = await RawHttp.JsonAsync(await http.SendAsync(HttpMethod.Get, "/api/v1/componentstatuses"));
        JsonObject one = await RawHttp.JsonAsync(await http.SendAsync(HttpMethod.Get, "/api/v1/componentstatuses/etcd-0"));
        JsonObject table = await RawHttp.JsonAsync(await http.SendAsync(HttpMethod.Get, "/api/v1/componentstatuses", headers: ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")));
        using HttpResponseMessage none = await http.SendAsync(HttpMethod.Get, "/api/v1/componentstatuses/scheduler");

        Assert.Equal(["controller-manager", "etcd-0"], list["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]));
        Assert.Equal("""[{"type":"Healthy","status":"True","message":"ok"}]""", one["conditions"]!.ToJsonString());
        Assert.Equal("""["etcd-0","Healthy","ok",""]""", table["rows"]![1]!["cells"]!.ToJsonString());
        Assert.Equal(404, (int)none.StatusCode);
    }
}
