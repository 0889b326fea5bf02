using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>What an operator wants a quota for before anybody uses it.</summary>
public sealed class LimitedResourceTests
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");

    private const string Limited = """
        [{"resource":"pods","matchContains":["requests.cpu","limits."]},
         {"apiGroup":"apps","resource":"deployments","matchContains":["count/"]},
         {"resource":"persistentvolumeclaims","matchContains":[".storageclass.storage.k8s.io/requests.storage"]},
         {"resource":"pods","matchScopes":[{"scopeName":"PriorityClass","operator":"In","values":["high","higher"]}]}]
        """;

    [Fact]
    public async Task Create_OfWhatIsLimited_NeedsAQuotaThatSpeaksOfIt()
    {
        await using TestServer server = await StartAsync(Limited);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("team"), Token);
        JsonObject Using(string name) => Pod(name, """{"requests":{"cpu":"100m","memory":"1Gi"},"limits":{"memory":"1Gi","cpu":"1"}}""");

        // 1. What nobody limits needs none; what somebody does needs one for each name.
        await server.Admin.CreateAsync(ServerFixture.Pods, "team", Pod("plain", "{}"), Token);
        Assert.Equal("pods \"a\" is forbidden: insufficient quota to consume: limits.cpu,limits.memory,requests.cpu", await RefusedAsync(server, ServerFixture.Pods, Using("a"), 403));
        Assert.Equal(
            "deployments.apps \"web\" is forbidden: insufficient quota to consume: count/deployments.apps",
            await RefusedAsync(server, ServerFixture.Deployments, Json("""{"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""), 403));

        // 2. A quota of other pods speaks of none of these; one of some names of those alone.
        await server.Admin.CreateAsync(Quotas, "team", Json("""{"metadata":{"name":"others"},"spec":{"hard":{"requests.cpu":"2","limits.cpu":"2","limits.memory":"4Gi"},"scopes":["Terminating"]}}"""), Token);
        await server.Admin.CreateAsync(Quotas, "team", Quota("some", """{"requests.cpu":"150m","limits.memory":"4Gi"}"""), Token);
        Assert.Equal("pods \"a\" is forbidden: insufficient quota to consume: limits.cpu", await RefusedAsync(server, ServerFixture.Pods, Using("a"), 403));
        await server.Admin.CreateAsync(Quotas, "team", Quota("more", """{"limits.cpu":"4"}"""), Token);
        await server.Admin.CreateAsync(ServerFixture.Pods, "team", Using("a"), Token);
        Assert.StartsWith("pods \"b\" is forbidden: exceeded quota: some, ", await RefusedAsync(server, ServerFixture.Pods, Using("b"), 403), StringComparison.Ordinal);

        // 3. Claims of a class, and not those of none.
        JsonObject Claim(string name, string more) => Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} }{{more}}} }""");
        await server.Admin.CreateAsync(Claims, "team", Claim("a", ""), Token);
        Assert.Equal(
            "persistentvolumeclaims \"b\" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage",
            await RefusedAsync(server, Claims, Claim("b", ",\"storageClassName\":\"gold\""), 403));
    }

    [Fact]
    public async Task Create_WithinALimitedScope_NeedsAQuotaOfThatScope()
    {
        await using TestServer server = await StartAsync(Limited);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("team"), Token);
        foreach (string name in (string[])["high", "low"])
        {
            await server.Admin.CreateAsync(new GroupVersionResource("scheduling.k8s.io", "v1", "priorityclasses"), "", Json($$"""{"metadata":{"name":"{{name}}"},"value":7}"""), Token);
        }

        JsonObject Of(string name, string priority)
        {
            JsonObject pod = Pod(name, "{}");
            pod["spec"]!["priorityClassName"] = priority;
            return pod;
        }

        await server.Admin.CreateAsync(ServerFixture.Pods, "team", Of("a", "low"), Token);
        Assert.Equal("insufficient quota to match these scopes: [{PriorityClass In [high higher]}]", await RefusedAsync(server, ServerFixture.Pods, Of("b", "high"), 500));

        await server.Admin.CreateAsync(Quotas, "team", Json("""{"metadata":{"name":"high"},"spec":{"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["high"]}]}}}"""), Token);
        await server.Admin.CreateAsync(ServerFixture.Pods, "team", Of("b", "high"), Token);
        Assert.StartsWith("pods \"c\" is forbidden: exceeded quota: high, ", await RefusedAsync(server, ServerFixture.Pods, Of("c", "high"), 403), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"matchContains":["a"]}]""", "plugins[0].configuration.limitedResources[0].resource: Required value")]
    [InlineData("""[{"resource":"pods","matchContain":["a"]}]""", "plugins[0].configuration.limitedResources[0].matchContain: no such field")]
    [InlineData("""[{"resource":"pods","matchScopes":[{"operator":"In"}]}]""", "plugins[0].configuration.limitedResources[0].matchScopes[0].scopeName: Required value")]
    public void Parse_Malformed_NamesTheField(string limited, string message) => Assert.Equal(message, Assert.Throws<FormatException>(() => Parse(limited)).Message);

    private static AdmissionConfiguration Parse(string limited) => AdmissionConfiguration.Parse(
        $$"""
        {"apiVersion":"apiserver.config.k8s.io/v1","kind":"AdmissionConfiguration",
         "plugins":[{"name":"ResourceQuota","configuration":{"apiVersion":"apiserver.config.k8s.io/v1","kind":"ResourceQuotaConfiguration","limitedResources":{{limited}}} }]}
        """, _ => throw new FileNotFoundException());

    private static Task<TestServer> StartAsync(string limited) =>
        TestServer.StartAsync(new TestServerOptions { Configure = options => options with { AdmissionConfiguration = Parse(limited) } }, Token);

    private static async Task<string> RefusedAsync(TestServer server, GroupVersionResource resource, JsonObject json, int code)
    {
        StatusException refusal = await RefusalAsync(() => server.Admin.CreateAsync(resource, "team", json, Token));
        Assert.Equal(code, refusal.Code);
        return refusal.Message;
    }
}
