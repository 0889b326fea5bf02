using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Fairness;

public sealed class FlowControlTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Schemas = new("flowcontrol.apiserver.k8s.io", "v1", "flowschemas");
    private static readonly GroupVersionResource Levels = new("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations");

    [Fact]
    public async Task List_FreshServer_ShowsWhatUpstreamBeginsWith()
    {
        KubeList schemas = await fixture.Admin.ListAsync(Schemas, "", null, ServerFixture.Token);
        KubeList levels = await fixture.Admin.ListAsync(Levels, "", null, ServerFixture.Token);

        Assert.Equal(
            ["catch-all", "endpoint-controller", "exempt", "global-default", "kube-controller-manager", "kube-scheduler", "kube-system-service-accounts", "probes",
                "service-accounts", "system-leader-election", "system-node-high", "system-nodes", "workload-leader-election"],
            schemas.Items.Select(s => s.Name));
        Assert.Equal(
            ["catch-all", "exempt", "global-default", "leader-election", "node-high", "system", "workload-high", "workload-low"],
            levels.Items.Select(l => l.Name));

        // Each schema leads to a level that is there.
        Assert.Empty(schemas.Items.Select(s => s.TextAt("spec", "priorityLevelConfiguration", "name")).Except(levels.Items.Select(l => l.Name)));
    }

    [Fact]
    public async Task Create_AFlowSchema_IsDefaultedAndKept()
    {
        JsonObject body = ServerFixture.Named("mine");
        body["spec"] = JsonNode.Parse("""
            {"priorityLevelConfiguration":{"name":"workload-low"},"rules":[{"subjects":[{"kind":"User","user":{"name":"ann"}}],
             "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"]}]}]}
            """);

        KubeObject made = await fixture.Admin.CreateAsync(Schemas, "", body, ServerFixture.Token);

        // Others look at what a fresh server has.
        await fixture.Admin.DeleteAsync(Schemas, "", "mine", null, ServerFixture.Token);
        Assert.Equal(1000, made.NumberAt("spec", "matchingPrecedence"));
        Assert.Equal(1, made.Generation);
    }

    [Fact]
    public async Task Status_OfAFlowSchema_SaysWhetherItsLevelIsThere()
    {
        KubeObject exempt = await fixture.Admin.GetAsync(Schemas, "", "probes", ServerFixture.Token);
        Assert.Equal("""False This FlowSchema references the PriorityLevelConfiguration object named "exempt" and it exists""", Dangling(exempt));

        JsonObject body = ServerFixture.Named("leads-nowhere");
        body["spec"] = JsonNode.Parse("""{"priorityLevelConfiguration":{"name":"later"}}""");
        await fixture.Admin.CreateAsync(Schemas, "", body, ServerFixture.Token);
        await IsAsync("""True This FlowSchema references the PriorityLevelConfiguration object named "later" but there is no such object""");

        JsonObject level = ServerFixture.Named("later");
        level["spec"] = JsonNode.Parse("""{"type":"Limited","limited":{"nominalConcurrencyShares":1,"limitResponse":{"type":"Reject"}}}""");
        await fixture.Admin.CreateAsync(Levels, "", level, ServerFixture.Token);
        await IsAsync("""False This FlowSchema references the PriorityLevelConfiguration object named "later" and it exists""");

        // Others look at what a fresh server has.
        await fixture.Admin.DeleteAsync(Schemas, "", "leads-nowhere", null, ServerFixture.Token);
        await fixture.Admin.DeleteAsync(Levels, "", "later", null, ServerFixture.Token);

        Task IsAsync(string wanted) => Orrery.Testing.Eventually.TrueAsync(
            async () => Dangling(await fixture.Admin.GetAsync(Schemas, "", "leads-nowhere", ServerFixture.Token)) == wanted, wanted, TimeSpan.FromSeconds(60), ServerFixture.Token);
        static string? Dangling(KubeObject schema) => (schema.ToJsonObject()["status"]?["conditions"] as JsonArray)?.OfType<JsonObject>().Select(c => $"{c["status"]} {c["message"]}").SingleOrDefault();
    }

    [Theory]
    [InlineData("""{"matchingPrecedence":1,"priorityLevelConfiguration":{"name":"x"}}""", "spec.matchingPrecedence")]
    [InlineData("""{"matchingPrecedence":10001,"priorityLevelConfiguration":{"name":"x"}}""", "spec.matchingPrecedence")]
    [InlineData("""{"priorityLevelConfiguration":{"name":""}}""", "spec.priorityLevelConfiguration.name")]
    [InlineData("""{"priorityLevelConfiguration":{"name":"x"},"distinguisherMethod":{"type":"ByMoon"}}""", "spec.distinguisherMethod.type")]
    [InlineData("""{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[{"kind":"Group","group":{"name":"g"},"user":{"name":"u"}}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/a*b"]}]}]}""",
        "spec.rules[0].subjects[0].user", "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]")]
    public async Task Create_AFlowSchemaWithFaults_NamesTheirFields(string spec, params string[] fields)
    {
        JsonObject body = ServerFixture.Named("faulty");
        body["spec"] = JsonNode.Parse(spec);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Schemas, "", body, ServerFixture.Token));

        Assert.Equal(422, refused.Code);
        Assert.Equal(fields, refused.Status.Details!.Causes.Select(c => c.Field));
    }

    [Fact]
    public async Task Delete_TheExemptSchema_ItComesBack()
    {
        await fixture.Admin.DeleteAsync(Schemas, "", "exempt", null, ServerFixture.Token);

        await Orrery.Testing.Eventually.TrueAsync(
            async () => (await fixture.Admin.ListAsync(Schemas, "", null, ServerFixture.Token)).Items.Any(s => s.Name == "exempt"), "it is there again", cancellationToken: ServerFixture.Token);
    }
}
