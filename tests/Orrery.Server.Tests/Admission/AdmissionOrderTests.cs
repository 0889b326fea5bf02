using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Audit;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;
using static Orrery.Server.Tests.Admission.PolicyWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>What policies and webhooks see, in which order, and what is said of them: as apiextensions-apiserver 1.36.4 was seen to do.</summary>
public sealed class AdmissionOrderTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string GonePolicy = """  "paramKind":{"apiVersion":"gone.example.com/v1","kind":"Gone"}, """;
    private const string GoneReference = ""","paramRef":{"name":"p","parameterNotFoundAction":"Allow"}""";
    private const string Missing = "failed to configure policy: failed to find resource referenced by paramKind: 'gone.example.com/v1, Kind=Gone'";

    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource MutatingHooks = new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations");
    private static readonly GroupVersionResource ValidatingHooks = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");

    [Fact]
    public async Task Mutation_ThatAsksForIt_SeesWhatItLeftItself()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""  "reinvocationPolicy":"IfNeeded","mutations":[{{Apply("Object{data: {\"k\": object.data.k + \"+\"}}")}}]  """);

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "v"), Token);

        Assert.Equal("v++", made.TextAt("data", "k"));
    }

    [Fact]
    public async Task Mutation_WhoIsInvoked_IsSettledBeforeAnythingChanges()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, $"{ns}-1", ns, $$"""  "mutations":[{{Apply("Object{metadata: Object.metadata{labels: {\"first\": \"yes\"}}}")}}]  """);
        await fixture.Admin.CreateAsync(Mutating, "", Policy($"{ns}-2", $$"""  "mutations":[{{Apply("Object{data: {\"second\": \"yes\"}}")}}]  """), Token);
        JsonObject binding = Binding($"{ns}-2", $"{ns}-2", ns);
        JsonObject spec = binding["spec"]!.AsObject();
        spec.Remove("validationActions");
        spec["matchResources"]!["objectSelector"] = Json("""{"matchLabels":{"first":"yes"}}""");
        await fixture.Admin.CreateAsync(MutatingBindings, "", binding, Token);

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        JsonObject labelled = ServerFixture.ConfigMap("b");
        labelled.Metadata["labels"] = Json("""{"first":"already"}""");

        Assert.Equal(("yes", null), (made.Labels["first"], made.TextAt("data", "second")));
        Assert.Null((await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, labelled, Token)).TextAt("data", "second"));
        labelled.Metadata["name"] = "c";
        labelled.Metadata["labels"]!["first"] = "yes";
        Assert.Equal("yes", (await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, labelled, Token)).TextAt("data", "second"));
    }

    [Fact]
    public async Task Params_OfAKindThatIsNotServed_AreAFaultOfThePolicy()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, GonePolicy + """  "validations":[{"expression":"true"}]  """, more: GoneReference);
        StatusException judged = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));
        Assert.Equal((422, $"configmaps \"a\" is forbidden: ValidatingAdmissionPolicy '{ns}' denied request: {Missing}"), (judged.Code, judged.Message));

        await BindMutationAsync(fixture.Admin, ns, ns, GonePolicy + $$"""  "mutations":[{{Apply("Object{}")}}]  """);
        StatusException mutated = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));
        Assert.Equal((403, "Forbidden", $"policy \"{ns}\" denied request: {Missing}"), (mutated.Code, mutated.Status.Reason, mutated.Message));

        // They would refuse everybody's.
        await fixture.Admin.DeleteAsync(Policies, "", ns, null, Token);
        await fixture.Admin.DeleteAsync(Mutating, "", ns, null, Token);
    }

    [Theory]
    [InlineData("namespaceObject == null", "autoscaling/v2")]
    [InlineData("request.resource.version == 'v1' && request.kind.version == 'v2'", "autoscaling/v2")]
    [InlineData("namespaceObject != null", null)]
    public async Task Conditions_SeeNoNamespace_AndTheResourceOfTheRequest(string condition, string? refusedIn)
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(
            fixture.Admin, ns, $$"""  "matchConditions":[{"name":"c","expression":"{{condition}}"}],"validations":[{"expression":"false","messageExpression":"string(object.apiVersion)"}]  """,
            """{"apiGroups":["autoscaling"],"apiVersions":["v2"],"operations":["CREATE"],"resources":["horizontalpodautoscalers"]}""");
        JsonObject autoscaler = Json("""{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3} }""");

        (int code, JsonObject answer, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers", autoscaler);

        Assert.Equal(refusedIn is null ? 201 : 422, code);
        Assert.Equal(refusedIn, answer.TextAt("message")?.Split("denied request: ")[1]);
    }

    /// <summary>An earlier rule outweighs an earlier version; of one rule's versions the one counts that the definition lists first.</summary>
    [Theory]
    [InlineData("rulev3", "\"v3\"", "\"v2\"", "v2 v3", "v3")]
    [InlineData("rulev2", "\"v2\"", "\"v3\"", "v3 v2", "v2")]
    [InlineData("listedv2", "\"v2\",\"v3\"", "\"v3\"", "v2 v3", "v2")]
    [InlineData("listedv3", "\"v2\",\"v3\"", "\"v2\"", "v3 v2", "v3")]
    public async Task Equivalents_AreChosenByTheOrderOfTheRules(string plural, string first, string second, string listed, string expected)
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject definition = ServerFixture.Definition(plural);
        JsonArray versions = definition["spec"]!["versions"]!.AsArray();
        foreach (string version in listed.Split(' '))
        {
            JsonObject more = versions[0]!.DeepClone().AsObject();
            (more["name"], more["storage"]) = (version, false);
            versions.Add((JsonNode)more);
        }

        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, Token);
        string Rule(string versions) => $$"""{"apiGroups":["test.example.com"],"apiVersions":[{{versions}}],"operations":["CREATE"],"resources":["{{plural}}"]}""";
        await BindAsync(fixture.Admin, ns, """  "validations":[{"expression":"false","messageExpression":"string(object.apiVersion)"}]  """, $"{Rule(first)},{Rule(second)}");

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(
            ServerFixture.Custom(plural), ns, Json($$$"""{"apiVersion":"test.example.com/v1","kind":"Kind{{{plural}}}","metadata":{"name":"m"},"spec":{"size":5}}"""), Token));

        Assert.EndsWith("denied request: test.example.com/" + expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_ShowsTheVersionThatItIsBasedOn_AndStoresNone()
    {
        await using TestWebhook mutating = await TestWebhook.StartAsync(r => TestWebhook.Patch(r, """[{"op":"add","path":"/data/seen","value":"yes"}]"""), Token);
        await using TestWebhook validating = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, true), Token);
        string ns = await fixture.NamespaceAsync();
        string version = (await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token)).ResourceVersion;
        await fixture.Admin.CreateAsync(MutatingHooks, "", Hook(mutating, ns), Token);
        await fixture.Admin.CreateAsync(ValidatingHooks, "", Hook(validating, ns), Token);

        KubeObject patched = await fixture.Admin.PatchAsync(ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, Json("""{"data":{"k":"2"}}"""), Token);
        KubeObject same = await fixture.Admin.PatchAsync(ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, Json("""{"data":{"k":"2"}}"""), Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "3"), Token);

        Assert.Equal([version, patched.ResourceVersion, null], mutating.Reviews.Select(Version));
        Assert.Equal([version, patched.ResourceVersion, patched.ResourceVersion], validating.Reviews.Select(Version));
        Assert.NotEqual(version, patched.ResourceVersion);
        Assert.Equal(patched.ResourceVersion, same.ResourceVersion);

        static string? Version(JsonObject review) => review.TextAt("request", "object", "metadata", "resourceVersion");
    }

    [Theory]
    [InlineData("v1", "v1beta1")]
    [InlineData("v1beta1", "v1")]
    public async Task Answer_InTheOtherVersion_IsNone(string asked, string answered)
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r =>
            {
                JsonObject answer = TestWebhook.Answer(r, true);
                answer["apiVersion"] = "admission.k8s.io/" + answered;
                return answer;
            },
            Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ValidatingHooks, "", Hook(webhook, ns, asked), Token);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal(
            $"Internal error occurred: failed calling webhook \"hook.test.example.com\": failed to call webhook: converting ({answered}.AdmissionReview) to ({asked}.AdmissionReview): unknown conversion", refusal.Message);
    }

    /// <summary>Nobody looks at what a webhook that refuses would have changed.</summary>
    [Fact]
    public async Task Answer_ThatRefuses_MayCarryAnUnreadablePatch()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, false, ("patchType", "JSONPatch"), ("patch", "e30=")), Token);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(MutatingHooks, "", Hook(webhook, ns), Token);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal((400, "admission webhook \"hook.test.example.com\" denied the request without explanation"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Apply_OfWhatIsNotThere_NeedsAName()
    {
        string ns = await fixture.NamespaceAsync(), path = $"/api/v1/namespaces/{ns}/configmaps/a?fieldManager=m";
        JsonObject nameless = Json("""{"apiVersion":"v1","kind":"ConfigMap","data":{"k":"v"}}""");

        (int code, JsonObject answer, _) = await SendAsync(fixture.Server, HttpMethod.Patch, path, nameless, contentType: "application/apply-patch+yaml");
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, Json("""{"metadata":{"name":"a"}}"""), Token);
        (int later, _, _) = await SendAsync(fixture.Server, HttpMethod.Patch, path, nameless, contentType: "application/apply-patch+yaml");

        Assert.Equal((400, "the name of the object (a based on URL) was undeterminable: name must be provided"), (code, answer.TextAt("message")));
        Assert.Equal(200, later);
    }

    [Fact]
    public async Task Record_OfPoliciesAndWebhooks_SaysWhoWasAsked()
    {
        using var folder = new TempDirectory();
        string path = folder.File("audit.log");
        await using TestWebhook refuses = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, false, ("auditAnnotations", Json("""{"why":"so","no name":"x"}"""))), Token);
        await using TestWebhook fails = await TestWebhook.StartAsync(_ => [], Token);
        AuditPolicy audit = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Metadata, resources: [{group: '', resources: [configmaps]}]}]}");
        await using (TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { Audit = new AuditOptions { Policy = audit, Path = path } } }, Token))
        {
            await server.Admin.CreateAsync(Policies, "", Policy("p", """  "validations":[{"expression":"size(object.data) < 0"},{"expression":"false"}]  """), Token);
            await server.Admin.CreateAsync(Bindings, "", Binding("b", "p", "default", """["Audit"]"""), Token);
            JsonObject open = Hook(fails, "default");
            open["webhooks"]![0]!["failurePolicy"] = "Ignore";
            await server.Admin.CreateAsync(MutatingHooks, "", open, Token);
            await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), Token);
            JsonObject closed = Hook(refuses, "default");
            closed.Metadata["name"] = "later";
            await server.Admin.CreateAsync(MutatingHooks, "", closed, Token);
            await RefusalAsync(() => server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("b"), Token));
        }

        JsonObject[] events = [.. File.ReadAllLines(path).Select(line => JsonNode.Parse(line)!.AsObject())];
        const string place = "mutation.webhook.admission.k8s.io/round_0_index_", asked = "\"webhook\":\"hook.test.example.com\",\"mutated\":false}";
        Assert.Equal(
            """[{"message":"failed expression: size(object.data) \u003c 0","policy":"p","binding":"b","expressionIndex":0,"validationActions":["Audit"]}]""",
            events[0].TextAt("annotations", "validation.policy.admission.k8s.io/validation_failure"));
        Assert.Equal("{\"configuration\":\"hook-default\"," + asked, events[0].TextAt("annotations", place + "0"));
        Assert.Equal("hook.test.example.com", events[0].TextAt("annotations", "failed-open." + place + "0"));
        Assert.Equal("{\"configuration\":\"later\"," + asked, events[1].TextAt("annotations", place + "1"));
        Assert.Equal(["hook.test.example.com/why"], events[1]["annotations"]!.AsObject().Select(a => a.Key).Where(k => k.StartsWith("hook.", StringComparison.Ordinal)));
    }

    private static JsonObject Hook(TestWebhook webhook, string ns, string version = "v1") => Json($$$$$"""
        {"metadata":{"name":"hook-{{{{{ns}}}}}"},"webhooks":[{"name":"hook.test.example.com","sideEffects":"None","admissionReviewVersions":["{{{{{version}}}}}"],
         "clientConfig":{"url":"{{{{{webhook.Url}}}}}","caBundle":"{{{{{webhook.CaBundle}}}}}"},"rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"],"operations":["*"]}],
         "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{{{ns}}}}}"}} }]}
        """);
}
