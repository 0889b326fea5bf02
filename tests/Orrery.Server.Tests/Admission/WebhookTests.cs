using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class WebhookTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Mutating = new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");
    private static readonly GroupVersionResource Validating = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");
    private static int made;

    [Fact]
    public async Task Validating_ThatDenies_AnswersItsStatus()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r => TestWebhook.Answer(r, false, ("status", Json("""{"code":409,"reason":"Conflict","message":"not today","details":{"causes":[{"reason":"x","message":"y","field":"data"}]}}"""))), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        (int code, JsonObject status, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ServerFixture.ConfigMap("a"));

        Assert.Equal(409, code);
        Assert.Equal("admission webhook \"hook.test.example.com\" denied the request: not today", status.TextAt("message"));
        Assert.Equal(("Conflict", "data"), (status.TextAt("reason"), status["details"]!["causes"]![0]!["field"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Validating_ThatDeniesWithoutAWord_AnswersBadRequest()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, false), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal((400, "admission webhook \"hook.test.example.com\" denied the request without explanation"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Review_SaysWhatIsAsked()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true, ("warnings", new JsonArray("mind the gap"))), Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "1"), Token);
        await ConfigureAsync(Validating, webhook, ns);

        (int code, _, string[] warnings) = await SendAsync(
            fixture.Server, HttpMethod.Patch, $"/api/v1/namespaces/{ns}/configmaps/a?dryRun=All&fieldManager=tester", Json("""{"data":{"k":"2"}}"""), contentType: "application/merge-patch+json");

        Assert.Equal(200, code);
        Assert.Equal(["mind the gap"], warnings);
        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        Assert.Equal("/hook?timeout=20s", Assert.Single(webhook.Paths));
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", request["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", request["resource"]!.ToJsonString());
        Assert.Equal(("UPDATE", ns, "a", true), (request.TextAt("operation"), request.TextAt("namespace"), request.TextAt("name"), request.FlagAt("dryRun")));
        Assert.Equal(("2", "1"), (request.TextAt("object", "data", "k"), request.TextAt("oldObject", "data", "k")));
        Assert.Equal("test-admin", request.TextAt("userInfo", "username"));
        Assert.Equal(("UpdateOptions", "tester"), (request.TextAt("options", "kind"), request.TextAt("options", "fieldManager")));
    }

    [Fact]
    public async Task Review_OfTheDeletesOfACollection_NamesNoneOfThem()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        await ConfigureAsync(Validating, webhook, ns, rule: """{"apiGroups":[""],"apiVersions":["v1"],"operations":["DELETE"],"resources":["configmaps"]}""");

        (int code, _, _) = await SendAsync(fixture.Server, HttpMethod.Delete, $"/api/v1/namespaces/{ns}/configmaps?fieldSelector=metadata.name%3Da", null);

        Assert.Equal(200, code);
        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        Assert.Equal(("DELETE", ns, null, "a"), (request.TextAt("operation"), request.TextAt("namespace"), request.TextAt("name"), request.TextAt("oldObject", "metadata", "name")));
    }

    [Fact]
    public async Task Review_OfAnEviction_IsOfACreate()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(new GroupVersionResource("", "v1", "pods"), ns, Pod("p"), Token);
        await ConfigureAsync(Validating, webhook, ns, rule: """{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["pods/eviction"]}""");

        (int code, _, _) = await SendAsync(
            fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/p/eviction", Json("""{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":0} }"""));

        Assert.Equal(201, code);
        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        Assert.Equal(("CREATE", "p", "policy/v1", "CreateOptions"), (request.TextAt("operation"), request.TextAt("name"), request.TextAt("object", "apiVersion"), request.TextAt("options", "kind")));
    }

    [Theory]
    [InlineData("bindings", "bindings", null)]
    [InlineData("pods/p/binding", "pods", "binding")]
    public async Task Review_OfABinding_IsOfWhatWasAskedFor(string path, string resource, string? subresource)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(new GroupVersionResource("", "v1", "pods"), ns, Pod("p"), Token);
        await ConfigureAsync(Validating, webhook, ns, rule: """{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["bindings","pods/binding"]}""");

        (int code, _, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/{path}", Json("""{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}"""));

        Assert.Equal(201, code);
        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        Assert.Equal((resource, subresource, "p", "Binding"), (request.TextAt("resource", "resource"), request.TextAt("subResource"), request.TextAt("name"), request.TextAt("kind", "kind")));
    }

    [Fact]
    public async Task Mutating_ChangesWhatIsStored_InOrderOfTheNames()
    {
        await using TestWebhook first = await TestWebhook.StartAsync(r => TestWebhook.Patch(r, """[{"op":"add","path":"/data/seen","value":"first"}]"""), Token);
        await using TestWebhook second = await TestWebhook.StartAsync(
            r => TestWebhook.Patch(r, $$"""[{"op":"replace","path":"/data/seen","value":"{{r["request"]!["object"]!["data"]!["seen"]}}, second"}]"""), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Mutating, second, ns, name: "b-" + ns);
        await ConfigureAsync(Mutating, first, ns, name: "a-" + ns);

        KubeObject stored = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);

        Assert.Equal("first, second", stored.TextAt("data", "seen"));
    }

    [Fact]
    public async Task Mutating_IfNeeded_IsAskedAgainAboutWhatOthersChanged()
    {
        await using TestWebhook early = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestWebhook once = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestWebhook late = await TestWebhook.StartAsync(r => TestWebhook.Patch(r, """[{"op":"add","path":"/data/late","value":"yes"}]"""), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Mutating, early, ns, ""","reinvocationPolicy":"IfNeeded" """, "a-" + ns);
        await ConfigureAsync(Mutating, once, ns, name: "b-" + ns);
        await ConfigureAsync(Mutating, late, ns, name: "c-" + ns);

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);

        Assert.Equal([null, "yes"], early.Reviews.Select(r => r["request"]!["object"]!["data"]!["late"]?.GetValue<string>()));
        Assert.Equal((1, 1), (once.Reviews.Count, late.Reviews.Count));
    }

    [Fact]
    public async Task Mutating_ThatBreaksTheObject_IsRefusedByItsRules()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Patch(r, """[{"op":"add","path":"/metadata/labels","value":{"a b":"c"}}]"""), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Mutating, webhook, ns);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal(422, refusal.Code);
        Assert.Contains("metadata.labels: Invalid value: \"a b\"", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fail", 500)]
    [InlineData("Ignore", 201)]
    public async Task Call_ThatIsNotAnsweredInTime_FailsAsThePolicySays(string policy, int expected)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(_ => null, Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns, $$""","failurePolicy":"{{policy}}" """, timeout: 1);

        (int code, JsonObject answer, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ServerFixture.ConfigMap("a"));

        Assert.Equal(expected, code);
        if (expected == 500)
        {
            Assert.Equal(
                $"Internal error occurred: failed calling webhook \"hook.test.example.com\": failed to call webhook: Post \"{webhook.Url}?timeout=1s\": context deadline exceeded", answer.TextAt("message"));
        }
    }

    [Fact]
    public async Task Call_OfAnUntrustedServer_Fails()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestWebhook other = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns, caBundle: other.CaBundle);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal(500, refusal.Code);
        Assert.StartsWith($"Internal error occurred: failed calling webhook \"hook.test.example.com\": failed to call webhook: Post \"{webhook.Url}?timeout=20s\": ", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(webhook.Reviews);
    }

    [Fact]
    public async Task Call_ThatIsRedirected_FailsAndDoesNotFollow()
    {
        await using TestWebhook target = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            (_, http) =>
            {
                http.Response.Redirect(target.Url, permanent: false, preserveMethod: true);
                return Task.CompletedTask;
            },
            Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Contains("redirects are not followed", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(target.Paths);
    }

    [Fact]
    public async Task Call_WithAnEndlessAnswer_IsCutOff()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            async (_, http) =>
            {
                byte[] much = new byte[1024 * 1024];
                while (!http.RequestAborted.IsCancellationRequested)
                {
                    await http.Response.Body.WriteAsync(much, http.RequestAborted);
                }
            },
            Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Contains("the answer is longer than 8388608 bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_ToAnotherQuestion_IsNone()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r =>
            {
                JsonObject answer = TestWebhook.Answer(r, true);
                answer["response"]!["uid"] = "another";
                return answer;
            },
            Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        string uid = webhook.Reviews.Single()["request"]!["uid"]!.GetValue<string>();
        Assert.Equal(
            $"Internal error occurred: failed calling webhook \"hook.test.example.com\": received invalid webhook response: expected response.uid=\"{uid}\", got \"another\"", refusal.Message);
    }

    [Fact]
    public async Task Conditions_AndSelectors_DecideWhoIsAsked()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(
            Validating, webhook, ns,
            ""","objectSelector":{"matchLabels":{"look":"yes"}},"matchConditions":[{"name":"not-skipped","expression":"object.metadata.name != 'skipped' && request.operation == 'CREATE'"}]""");

        foreach (string name in new[] { "skipped", "asked" })
        {
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap(name, "v", ("look", "yes")), Token);
        }

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("unlabelled"), Token);

        Assert.Equal(["asked"], webhook.Reviews.Select(r => r["request"]!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Equivalent_AsksInTheVersionOfTheRule()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns, rule: """{"apiGroups":["autoscaling"],"apiVersions":["v1"],"resources":["horizontalpodautoscalers"],"operations":["*"]}""");

        await fixture.Admin.CreateAsync(
            new GroupVersionResource("autoscaling", "v2", "horizontalpodautoscalers"), ns,
            Json("""{"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}]}}"""),
            Token);

        JsonObject request = Assert.Single(webhook.Reviews)["request"]!.AsObject();
        Assert.Equal(("autoscaling/v1", 70), (request.TextAt("object", "apiVersion"), request.NumberAt("object", "spec", "targetCPUUtilizationPercentage")));
        Assert.Equal(("v1", "v2"), (request.TextAt("kind", "version"), request.TextAt("requestKind", "version")));
    }

    [Fact]
    public async Task DryRun_AsksAWebhookThatHasNoSideEffectsThen()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        JsonObject configuration = Configuration(webhook, ns, "", "dry-" + ns, Rule, 20, webhook.CaBundle);
        configuration["webhooks"]![0]!["sideEffects"] = "NoneOnDryRun";
        await fixture.Admin.CreateAsync(Validating, "", configuration, Token);

        (int code, _, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps?dryRun=All", ServerFixture.ConfigMap("a"));

        Assert.Equal(201, code);
        Assert.Single(webhook.Reviews);
    }

    [Fact]
    public async Task Delete_IsAskedWithTheOldObject()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r => TestWebhook.Answer(r, r["request"]!["operation"]!.GetValue<string>() != "DELETE", ("status", Json("""{"message":"keep it","code":403}"""))), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", null, Token));

        Assert.Equal((403, "admission webhook \"hook.test.example.com\" denied the request: keep it"), (refusal.Code, refusal.Message));
        JsonObject asked = webhook.Reviews.Last()["request"]!.AsObject();
        Assert.Equal((null, "a", "DeleteOptions"), (asked["object"], asked.TextAt("oldObject", "metadata", "name"), asked.TextAt("options", "kind")));
    }

    [Fact]
    public async Task Service_ThatStandsForAName_LeadsThere()
    {
        string ns = await fixture.NamespaceAsync();
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token, $"hook.{ns}.svc");
        await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Json("""{"metadata":{"name":"hook"},"spec":{"type":"ExternalName","externalName":"localhost"}}"""), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Json("""{"metadata":{"name":"pods"},"spec":{"ports":[{"port":443}]}}"""), Token);
        JsonObject named = Configuration(webhook, ns, "", "named-" + ns, Rule, 20, webhook.CaBundle);
        named["webhooks"]![0]!["clientConfig"] = Json($$$"""{"service":{"namespace":"{{{ns}}}","name":"hook","path":"/go","port":{{{webhook.Port}}}},"caBundle":"{{{webhook.CaBundle}}}"}""");
        KubeObject made = await fixture.Admin.CreateAsync(Validating, "", named, Token);

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        named.Metadata["resourceVersion"] = made.ResourceVersion;
        named["webhooks"]![0]!["clientConfig"]!["service"]!["name"] = "pods";
        await fixture.Admin.UpdateAsync(Validating, "", "named-" + ns, named, Token);
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("b"), Token));

        Assert.Equal("/go?timeout=20s", Assert.Single(webhook.Paths));
        Assert.Contains($"service \"pods\" in namespace \"{ns}\" cannot be reached: the API server is in no pod network", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tenant_ReachesLoopbackOnlyWhereTheOperatorAllowsIt()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        await using TestServer open = await TestServer.StartAsync(new TestServerOptions { WebhookAddresses = [IPNetwork.Parse("127.0.0.1/32")] }, Token);
        foreach ((TestServer server, string url, bool reaches) in new[]
        {
            (fixture.Server, webhook.Url, false), (fixture.Server, $"https://localhost:{webhook.Port}/hook", false), (fixture.Server, $"https://[::ffff:127.0.0.1]:{webhook.Port}/hook", false), (open, webhook.Url, true),
        })
        {
            string name = $"guard-{Interlocked.Increment(ref made)}";
            await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(name), Token);
            await server.Admin.CreateAsync(Orrery.Api.Kinds.OrreryResources.LogicalClusters, name, ServerFixture.Named("c"), Token);
            KubeClient tenant = server.AdminOf(new ClusterName(name, "c"));
            JsonObject configuration = Configuration(webhook, "default", "", "guard", Rule, 20, webhook.CaBundle);
            configuration["webhooks"]![0]!["clientConfig"]!["url"] = url;
            await tenant.CreateAsync(Validating, "", configuration, Token);

            int before = webhook.Paths.Count;
            Task<KubeObject> create = tenant.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), Token);
            if (reaches)
            {
                await create;
            }
            else
            {
                StatusException refusal = await RefusalAsync(() => create);
                Assert.Contains("which a webhook of this cluster may not reach", refusal.Message, StringComparison.Ordinal);
            }

            Assert.Equal(before + (reaches ? 1 : 0), webhook.Paths.Count);
        }
    }

    [Fact]
    public async Task ControlPlane_IsNotAsked()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, false), Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns);

        await fixture.Server.ControlPlane().CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);

        Assert.Empty(webhook.Reviews);
    }

    [Fact]
    public async Task Validating_ThatAnswersWhenTheNamespaceHasGone_IsTooLate()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            async (hook, http) =>
            {
                JsonObject review = Json(await new StreamReader(http.Request.Body).ReadToEndAsync(Token));
                hook.Reviews.Enqueue(review);
                await gone.Task.WaitAsync(http.RequestAborted);
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(TestWebhook.Answer(review, true).ToJsonString(), http.RequestAborted);
            },
            Token);
        string ns = await fixture.NamespaceAsync();
        await ConfigureAsync(Validating, webhook, ns, timeout: 30);
        Task<StatusException> refusal = RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));
        await Eventually.TrueAsync(() => Task.FromResult(!webhook.Reviews.IsEmpty), "it is asked", cancellationToken: Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Namespaces, "", ns, null, Token);
        await Eventually.TrueAsync(async () => await fixture.Admin.FindAsync(ServerFixture.Namespaces, "", ns, Token) is null, "the namespace goes", cancellationToken: Token);
        gone.SetResult();

        Assert.Equal((404, $"namespaces \"{ns}\" not found"), ((await refusal).Code, (await refusal).Message));
        Assert.Empty((await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, null, Token)).Items);
    }

    private const string Rule = """{"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"],"operations":["*"]}""";

    private async Task ConfigureAsync(
        GroupVersionResource kind, TestWebhook webhook, string ns, string more = "", string? name = null, string rule = Rule, int timeout = 20, string? caBundle = null) =>
        await fixture.Admin.CreateAsync(kind, "", Configuration(webhook, ns, more, name ?? "hook-" + ns, rule, timeout, caBundle ?? webhook.CaBundle), Token);

    private static JsonObject Configuration(TestWebhook webhook, string ns, string more, string name, string rule, int timeout, string caBundle) => Json($$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}"},"webhooks":[{"name":"hook.test.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":{{{{{timeout}}}}},
         "clientConfig":{"url":"{{{{{webhook.Url}}}}}","caBundle":"{{{{{caBundle}}}}}"},"rules":[{{{{{rule}}}}}],
         "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{{{ns}}}}}"}} {{{{{more}}}}} }]}
        """);
}
