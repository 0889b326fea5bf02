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
    public async Task Watch_TellsOfThoseThatComeAndGoWithDefinitions()
    {
        ClusterName name = await fixture.ClusterAsync("watched"), elsewhere = await fixture.ClusterAsync("elsewhere");
        using KubeClient cluster = fixture.Server.AdminOf(name), other = fixture.Server.AdminOf(elsewhere);
        KubeList start = await cluster.ListAsync(ApiServices, "", null, Token);

        // 1. Two definitions of one version; then another version of one of them, which is taken away again; then both go.
        await other.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("strangers"), Token);
        await cluster.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("firsts"), Token);
        await cluster.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("seconds"), Token);
        JsonNode versions = ServerFixture.Definition()["spec"]!["versions"]!;
        JsonObject second = (JsonObject)versions[0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2", false);
        await PatchAsync([versions[0]!.DeepClone(), second.DeepClone()]);
        second["served"] = false;
        await PatchAsync([versions[0]!.DeepClone(), second]);
        await GoneAsync("firsts");
        await GoneAsync("seconds");

        // 2. From the list on, by a watch that was there and one that comes later, and one of a single name.
        string[] expected = ["Added v1.test.example.com", "Added v2.test.example.com", "Deleted v2.test.example.com", "Deleted v1.test.example.com"];
        Assert.Equal(expected, await SeenAsync(new WatchQuery { ResourceVersion = start.ResourceVersion, AllowBookmarks = false }, 4));
        Assert.Equal([expected[1], expected[2]], await SeenAsync(new WatchQuery { ResourceVersion = start.ResourceVersion, AllowBookmarks = false, FieldSelector = "metadata.name=v2.test.example.com" }, 2));

        async Task PatchAsync(JsonNode[] to) => await cluster.PatchAsync(
            ServerFixture.Definitions, "", "firsts.test.example.com", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["versions"] = new JsonArray(to) } }, Token);

        async Task GoneAsync(string plural)
        {
            await cluster.DeleteAsync(ServerFixture.Definitions, "", plural + ".test.example.com", null, Token);
            await Eventually.TrueAsync(async () => await cluster.FindAsync(ServerFixture.Definitions, "", plural + ".test.example.com", Token) is null, "it is gone", cancellationToken: Token);
        }

        async Task<List<string>> SeenAsync(WatchQuery query, int count)
        {
            var seen = new List<string>();
            long last = long.Parse(start.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);
            await foreach (WatchEvent next in cluster.WatchAsync(ApiServices, "", query, Token))
            {
                seen.Add($"{next.Type} {next.Object.Name}");
                Assert.Equal("True", Condition(next.Object)!.TextAt("status"));
                long now = long.Parse(next.Object.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(now > last, $"{now} after {last}");
                last = now;
                if (seen.Count == count)
                {
                    break;
                }
            }

            return seen;
        }
    }

    /// <summary>A watch that is open hears of a definition at once, and goes on with what is stored.</summary>
    [Fact]
    public async Task Watch_ThatIsOpen_HearsOfDefinitionsAndOfWhatIsStored()
    {
        using KubeClient cluster = fixture.Server.AdminOf(await fixture.ClusterAsync("open"));
        string start = (await cluster.ListAsync(ApiServices, "", null, Token)).ResourceVersion;
        await using IAsyncEnumerator<WatchEvent> watch = cluster.WatchAsync(ApiServices, "", new WatchQuery { ResourceVersion = start, AllowBookmarks = false }, Token).GetAsyncEnumerator(Token);

        ValueTask<bool> first = watch.MoveNextAsync();
        await cluster.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition(), Token);
        Assert.True(await first);
        Assert.Equal("v1.test.example.com", watch.Current.Object.Name);

        ValueTask<bool> second = watch.MoveNextAsync();
        JsonObject service = ServerFixture.Named("v1.written.example.com");
        service["spec"] = new JsonObject { ["group"] = "written.example.com", ["version"] = "v1", ["groupPriorityMinimum"] = 100, ["versionPriority"] = 100 };
        await cluster.CreateAsync(ApiServices, "", service, Token);
        Assert.True(await second);
        Assert.Equal("v1.written.example.com", watch.Current.Object.Name);
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
