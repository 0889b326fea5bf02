using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Webhooks;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>By what webhooks of root know who asks them.</summary>
public sealed class WebhookCredentialsTests
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    [Theory]
    [InlineData("https://hook.example.com", "exact")]
    [InlineData("https://hook.example.com:8443", "with its port")]
    [InlineData("https://other.example.com", "domain")]
    [InlineData("https://a.b.example.com", "domain")]
    [InlineData("https://other.example.com:8443", "anywhere")]
    [InlineData("https://10.1.2.3", "anywhere")]
    public void For_ChoosesTheNearestName(string url, string expected)
    {
        WebhookCredentials credentials = WebhookCredentials.Parse(
            """
            users:
            - {name: hook.example.com, user: {token: exact}}
            - {name: "hook.example.com:8443", user: {token: with its port}}
            - {name: "*.example.com", user: {token: domain}}
            - {name: "*", user: {token: anywhere}}
            """,
            "/", _ => throw new IOException());

        Assert.Equal(expected, credentials.For(new Uri(url))?.Token);
    }

    [Fact]
    public void For_WhereNoNameFits_IsTheUserOfTheCurrentContext()
    {
        const string Users = "users: [{name: u, user: {token: current}}], contexts: [{name: c, context: {user: u, cluster: x}}]";
        Uri url = new("https://hook.example.com");

        Assert.Equal("current", WebhookCredentials.Parse($"{{{Users}, current-context: c}}", "/", _ => "").For(url)?.Token);
        Assert.Null(WebhookCredentials.Parse($"{{{Users}}}", "/", _ => "").For(url));
    }

    [Theory]
    [InlineData("""{"users":[{"name":"*","user":{"exec":{"command":"x"}}}]}""", "users[0].user.exec: no such field")]
    [InlineData("""{"users":[{"name":"*","user":{"client-key-data":"eA=="}}]}""", "users[0].user: client-certificate and client-key go together")]
    [InlineData("""{"users":[{"name":"*","user":{"client-key-data":"?"}}]}""", "users[0].user.client-key-data: want base64")]
    public void Parse_WhatWouldHaveNoEffect_IsRefusedByTheField(string kubeconfig, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => WebhookCredentials.Parse(kubeconfig, "/", _ => "")).Message);

    [Fact]
    public void Configuration_OfARelativePath_IsRefused() => Assert.Equal(
        "plugins[0].configuration.kubeConfigFile: Invalid value: \"k\": must be an absolute file path",
        Assert.Throws<FormatException>(() => Configuration("ValidatingAdmissionWebhook", "k", "")).Message);

    [Theory]
    [InlineData("MutatingAdmissionWebhook", "mutatingwebhookconfigurations", "Bearer shown")]
    [InlineData("ValidatingAdmissionWebhook", "validatingwebhookconfigurations", "Bearer shown")]
    [InlineData("MutatingAdmissionWebhook", "validatingwebhookconfigurations", "")]
    public async Task Call_OfRootsWebhook_ShowsWhatItsPluginWasGiven(string plugin, string configurations, string expected)
    {
        var shown = new ConcurrentQueue<string>();
        await using TestWebhook webhook = await StartAsync(shown);
        await using TestServer server = await TestServer.StartAsync(
            new TestServerOptions { Configure = o => o with { AdmissionConfiguration = Configuration(plugin, "/k", $$$"""{"users":[{"name":"127.0.0.1:{{{webhook.Port}}}","user":{"token":"shown"}}]}""") } }, Token);
        await server.Admin.CreateAsync(new GroupVersionResource("admissionregistration.k8s.io", "v1", configurations), "", Json($$"""
            {"metadata":{"name":"hook"},"webhooks":[{"name":"hook.test.example.com","admissionReviewVersions":["v1"],"sideEffects":"None",
             "clientConfig":{"url":"{{webhook.Url}}","caBundle":"{{webhook.CaBundle}}"},"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]}]}
            """), Token);

        await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), Token);

        Assert.Equal([expected], shown);
    }

    private static Task<TestWebhook> StartAsync(ConcurrentQueue<string> shown) => TestWebhook.StartAsync(
        async (_, http) =>
        {
            shown.Enqueue(http.Request.Headers.Authorization.ToString());
            JsonObject review = JsonNode.Parse(await new StreamReader(http.Request.Body).ReadToEndAsync(http.RequestAborted))!.AsObject();
            http.Response.StatusCode = (int)HttpStatusCode.OK;
            await http.Response.WriteAsync(TestWebhook.Answer(review, true).ToJsonString(), http.RequestAborted);
        },
        Token);

    private static AdmissionConfiguration Configuration(string plugin, string file, string kubeconfig) => AdmissionConfiguration.Parse(
        $$"""
        {"apiVersion":"apiserver.config.k8s.io/v1","kind":"AdmissionConfiguration","plugins":[
         {"name":"{{plugin}}","configuration":{"apiVersion":"apiserver.config.k8s.io/v1","kind":"WebhookAdmissionConfiguration","kubeConfigFile":"{{file}}"} }]}
        """,
        _ => kubeconfig);
}
