using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

public sealed class EvictionTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Budgets = new("policy", "v1", "poddisruptionbudgets");

    private static CancellationToken Token => ServerFixture.Token;

    /// <summary>As upstream's <c>pkg/registry/core/pod/storage/eviction.go</c>: a pod that is not ready may go while enough others are, or always where its budget says so.</summary>
    [Theory]
    [InlineData(true, null, 3, 0, 429)]
    [InlineData(true, "AlwaysAllow", 3, 0, 429)]
    [InlineData(true, null, 3, 1, 201)]
    [InlineData(false, null, 3, 0, 201)]
    [InlineData(false, null, 2, 0, 429)]
    [InlineData(false, "IfHealthyBudget", 2, 0, 429)]
    [InlineData(false, "AlwaysAllow", 2, 0, 201)]
    public async Task Evict_PodWithABudget_AsItIsReadyAndTheBudgetSays(bool isReady, string? policy, int healthy, int allowed, int code)
    {
        string ns = await fixture.NamespaceAsync();
        await PodAsync(ns, isReady);
        await BudgetAsync(ns, policy, healthy, allowed);

        (int answered, JsonObject body) = await EvictAsync(ns);

        Assert.Equal(code, answered);
        if (code == 429)
        {
            Assert.Equal($"The disruption budget b needs 3 healthy pods and has {healthy} currently", body["details"]!["causes"]![0]!["message"]!.GetValue<string>());
        }

        long? left = (await fixture.Admin.GetAsync(Budgets, ns, "b", Token)).NumberAt("status", "disruptionsAllowed");
        Assert.Equal(code == 201 && isReady ? allowed - 1 : allowed, left);
    }

    [Fact]
    public async Task Evict_WithPreconditions_HoldsForThatPodAlone()
    {
        string ns = await fixture.NamespaceAsync();
        await PodAsync(ns, isReady: true);
        await BudgetAsync(ns, null, 3, 1);
        KubeObject before = await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", Token);

        (int other, _) = await EvictAsync(ns, new JsonObject { ["uid"] = "00000000-0000-0000-0000-000000000000" });
        (int older, _) = await EvictAsync(ns, new JsonObject { ["resourceVersion"] = "1" });
        KubeObject after = await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", Token);
        long? left = (await fixture.Admin.GetAsync(Budgets, ns, "b", Token)).NumberAt("status", "disruptionsAllowed");
        (int right, _) = await EvictAsync(ns, new JsonObject { ["uid"] = before.Uid, ["resourceVersion"] = before.ResourceVersion });

        Assert.Equal((409, 409, 201), (other, older, right));
        Assert.Equal(before.ResourceVersion, after.ResourceVersion);
        Assert.Equal(1, left);
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.Pods, ns, "p", Token));
    }

    /// <summary>It counts for its budget once it runs, also where it did not when the request came.</summary>
    [Theory]
    [InlineData(0, 429)]
    [InlineData(1, 201)]
    public async Task Evict_PodThatBeginsToRunMeanwhile_AsItsBudgetSays(int allowed, int code)
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject pod = ServerFixture.Pod("p");
        pod.Metadata["labels"] = new JsonObject { ["app"] = "p" };
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, pod, Token);
        await BudgetAsync(ns, null, 3, allowed);
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            async (_, http) =>
            {
                JsonObject review = JsonNode.Parse(await new StreamReader(http.Request.Body).ReadToEndAsync(Token))!.AsObject();
                await ReadyAsync(ns, isReady: true);
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(TestWebhook.Answer(review, true).ToJsonString(), Token);
            }, Token);
        await fixture.Admin.CreateAsync(
            new GroupVersionResource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), "",
            JsonNode.Parse($$"""
                {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "evictions-in-{{ns}}"},
                 "webhooks": [{"name": "hook.test.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 30, "clientConfig": {"url": "{{webhook.Url}}", "caBundle": "{{webhook.CaBundle}}"},
                               "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{{ns}}"} }, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods/eviction"]}]}]}
                """)!.AsObject(), Token);

        (int answered, _) = await EvictAsync(ns);

        Assert.Equal(code, answered);
        Assert.Equal(code == 429, await fixture.Admin.FindAsync(ServerFixture.Pods, ns, "p", Token) is not null);
        Assert.Equal(0, (await fixture.Admin.GetAsync(Budgets, ns, "b", Token)).NumberAt("status", "disruptionsAllowed"));
    }

    private async Task PodAsync(string ns, bool isReady)
    {
        JsonObject pod = ServerFixture.Pod("p");
        pod.Metadata["labels"] = new JsonObject { ["app"] = "p" };
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, pod, Token);
        await ReadyAsync(ns, isReady);
    }

    private Task ReadyAsync(string ns, bool isReady) => fixture.Admin.PatchAsync(
        ServerFixture.Pods, ns, "p", PatchKind.Merge,
        new JsonObject { ["status"] = new JsonObject { ["phase"] = "Running", ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = isReady ? "True" : "False" }) } }, Token, "status");

    private async Task BudgetAsync(string ns, string? policy, int healthy, int allowed)
    {
        await fixture.Admin.CreateAsync(
            Budgets, ns,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "b" },
                ["spec"] = new JsonObject { ["minAvailable"] = 3, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "p" } }, ["unhealthyPodEvictionPolicy"] = policy },
            }, Token);
        await fixture.Admin.PatchAsync(
            Budgets, ns, "b", PatchKind.Merge,
            new JsonObject
            {
                ["status"] = new JsonObject { ["observedGeneration"] = 1, ["disruptionsAllowed"] = allowed, ["currentHealthy"] = healthy, ["desiredHealthy"] = 3, ["expectedPods"] = 4 },
            }, Token, "status");
    }

    private async Task<(int Code, JsonObject Body)> EvictAsync(string ns, JsonObject? preconditions = null)
    {
        using var http = new RawHttp(fixture.Server);
        var eviction = new JsonObject { ["apiVersion"] = "policy/v1", ["kind"] = "Eviction", ["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = ns } };
        if (preconditions is not null)
        {
            eviction["deleteOptions"] = new JsonObject { ["preconditions"] = preconditions };
        }

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/p/eviction", eviction.ToJsonString());
        return ((int)answer.StatusCode, await RawHttp.JsonAsync(answer));
    }
}
