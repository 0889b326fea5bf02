using System.Net.Security;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authorization.Webhook;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Authorization;

public sealed class AuthorizationWebhookTests
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    private const string Webhook = """
        {"type":"Webhook","name":"outside","webhook":{"timeout":"30s","subjectAccessReviewVersion":"v1","matchConditionSubjectAccessReviewVersion":"v1","failurePolicy":"Deny",
         "connectionInfo":{"type":"KubeConfigFile","kubeConfigFile":"/k"},"matchConditions":[{"expression":"has(request.resourceAttributes) && request.resourceAttributes.namespace == 'shop'"}]}}
        """;

    [Fact]
    public async Task Ask_ByAConfiguration_DecidesWhatItsConditionsLetThroughAndLeavesTheRestToRoles()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Answer, Token);
        await using TestServer server = await StartAsync(webhook, $$"""[{{Webhook}},{"type":"RBAC","name":"roles"}]""");
        await server.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "clusterrolebindings"), "", Json("""
            {"metadata":{"name":"v"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}]}
            """), Token);

        JsonObject allowed = await ReviewAsync(server, "shop", "get", "secrets"), denied = await ReviewAsync(server, "shop", "delete", "secrets");
        JsonObject silent = await ReviewAsync(server, "shop", "watch", "configmaps"), elsewhere = await ReviewAsync(server, "other", "get", "configmaps"), nobody = await ReviewAsync(server, "other", "get", "secrets");

        Assert.Equal("""{"allowed":true,"reason":"because"}""", allowed.ToJsonString());
        Assert.Equal("""{"allowed":false,"denied":true,"reason":"never"}""", denied.ToJsonString());
        Assert.StartsWith("""{"allowed":true,"reason":"RBAC: allowed by ClusterRoleBinding""", silent.ToJsonString(), StringComparison.Ordinal);
        Assert.True(elsewhere["allowed"]!.GetValue<bool>());
        Assert.Equal("""{"allowed":false}""", nobody.ToJsonString());
        Assert.Equal(3, webhook.Reviews.Count);
        Assert.Equal(
            """{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"shop","verb":"get","resource":"secrets"},"user":"jane","groups":["devs"]},"status":{"allowed":false}}""",
            webhook.Reviews.First().ToJsonString());
    }

    [Fact]
    public async Task Ask_Twice_IsAskedOnce()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Answer, Token);
        await using TestServer server = await StartAsync(webhook, $"[{Webhook}]");

        await ReviewAsync(server, "shop", "get", "secrets");
        await ReviewAsync(server, "shop", "get", "secrets");
        await ReviewAsync(server, "shop", "get", "pods");

        Assert.Equal(["secrets", "pods"], webhook.Reviews.Select(r => r.TextAt("spec", "resourceAttributes", "resource")));
    }

    [Theory]
    [InlineData(
        "/api/v1/namespaces/shop/pods?fieldSelector=spec.nodeName%3Dn1,status.phase!%3DFailed&labelSelector=app+in+(b,a),tier!%3Dx,!old,new",
        """{"namespace":"shop","verb":"list","version":"v1","resource":"pods","fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1"]},{"key":"status.phase","operator":"NotIn","values":["Failed"]}]},"labelSelector":{"requirements":[{"key":"app","operator":"In","values":["a","b"]},{"key":"new","operator":"Exists"},{"key":"old","operator":"DoesNotExist"},{"key":"tier","operator":"NotIn","values":["x"]}]}}""")]
    [InlineData("/api/v1/namespaces/shop/pods?labelSelector=a%3E5,b%3Dc", """{"namespace":"shop","verb":"list","version":"v1","resource":"pods","labelSelector":{"requirements":[{"key":"b","operator":"In","values":["c"]}]}}""")]
    [InlineData("/api/v1/namespaces/shop/pods?labelSelector=((", """{"namespace":"shop","verb":"list","version":"v1","resource":"pods"}""")]
    [InlineData("/api/v1/namespaces/shop/pods/p?labelSelector=a%3Db", """{"namespace":"shop","verb":"get","version":"v1","resource":"pods","name":"p"}""")]
    [InlineData("/api/v1/watch/namespaces/shop/pods?labelSelector=a%3Db&timeoutSeconds=1", """{"namespace":"shop","verb":"watch","version":"v1","resource":"pods"}""")]
    public async Task Ask_OfARequestWithSelectors_TellsTheirTerms(string path, string attributes)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Answer, Token);
        await using TestServer server = await StartAsync(webhook, $"[{Webhook}]");
        using var http = new RawHttp(server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, path, headers: ("Impersonate-User", "jane"));

        Assert.Equal(attributes, webhook.Reviews.Single()["spec"]!["resourceAttributes"]!.ToJsonString());
    }

    [Fact]
    public async Task Ask_OfAReviewWithSelectors_TellsWhatCouldBeReadAndSaysWhatCouldNot()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Answer, Token);
        await using TestServer server = await StartAsync(webhook, $"[{Webhook}]");

        (_, JsonObject body, _) = await SendAsync(server, HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", Json("""
            {"spec":{"user":"jane","resourceAttributes":{"namespace":"shop","verb":"get","resource":"secrets",
             "fieldSelector":{"requirements":[{"key":"spec.type","operator":"In","values":["a"]},{"key":"spec.size","operator":"Exists"}]},"labelSelector":{"rawSelector":"a=b,=c"}}}}
            """));

        Assert.Equal(
            """{"allowed":true,"reason":"because","evaluationError":"spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error"}""",
            body["status"]!.ToJsonString());
        Assert.Equal("""{"requirements":[{"key":"spec.type","operator":"In","values":["a"]}]}""", webhook.Reviews.Single()["spec"]!["resourceAttributes"]!["fieldSelector"]!.ToJsonString());
        Assert.Null(webhook.Reviews.Single()["spec"]!["resourceAttributes"]!["labelSelector"]);
    }

    [Theory]
    [InlineData("Deny", true)]
    [InlineData("NoOpinion", false)]
    public async Task Ask_OfOneThatIsAway_DecidesByTheFailurePolicy(string policy, bool denied)
    {
        TestWebhook webhook = await TestWebhook.StartAsync(Answer, Token);
        await using TestServer server = await StartAsync(webhook, $$"""[{{Webhook.Replace("\"Deny\"", $"\"{policy}\"", StringComparison.Ordinal)}},{"type":"AlwaysAllow","name":"all"}]""");
        await webhook.DisposeAsync();

        JsonObject status = await ReviewAsync(server, "shop", "get", "secrets");
        using var http = new RawHttp(server);
        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, "/api/v1/namespaces/shop/secrets/x", headers: ("Impersonate-User", "jane"));

        Assert.Equal(denied ? 500 : 404, (int)answer.StatusCode);
        Assert.Equal((!denied, denied ? true : null), (status["allowed"]!.GetValue<bool>(), status["denied"]?.GetValue<bool>()));
    }

    [Theory]
    [InlineData("""[]""", "authorizers: Required value: at least one authorization mode must be defined")]
    [InlineData("""[{"type":"ABAC","name":"a"}]""", "authorizers[0].type: Unsupported value: \"ABAC\": supported values: \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\"")]
    [InlineData("""[{"type":"RBAC","name":"a"},{"type":"RBAC","name":"b"}]""", "authorizers[1].type: Duplicate value: \"RBAC\"")]
    [InlineData("""[{"type":"RBAC","name":"a"},{"type":"Node","name":"a"}]""", "authorizers[1].name: Duplicate value: \"a\"")]
    [InlineData("""[{"type":"Webhook","name":"a"}]""", "authorizers[0].webhook: Required value: required when type=Webhook")]
    [InlineData("""[{"type":"Webhook","name":"a","webhook":{"timeout":"31s","connectionInfo":{"type":"InClusterConfig"}}}]""", "authorizers[0].webhook.timeout: Invalid value: \"31s\": must be > 0s and <= 30s")]
    public void Parse_WhatMakesNoSense_IsRefusedByTheField(string authorizers, string message) => Assert.Equal(
        message, Assert.Throws<FormatException>(() => Configuration(authorizers, new WebhookConnection(new Uri("https://127.0.0.1"), () => new SocketsHttpHandler(), _ => new((string?)null)))).Message);

    [Fact]
    public void Parse_AConditionThatDoesNotCompile_IsRefused() => Assert.StartsWith(
        "authorizers[0].webhook.matchConditions[0].expression: Invalid value: \"request.nope\": compilation failed: ",
        Assert.Throws<FormatException>(() => Configuration(
            $"[{Webhook.Replace("has(request.resourceAttributes) && request.resourceAttributes.namespace == 'shop'", "request.nope", StringComparison.Ordinal)}]",
            new WebhookConnection(new Uri("https://127.0.0.1"), () => new SocketsHttpHandler(), _ => new((string?)null)))).Message,
        StringComparison.Ordinal);

    private static JsonObject? Answer(JsonObject review)
    {
        review = (JsonObject)review.DeepClone();
        review["status"] = review.TextAt("spec", "resourceAttributes", "verb") switch
        {
            "get" => Json("""{"allowed":true,"reason":"because"}"""),
            "delete" => Json("""{"allowed":false,"denied":true,"reason":"never"}"""),
            _ => Json("""{"allowed":false}"""),
        };
        return review;
    }

    private static AuthorizationConfiguration Configuration(string authorizers, WebhookConnection connection) =>
        AuthorizationConfiguration.Parse($$"""{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthorizationConfiguration","authorizers":{{authorizers}} }""", _ => connection);

    private static Task<TestServer> StartAsync(TestWebhook webhook, string authorizers) => TestServer.StartAsync(
        new TestServerOptions
        {
            Configure = options => options with
            {
                Authorizers = Configuration(authorizers, new WebhookConnection(
                    new Uri(webhook.Url), () => new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } }, _ => new("secret"))),
            },
        },
        Token);

    private static async Task<JsonObject> ReviewAsync(TestServer server, string ns, string verb, string resource)
    {
        (int code, JsonObject body, _) = await SendAsync(server, HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", Json(
            $$"""{"spec":{"user":"jane","groups":["devs"],"resourceAttributes":{"namespace":"{{ns}}","verb":"{{verb}}","resource":"{{resource}}"} } }"""));
        Assert.Equal(201, code);
        return body["status"]!.AsObject();
    }
}
