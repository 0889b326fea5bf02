using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Discovery;

/// <summary>APIServices say what a cluster serves; nothing is passed on to other API servers.</summary>
public sealed class ApiServiceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource ApiServices = new("apiregistration.k8s.io", "v1", "apiservices");

    private static CancellationToken Token => ServerFixture.Token;

    [Fact]
    public async Task List_OfAFreshCluster_HasOneOfEachVersionAllAvailable()
    {
        using KubeClient cluster = fixture.Server.AdminOf(await fixture.ClusterAsync("fresh"));

        IReadOnlyList<KubeObject> all = (await cluster.ListAsync(ApiServices, "", null, Token)).Items;

        Assert.Contains("v1.", all.Select(s => s.Name));
        Assert.Contains("v2.autoscaling", all.Select(s => s.Name));
        Assert.DoesNotContain("v1.apiregistration.k8s.io", all.Select(s => s.Name));
        Assert.All(all, s => Assert.Equal("True", Condition(s)?.TextAt("status")));
    }

    [Fact]
    public async Task CustomVersions_ComeAndGoWithTheirDefinition()
    {
        ClusterName with = await fixture.ClusterAsync("with"), without = await fixture.ClusterAsync("without");
        using KubeClient cluster = fixture.Server.AdminOf(with), other = fixture.Server.AdminOf(without);

        await cluster.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition(), Token);
        KubeObject service = await cluster.GetAsync(ApiServices, "", "v1.test.example.com", Token);
        KubeObject? elsewhere = await other.FindAsync(ApiServices, "", "v1.test.example.com", Token);
        await cluster.DeleteAsync(ServerFixture.Definitions, "", "widgets.test.example.com", null, Token);

        Assert.Equal("Local", Condition(service)?.TextAt("reason"));
        Assert.Null(elsewhere);
        await Eventually.TrueAsync(async () => await cluster.FindAsync(ApiServices, "", "v1.test.example.com", Token) is null, "it goes with its definition", cancellationToken: Token);
    }

    [Fact]
    public async Task Delete_OfWhatIsServed_ComesBack()
    {
        using KubeClient cluster = fixture.Server.AdminOf(await fixture.ClusterAsync("stubborn"));

        await cluster.DeleteAsync(ApiServices, "", "v1.apps", null, Token);

        await Eventually.TrueAsync(async () => await cluster.FindAsync(ApiServices, "", "v1.apps", Token) is not null, "it is back", cancellationToken: Token);
        Assert.Single((await cluster.ListAsync(ApiServices, "", null, Token)).Items, s => s.Name == "v1.apps");
    }

    [Fact]
    public async Task Create_WithAService_IsKeptAndSaidToBeUnavailable()
    {
        var service = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "v1beta1.metrics.k8s.io" },
            ["spec"] = new JsonObject
            {
                ["group"] = "metrics.k8s.io", ["version"] = "v1beta1", ["groupPriorityMinimum"] = 100, ["versionPriority"] = 100, ["insecureSkipTLSVerify"] = true,
                ["service"] = new JsonObject { ["name"] = "metrics-server", ["namespace"] = "kube-system" },
            },
        };

        await fixture.Admin.CreateAsync(ApiServices, "", service, Token);

        KubeObject said = await Eventually.SomeAsync(
            async () => await fixture.Admin.GetAsync(ApiServices, "", "v1beta1.metrics.k8s.io", Token) is var now && Condition(now) is not null ? now : null, "its condition comes", TimeSpan.FromSeconds(60), Token);
        Assert.Equal("False", Condition(said)!.TextAt("status"));
        Assert.Equal("AggregationNotServed", Condition(said)!.TextAt("reason"));
        Assert.Equal(443, said.NumberAt("spec", "service", "port"));
    }

    [Fact]
    public async Task Create_Wrong_IsRefusedFieldByField()
    {
        var service = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "v1.a.example.com" },
            ["spec"] = new JsonObject { ["group"] = "b.example.com", ["version"] = "v1", ["groupPriorityMinimum"] = 20_001, ["caBundle"] = "YQ==" },
        };

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(ApiServices, "", service, Token));

        Assert.Equal(422, refused.Code);
        Assert.Equal(["metadata.name", "spec.groupPriorityMinimum", "spec.versionPriority", "spec.caBundle"], refused.Status.Details!.Causes.Select(c => c.Field));
    }

    private static JsonObject? Condition(KubeObject service) => (JsonNode.Parse(service.Json.GetRawText())!.AsObject().NodeAt("status", "conditions") as JsonArray)?.OfType<JsonObject>().SingleOrDefault(c => c.TextAt("type") == "Available");
}
