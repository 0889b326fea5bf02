using System.Text;
using System.Text.Json;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Tests.Cache;

public sealed class CachedObjectTests
{
    private const string Key = "/apps/deployments/acme:shop/default/web";

    [Theory]
    [InlineData("""{"metadata":{"name":"web"}}""", """{"metadata":{"resourceVersion":"42","name":"web"}}""")]
    [InlineData("""{"metadata":{}}""", """{"metadata":{"resourceVersion":"42"}}""")]
    [InlineData("""{"metadata": { } ,"spec":1}""", """{"metadata": {"resourceVersion":"42" } ,"spec":1}""")]
    [InlineData("""{"a":{"metadata":{"x":1}},"metadata":{"name":"w"}}""", """{"a":{"metadata":{"x":1}},"metadata":{"resourceVersion":"42","name":"w"}}""")]
    [InlineData("""{"a":"\"metadata\":{","metadata":{"name":"w"}}""", """{"a":"\"metadata\":{","metadata":{"resourceVersion":"42","name":"w"}}""")]
    public void From_StoredBytes_CarryTheRevision(string stored, string expected)
    {
        Assert.Equal(expected, Text(Object(stored).Json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"metadata":1}""")]
    [InlineData("""{"metadata":{""")]
    public void From_NoObjectWithMetadata_Throws(string stored)
    {
        Assert.Throws<FormatException>(() => Object(stored));
    }

    [Fact]
    public void AsDeleted_ChangesTheRevisionAlone()
    {
        CachedObject gone = Object("""{"metadata":{"name":"web"},"spec":{"resourceVersion":"42"}}""").AsDeleted(100_000);

        Assert.Equal("""{"metadata":{"resourceVersion":"100000","name":"web"},"spec":{"resourceVersion":"42"}}""", Text(gone.Json));
        Assert.Equal((100_000L, 7L), (gone.Revision, gone.CreateRevision));
        Assert.Equal("""{"metadata":{"resourceVersion":"100001"}}""", Text(Object("""{"metadata":{}}""").AsDeleted(100_001).Json));
    }

    [Fact]
    public void JsonWithClusterName_VirtualCluster_NamesIt()
    {
        string json = Text(Object("""{"kind":"Deployment","metadata":{"name":"web"}}""").JsonWithClusterName());

        Assert.Equal("""{"kind":"Deployment","metadata":{"clusterName":"acme/shop","resourceVersion":"42","name":"web"}}""", json);
        Assert.Equal(new ClusterName("acme", "shop"), KubeObject.Parse(Encoding.UTF8.GetBytes(json)).Cluster);
    }

    [Fact]
    public void JsonWithClusterName_Root_IsTheObject()
    {
        CachedObject node = Object("""{"metadata":{"name":"n1"}}""", "/core/nodes/-/-/n1");

        Assert.Equal("""{"metadata":{"resourceVersion":"42","name":"n1"}}""", Text(node.JsonWithClusterName()));
        Assert.Equal((ClusterName.Root, "", "n1"), (node.Cluster, node.Namespace, node.Name));
    }

    [Fact]
    public void Key_TellsClusterNamespaceAndName()
    {
        CachedObject web = Object("""{"metadata":{"name":"web"}}""");

        Assert.Equal((new ClusterName("acme", "shop"), "default", "web"), (web.Cluster, web.Namespace, web.Name));
        Assert.Equal(StoreKey.Of(new("apps", "deployments"), web.Cluster, web.Namespace, web.Name), web.Key);
    }

    [Theory]
    [InlineData("/apps/deployments/acme:shop/default")]
    [InlineData("/apps/deployments/acme:shop/default/")]
    [InlineData("/apps/deployments/acme:shop/default/web/more")]
    [InlineData("apps/deployments/acme:shop/default/web/x")]
    public void From_OtherKeys_IsNull(string key)
    {
        Assert.Null(CachedObject.From(new StoredValue(key, "{\"metadata\":{}}"u8.ToArray(), 1, 1)));
    }

    [Fact]
    public void Labels_AreThoseOfTheMetadata()
    {
        LabelSet labels = Object("""{"spec":{"labels":{"no":"x"}},"metadata":{"name":"web","annotations":{"labels":"no"},"labels":{"app":"w\u00e9b","tier":"front","odd":1},"uid":"u"}}""").Labels;

        Assert.Equal(["app=wéb", "tier=front"], labels.Select(pair => $"{pair.Key}={pair.Value}"));
        Assert.Equal("front", labels["tier"]);
        Assert.False(labels.ContainsKey("no"));
        Assert.Empty(Object("""{"metadata":{"name":"web"}}""").Labels);
    }

    [Fact]
    public void WriteTo_GivesValidJson()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Object("""{"metadata":{"name":"web"},"spec":{"a":[1,2]}}""").WriteTo(output, withClusterName: true);

        using JsonDocument document = JsonDocument.Parse(output.WrittenMemory);
        Assert.Equal("acme/shop", document.RootElement.GetProperty("metadata").GetProperty("clusterName").GetString());
        Assert.Equal("42", document.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString());
    }

    private static CachedObject Object(string stored, string key = Key) => CachedObject.From(new StoredValue(key, Encoding.UTF8.GetBytes(stored), 42, 7))!;

    private static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);
}
