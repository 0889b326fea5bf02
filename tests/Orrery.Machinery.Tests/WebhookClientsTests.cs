using System.Text.Json.Nodes;

namespace Orrery.Machinery.Tests;

/// <summary>What Kubernetes 1.36 says of these addresses, for webhooks of admission and of conversion alike.</summary>
public sealed class WebhookClientsTests
{
    private const string Form = "; desired format: https://host[/path]";

    [Theory]
    [InlineData("""{"url":"https://example.com/path"}""")]
    [InlineData("""{"url":"https://example.com:8443/a b"}""")]
    [InlineData("""{"service":{"name":"s","namespace":"n","port":443,"path":"/a/b/"}}""")]
    [InlineData("""{"service":{"name":"s","namespace":"n","path":""}}""")]
    [InlineData("""{}""", "c: Required value: exactly one of url or service is required")]
    [InlineData("""{"url":"https://x","service":{}}""", "c: Required value: exactly one of url or service is required")]
    [InlineData("""{"url":"https://a:b:c/"}""", "c.url: Required value: url must be a valid URL: parse \"https://a:b:c/\": invalid port \":b:c\" after host" + Form)]
    [InlineData("""{"url":"example.com"}""", "c.url: Invalid value: \"\": 'https' is the only allowed URL scheme" + Form, "c.url: Invalid value: \"\": host must be specified" + Form)]
    [InlineData("""{"url":"http://example.com"}""", "c.url: Invalid value: \"http\": 'https' is the only allowed URL scheme" + Form)]
    [InlineData("""{"url":"https:example.com"}""", "c.url: Invalid value: \"\": host must be specified" + Form)]
    [InlineData("""{"url":"https://jane@example.com/?a=1#b"}""", "c.url: Invalid value: \"jane\": user information is not permitted in the URL", "c.url: Invalid value: \"b\": fragments are not permitted in the URL", "c.url: Invalid value: \"a=1\": query parameters are not permitted in the URL")]
    [InlineData("""{"service":{}}""", "c.service.name: Required value", "c.service.namespace: Required value")]
    [InlineData("""{"service":{"name":"s","namespace":"n","path":"//"}}""", "c.service.path: Invalid value: \"//\": segment[0] may not be empty")]
    [InlineData("""{"service":{"name":"s","namespace":"n","path":"/a//b"}}""", "c.service.path: Invalid value: \"/a//b\": segment[1] may not be empty")]
    [InlineData("""{"service":{"name":"s","namespace":"n","port":65536,"path":"a"}}""", "c.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive", "c.service.path: Invalid value: \"a\": must start with a '/'", "c.service.path: Invalid value: \"a\": segment[0] may not be empty")]
    public void Check_Addresses_AreJudgedAsUpstream(string client, params string[] faults) =>
        Assert.Equal(faults, WebhookClients.Check(JsonNode.Parse(client)!.AsObject(), "c").Select(e => e.ToString()));
}
