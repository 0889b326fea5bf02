using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authentication;

/// <summary>Providers that an operator names in a file, and that a virtual cluster names for itself, at a real server.</summary>
public sealed class ProviderTests
{
    private static readonly GroupVersionResource SelfReviews = new("authentication.k8s.io", "v1", "selfsubjectreviews");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_NamesSeveralProviders_AndIsFollowed()
    {
        using var folder = new TempDirectory();
        using var log = new EventIds();
        await using Provider one = await Provider.StartAsync(), two = await Provider.StartAsync();
        string file = folder.File("authentication.yaml");
        await File.WriteAllTextAsync(file, one.Configuration("username: {claim: sub, prefix: 'one:'}"), Cancel);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { LoggerFactory = new LoggerFactory([log]), Configure = options => options with { AuthenticationFile = file } }, Cancel);

        Assert.Equal("one:ann", await WhoAsync(server, one, ClusterName.Root));
        Assert.Equal(401, await RefusedAsync(server, two, ClusterName.Root));

        // 1. What makes no sense changes nothing.
        await File.WriteAllTextAsync(file, "kind: nothing", Cancel);
        await Eventually.TrueAsync(() => log.Ids.Contains(2108), "the fault is logged", TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal("one:ann", await WhoAsync(server, one, ClusterName.Root));

        // 2. Two providers; nobody without a credential but at one path.
        await File.WriteAllTextAsync(file, one.Configuration("username: {claim: sub, prefix: 'uno:'}") + two.Entry("username: {claim: sub, prefix: 'two:'}") + "\nanonymous: {enabled: true, conditions: [{path: /livez}]}", Cancel);
        await Eventually.TrueAsync(async () => await RefusedAsync(server, two, ClusterName.Root) == 0, "the second provider is trusted", TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal("two:ann", await WhoAsync(server, two, ClusterName.Root));
        Assert.Equal("uno:ann", await WhoAsync(server, one, ClusterName.Root));
        using var raw = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.OK, (await raw.GetAsync("/livez", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await raw.GetAsync("/version", Cancel)).StatusCode);
    }

    [Fact]
    public async Task ClustersOwnProvider_LetsInItsUsersThereAlone_AndGoesWithTheConfigMap()
    {
        await using Provider provider = await Provider.StartAsync();
        await using TestServer server = await StartAsync(IPNetwork.Parse("127.0.0.0/8"));
        ClusterName shop = await ClusterAsync(server, "shop"), other = await ClusterAsync(server, "other");
        using KubeClient admin = server.AdminOf(shop);
        await admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system", Map(provider.Configuration("username: {claim: sub, prefix: 'acme:'}")), Cancel);

        Assert.Equal("acme:ann", await WhoAsync(server, provider, shop));
        Assert.Equal(401, await RefusedAsync(server, provider, other));
        Assert.Equal(401, await RefusedAsync(server, provider, ClusterName.Root));
        await admin.DeleteAsync(ServerFixture.ConfigMaps, "kube-system", "orrery-authentication", null, Cancel);
        Assert.Equal(401, await RefusedAsync(server, provider, shop));
    }

    [Fact]
    public async Task ClustersOwnProvider_OnThisMachine_IsNeverReached()
    {
        await using Provider provider = await Provider.StartAsync();
        await using TestServer server = await StartAsync();
        ClusterName shop = await ClusterAsync(server, "shop");
        using KubeClient admin = server.AdminOf(shop);
        await admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system", Map(provider.Configuration("username: {claim: sub, prefix: ''}")), Cancel);

        Assert.Equal(401, await RefusedAsync(server, provider, shop));
        Assert.Equal(0, provider.Connections);
    }

    [Fact]
    public async Task ClustersOwnProvider_IsNamedByNobodyButWhoMayBeAnybody_AndMakesSense()
    {
        await using Provider provider = await Provider.StartAsync();
        await using TestServer server = await StartAsync();
        ClusterName shop = await ClusterAsync(server, "shop");
        using KubeClient admin = server.AdminOf(shop);
        await admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "clusterrolebindings"), "", (JsonObject)JsonNode.Parse("""
            {"metadata":{"name":"editors"},"subjects":[{"kind":"User","name":"eve","apiGroup":"rbac.authorization.k8s.io"}],"roleRef":{"kind":"ClusterRole","name":"edit","apiGroup":"rbac.authorization.k8s.io"}}
            """)!, Cancel);
        using var eve = new KubeClient(server.Config(token: server.Token("eve", [], shop), cluster: shop));
        JsonObject good = Map(provider.Configuration("username: {claim: sub, prefix: ''}"));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => eve.CreateAsync(ServerFixture.ConfigMaps, "kube-system", good, Cancel));
        Assert.Equal("configmaps \"orrery-authentication\" is forbidden: user \"eve\" must be able to impersonate all users to say which providers of identities the cluster trusts", refused.Message);
        StatusException bad = await Assert.ThrowsAsync<StatusException>(() => admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system", Map("kind: x"), Cancel));
        Assert.Equal((422, "data[config.yaml]"), (bad.Code, bad.Status.Details!.Causes[0].Field));
        Assert.Equal(422, (await Assert.ThrowsAsync<StatusException>(() => admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system",
            Map(AuthenticationConfigurationTests.One("issuer: {url: 'https://kubernetes.default.svc', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}}")), Cancel))).Code);
        await admin.CreateAsync(ServerFixture.ConfigMaps, "kube-system", good, Cancel);
    }

    /// <summary>What was logged, by id.</summary>
    private sealed class EventIds : ILoggerProvider, ILogger
    {
        public ConcurrentBag<int> Ids { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Ids.Add(eventId.Id);

        public void Dispose()
        {
        }
    }

    private static Task<TestServer> StartAsync(params IReadOnlyList<IPNetwork> open) => TestServer.StartAsync(new TestServerOptions { WebhookAddresses = open }, Cancel);

    private static async Task<ClusterName> ClusterAsync(TestServer server, string name)
    {
        await server.Admin.CreateAsync(Orrery.Api.Kinds.OrreryResources.LogicalClusters, "default", ServerFixture.Named(name), Cancel);
        return new ClusterName("default", name);
    }

    private static JsonObject Map(string yaml) => new() { ["metadata"] = new JsonObject { ["name"] = "orrery-authentication" }, ["data"] = new JsonObject { ["config.yaml"] = yaml } };

    private static async Task<string?> WhoAsync(TestServer server, Provider provider, ClusterName cluster)
    {
        using var client = new KubeClient(server.Config(token: provider.Token(TimeProvider.System.GetUtcNow()), cluster: cluster));
        return (await client.CreateAsync(SelfReviews, "", new JsonObject(), Cancel)).TextAt("status", "userInfo", "username");
    }

    private static async Task<int> RefusedAsync(TestServer server, Provider provider, ClusterName cluster)
    {
        try
        {
            await WhoAsync(server, provider, cluster);
            return 0;
        }
        catch (StatusException refused)
        {
            return refused.Code;
        }
    }
}
