using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using static Orrery.Server.Tests.Admission.AdmissionWorld;
using static Orrery.Server.Tests.Admission.PolicyWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class ValidatingPolicyTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    [Theory]
    [InlineData("""{"expression":"object.data.k == 'good'"}""", 422, "Invalid", "failed expression: object.data.k == 'good'")]
    [InlineData("""{"expression":"object.data.k == 'good'","message":" be good "}""", 422, "Invalid", "be good")]
    [InlineData("""{"expression":"object.data.k == 'good'","messageExpression":"'not ' + object.data.k","message":"x","reason":"Unauthorized"}""", 401, "Unauthorized", "not bad")]
    [InlineData("""{"expression":"object.data.k == 'good'","messageExpression":"'not ' + object.data.none","message":"x","reason":"RequestEntityTooLarge"}""", 413, "RequestEntityTooLarge", "x")]
    [InlineData("""{"expression":"object.data.none == 'good'","reason":"Forbidden"}""", 422, "Invalid", "expression 'object.data.none == 'good'' resulted in error: no such key: none")]
    [InlineData("""{"expression":"variables.loud == 'GOOD' && variables.never"}""", 422, "Invalid", "failed expression: variables.loud == 'GOOD' && variables.never")]
    [InlineData("""{"expression":"variables.loud == 'BAD' && variables.never"}""", 422, "Invalid",
        "expression 'variables.loud == 'BAD' && variables.never' resulted in error: composited variable \"never\" fails to evaluate: no such key: never")]
    public async Task Create_ARefusedObject_SaysWhy(string validation, int code, string reason, string why)
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, $$"""
            "variables":[{"name":"k","expression":"object.data.k"},{"name":"loud","expression":"variables.k.upperAscii()"},{"name":"never","expression":"object.never"}],
            "validations":[{{validation}}]
            """);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "bad"), Token));

        string message = $"ValidatingAdmissionPolicy '{ns}' with binding '{ns}' denied request: {why}";
        Assert.Equal((code, reason, $"configmaps \"a\" is forbidden: {message}"), (refusal.Code, refusal.Status.Reason, refusal.Message));
        Assert.Equal(message, refusal.Status.Details!.Causes!.Single().Message);
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", Token));
    }

    [Theory]
    [InlineData("namespaceObject.metadata.name == request.namespace")]
    [InlineData("request.operation == 'CREATE' && request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && !request.dryRun")]
    [InlineData("request.userInfo.username == 'test-admin' && 'system:masters' in request.userInfo.groups")]
    [InlineData("!has(request.subResource) && request.name == 'a' && oldObject == null && request.options.kind == 'CreateOptions'")]
    [InlineData("authorizer.group('').resource('secrets').namespace(request.namespace).name('s').check('get').allowed()")]
    [InlineData("!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('get').allowed()")]
    [InlineData("authorizer.requestResource.check('delete').allowed() && authorizer.path('/healthz').check('get').allowed()")]
    [InlineData("has(object.metadata.uid) && has(object.metadata.creationTimestamp)")]
    [InlineData("!has(oldObject.metadata) && oldObject.?metadata.?labels == optional.none()")]
    public async Task Create_WhatExpressionsMayUse_IsThere(string expression)
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, $$"""  "validations":[{"expression":{{JsonValue.Create(expression).ToJsonString()}} }]  """);

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
    }

    /// <summary>Whoever says which addresses and ports a Service may have sees those that it got.</summary>
    [Fact]
    public async Task Write_OfAService_IsJudgedWithWhatItWasGiven()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(
            fixture.Admin, ns, """  "validations":[{"expression":"!has(object.spec.clusterIP) || !has(object.spec.ports[0].nodePort)","messageExpression":"object.spec.clusterIP + ' ' + string(object.spec.ports[0].nodePort)"}]  """,
            """{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE","UPDATE"],"resources":["services"]}""");

        StatusException refused = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("NodePort"), Token));
        await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("ClusterIP"), Token);
        StatusException changed = await RefusalAsync(() => fixture.Admin.UpdateAsync(ServerFixture.Services, ns, "s", Service("NodePort"), Token));

        Assert.Matches(@"denied request: 10\.\d+\.\d+\.\d+ 3\d{4}$", refused.Message);
        Assert.Matches(@"denied request: 10\.\d+\.\d+\.\d+ 3\d{4}$", changed.Message);

        static JsonObject Service(string type) => Json($$"""{"metadata":{"name":"s"},"spec":{"type":"{{type}}","ports":[{"port":80}]} }""");
    }

    [Fact]
    public async Task Write_OfAnotherNamespaceResourceOrOperation_IsNotJudged()
    {
        string ns = await fixture.NamespaceAsync(), other = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("before"), Token);
        await BindAsync(fixture.Admin, ns, """  "validations":[{"expression":"false"}]  """);

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, other, ServerFixture.ConfigMap("a"), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "before", null, Token);
        await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));
    }

    [Theory]
    [InlineData("""{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*"],"resourceNames":["a"]}""", true, false)]
    [InlineData("""{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["*/*"],"scope":"Namespaced"}""", true, true)]
    [InlineData("""{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["*"],"scope":"Cluster"}""", false, false)]
    [InlineData("""{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps/*"]}""", true, true)]
    [InlineData("""{"apiGroups":[""],"apiVersions":["v2"],"operations":["CREATE"],"resources":["configmaps"]}""", false, false)]
    [InlineData("""{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps/status"]}""", false, false)]
    public async Task Create_ByItsRule_IsRefusedOrNot(string rule, bool first, bool second)
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, """  "validations":[{"expression":"false"}]  """, rule);

        foreach ((string name, bool refused) in new[] { ("a", first), ("b", second) })
        {
            (int code, _, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ServerFixture.ConfigMap(name));
            Assert.Equal(refused ? 422 : 201, code);
        }
    }

    [Fact]
    public async Task Write_WarnAndAudit_LetThePassAndWarn()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, """  "validations":[{"expression":"false","message":"not like this"}]  """, actions: """["Warn","Audit"]""");

        (int code, _, string[] warnings) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ServerFixture.ConfigMap("a"));

        Assert.Equal(201, code);
        Assert.Equal([$"Validation failed for ValidatingAdmissionPolicy '{ns}' with binding '{ns}': not like this"], warnings);
    }

    [Theory]
    [InlineData("true", "false", true)]
    [InlineData("false", "object.none.x == 1", true)]
    [InlineData("true", "object.none.x == 1", false)]
    public async Task Write_ConditionsThatDoNotHold_LeaveThePolicyOut(string first, string second, bool passes)
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, $$"""
            "matchConditions":[{"name":"one","expression":"{{first}}"},{"name":"two","expression":"{{second}}"}],
            "validations":[{"expression":"false"}]
            """);

        (int code, JsonObject body, _) = await SendAsync(fixture.Server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ServerFixture.ConfigMap("a"));

        Assert.Equal(passes ? 201 : 422, code);
        Assert.True(passes || body["message"]!.GetValue<string>().EndsWith($"denied request: expression '{second}' resulted in error: no such key: none", StringComparison.Ordinal), body.ToJsonString());
    }

    [Fact]
    public async Task Write_FailurePolicyIgnore_PassesWhatCannotBeWorkedOut()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(fixture.Admin, ns, """  "failurePolicy":"Ignore","validations":[{"expression":"object.none.x == 1"},{"expression":"object.data.k != 'bad'"}]  """);

        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("b", "bad"), Token));
    }

    [Fact]
    public async Task Write_WithParameters_IsJudgedByEachOfThem()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(
            fixture.Admin, ns,
            """  "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"object.data.k.size() <= int(params.data.most)","messageExpression":"'longer than ' + params.data.most"}]  """,
            more: ""","paramRef":{"selector":{"matchLabels":{"role":"param"}},"parameterNotFoundAction":"Deny"}""");

        StatusException none = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "four"), Token));
        Assert.EndsWith("denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", none.Message, StringComparison.Ordinal);

        string elsewhere = await fixture.NamespaceAsync();
        await fixture.Admin.PatchAsync(PolicyWorld.Bindings, "", ns, PatchKind.Merge, Json($$"""{"spec":{"paramRef":{"namespace":"{{elsewhere}}"} } }"""), Token);
        foreach ((string name, string most) in new[] { ("wide", "9"), ("narrow", "3") })
        {
            JsonObject param = ServerFixture.ConfigMap(name, "v", ("role", "param"));
            param["data"] = new JsonObject { ["most"] = most };
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, elsewhere, param, Token);
        }

        StatusException tooLong = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "four"), Token));
        Assert.EndsWith("denied request: longer than 3", tooLong.Message, StringComparison.Ordinal);
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, elsewhere, "narrow", null, Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "four"), Token);
    }

    [Fact]
    public async Task Delete_ByPolicy_IsRefusedAlsoInACollection()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("keep"), Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("gone"), Token);
        await BindAsync(
            fixture.Admin, ns, """  "validations":[{"expression":"oldObject.metadata.name != 'keep' && object == null","message":"it stays"}]  """,
            """{"apiGroups":[""],"apiVersions":["v1"],"operations":["DELETE"],"resources":["configmaps"]}""");

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "gone", null, Token);
        await RefusalAsync(() => fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "keep", null, Token));
        await RefusalAsync(() => fixture.Admin.DeleteCollectionAsync(ServerFixture.ConfigMaps, ns, null, null, Token));
        Assert.NotNull(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "keep", Token));
    }

    [Fact]
    public async Task Write_OfAScale_IsJudgedAsAScale()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(
            fixture.Admin, ns, """  "validations":[{"expression":"object.kind == 'Scale' && object.spec.replicas <= 3 && oldObject.spec.replicas == 2"}]  """,
            """{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["UPDATE"],"resources":["deployments/scale"]}""");
        await fixture.Admin.CreateAsync(ServerFixture.Deployments, ns, Json("""
            {"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}
            """), Token);

        await RefusalAsync(() => fixture.Admin.PatchAsync(ServerFixture.Deployments, ns, "d", PatchKind.Merge, Json("""{"spec":{"replicas":4}}"""), Token, "scale"));
        await fixture.Admin.PatchAsync(ServerFixture.Deployments, ns, "d", PatchKind.Merge, Json("""{"spec":{"replicas":3}}"""), Token, "scale");
        await fixture.Admin.PatchAsync(ServerFixture.Deployments, ns, "d", PatchKind.Merge, Json("""{"spec":{"replicas":9}}"""), Token);
    }

    [Fact]
    public async Task Write_InAnotherVersion_IsJudgedInThatOfTheRule()
    {
        string ns = await fixture.NamespaceAsync();
        await BindAsync(
            fixture.Admin, ns, """  "validations":[{"expression":"object.apiVersion == 'autoscaling/v2' && object.spec.metrics[0].resource.target.averageUtilization <= 80 && request.requestKind.version == 'v1' && request.kind.version == 'v2'"}]  """,
            """{"apiGroups":["autoscaling"],"apiVersions":["v2"],"operations":["CREATE"],"resources":["horizontalpodautoscalers"]}""");
        var v1 = new GroupVersionResource("autoscaling", "v1", "horizontalpodautoscalers");
        JsonObject Autoscaler(string name, int target) => Json($$"""
            {"metadata":{"name":"{{name}}"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,"targetCPUUtilizationPercentage":{{target}} } }
            """);

        await fixture.Admin.CreateAsync(v1, ns, Autoscaler("fine", 80), Token);
        await RefusalAsync(() => fixture.Admin.CreateAsync(v1, ns, Autoscaler("hot", 90), Token));
        await fixture.Admin.PatchAsync(Policies, "", ns, PatchKind.Merge, Json("""{"spec":{"matchConstraints":{"matchPolicy":"Exact"}}}"""), Token);
        await fixture.Admin.CreateAsync(v1, ns, Autoscaler("hot", 90), Token);
    }

    [Fact]
    public async Task Write_TooExpensive_IsStopped()
    {
        string ns = await fixture.NamespaceAsync();
        string list = "[" + string.Join(',', Enumerable.Range(0, 200)) + "]";
        await BindAsync(fixture.Admin, ns, $$"""  "validations":[{"expression":"{{list}}.all(a, {{list}}.all(b, {{list}}.all(c, a + b + c >= 0)))"}]  """);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.EndsWith("resulted in error: operation cancelled: actual cost limit exceeded", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_APolicyOfAnotherCluster_IsNotAsked()
    {
        ClusterName cluster = await fixture.ClusterAsync("judged");
        using KubeClient there = fixture.Server.AdminOf(cluster);
        await there.CreateAsync(Policies, "", Policy("all", """  "validations":[{"expression":"object.kind == 'Namespace'"}]  """, """{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*"]}"""), Token);
        await there.CreateAsync(PolicyWorld.Bindings, "", Binding("all", "all", null), Token);

        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        await RefusalAsync(() => there.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), Token));

        // The server's own upkeep goes on: a new namespace has what belongs to it.
        await there.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("late"), Token);
        Assert.NotNull(await there.FindAsync(new GroupVersionResource("", "v1", "serviceaccounts"), "late", "default", Token));
    }

    [Fact]
    public async Task Create_APolicyOverWhatItsAuthorMayNotRead_IsRefused()
    {
        await fixture.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "clusterroles"), "", Json("""
            {"metadata":{"name":"author"},"rules":[{"apiGroups":["admissionregistration.k8s.io"],"resources":["*"],"verbs":["*"]},{"apiGroups":[""],"resources":["configmaps"],"verbs":["get"]}]}
            """), Token);
        await fixture.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "clusterrolebindings"), "", Json("""
            {"metadata":{"name":"author"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"author"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"author"}]}
            """), Token);
        using var author = new KubeClient(fixture.Server.Config(fixture.Server.Certificate("author", [], Orrery.Server.Authentication.ClusterScope.Root)));
        JsonObject Over(string kind) => Policy($"over-{kind.ToLowerInvariant()}", $$"""  "paramKind":{"apiVersion":"v1","kind":"{{kind}}"},"validations":[{"expression":"true"}]  """);
        const string reference = ""","paramRef":{"name":"s","namespace":"default","parameterNotFoundAction":"Deny"}""";

        StatusException refusal = await RefusalAsync(() => author.CreateAsync(Policies, "", Over("Secret"), Token));
        Assert.EndsWith("spec.paramKind: Forbidden: user author must have \"get\" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)", refusal.Message, StringComparison.Ordinal);
        await author.CreateAsync(Policies, "", Over("ConfigMap"), Token);
        await fixture.Admin.CreateAsync(Policies, "", Over("Secret"), Token);

        await RefusalAsync(() => author.CreateAsync(PolicyWorld.Bindings, "", Binding("over-secret", "over-secret", "nowhere", more: reference), Token));
        await author.CreateAsync(PolicyWorld.Bindings, "", Binding("over-configmap", "over-configmap", "nowhere", more: reference), Token);
    }

    [Fact]
    public async Task Create_OfPoliciesThatCannotWork_SaysEveryFault()
    {
        (int code, JsonObject body, _) = await SendAsync(fixture.Server, HttpMethod.Post, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", Json("""
            {"metadata":{"name":"bad"},"spec":{"failurePolicy":"Maybe","paramKind":{"apiVersion":"a/b/c","kind":""},
             "matchConstraints":{"resourceRules":[{"apiGroups":["*","x"],"apiVersions":[],"operations":["EAT"],"resources":["pods/*","pods/log"]}]},
             "matchConditions":[{"name":"a b","expression":"1"}],
             "variables":[{"name":"for","expression":"1"},{"name":"x","expression":"variables.y"}],
             "validations":[{"expression":"1 + 1","reason":"NotFound"},{"expression":" "},{"expression":"true","message":"a\nb","messageExpression":"1"},{"expression":"object.immutable"}],
             "auditAnnotations":[{"key":"k","valueExpression":"1"},{"key":"k","valueExpression":"null"}]}}
            """));

        Assert.Equal(422, code);
        string[] faults = [.. body["details"]!["causes"]!.AsArray().Select(c => $"{c!["field"]}: {c["message"]}".Split('\n')[0])];
        Assert.Equal(
        [
            "spec.failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"",
            "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
            "spec.paramKind.kind: Required value",
            "spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: \"EAT\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"",
            "spec.matchConstraints.resourceRules[0].apiGroups: Invalid value: [\"*\",\"x\"]: if '*' is present, must not specify other API groups",
            "spec.matchConstraints.resourceRules[0].apiVersions: Required value",
            "spec.matchConstraints.resourceRules[0].resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
            "spec.matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool but got int",
            "spec.matchConditions[0].name: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.variables[0].name: Invalid value: \"for\": name is not a valid CEL identifier",
            "spec.variables[1].expression: Invalid value: \"variables.y\": compilation failed: ERROR: <input>:1:10: undefined field 'y'",
            "spec.validations[0].expression: Invalid value: \"1 + 1\": must evaluate to bool but got int",
            "spec.validations[0].reason: Unsupported value: \"NotFound\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\", \"Unauthorized\"",
            "spec.validations[1].expression: Required value: expression is not specified",
            "spec.validations[2].messageExpression: Invalid value: \"1\": must evaluate to string but got int",
            "spec.validations[2].message: Invalid value: \"a\\nb\": message must not contain line breaks",
            "spec.validations[3].expression: Invalid value: \"object.immutable\": must evaluate to bool but got dyn",
            "spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to one of [string null_type] but got int",
            "spec.auditAnnotations[1].key: Duplicate value: \"k\"",
        ], faults);
    }
}
