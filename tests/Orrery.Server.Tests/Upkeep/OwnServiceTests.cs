using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

/// <summary>The Service <c>kubernetes</c> that clients take for granted in every cluster.</summary>
public sealed class OwnServiceTests
{
    private static readonly GroupVersionResource Endpoints = new("", "v1", "endpoints");
    private static readonly GroupVersionResource Slices = new("discovery.k8s.io", "v1", "endpointslices");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_OfAFreshCluster_LeadsToWhereTheServerIsReached(bool isVirtual)
    {
        await using TestServer server = await StartAsync("https://192.0.2.7:6443");
        using KubeClient cluster = await ClientAsync(server, isVirtual);

        KubeObject service = Assert.Single((await cluster.ListAsync(ServerFixture.Services, "", null, Token)).Items);
        KubeObject endpoints = Assert.Single((await cluster.ListAsync(Endpoints, "default", null, Token)).Items);
        KubeObject slice = Assert.Single((await cluster.ListAsync(Slices, "", new ListQuery { LabelSelector = "kubernetes.io/service-name=kubernetes" }, Token)).Items);

        Assert.Equal(("default", "kubernetes", "10.96.0.1"), (service.Namespace, service.Name, service.TextAt("spec", "clusterIP")));
        Assert.Equal("""[{"name":"https","protocol":"TCP","port":443,"targetPort":6443}]""", service.At("spec", "ports")!.Value.GetRawText());
        Assert.Equal("""[{"addresses":[{"ip":"192.0.2.7"}],"ports":[{"name":"https","port":6443,"protocol":"TCP"}]}]""", endpoints.At("subsets")!.Value.GetRawText());
        Assert.Equal("""["192.0.2.7"]""", slice.At("endpoints")!.Value[0].GetProperty("addresses").GetRawText());
        Assert.Equal(("IPv4", 6443), (slice.TextAt("addressType"), slice.At("ports")!.Value[0].GetProperty("port").GetInt32()));
    }

    [Fact]
    public async Task Get_WhereTheServerIsReachedByName_HasASliceOfIt()
    {
        await using TestServer server = await StartAsync("https://api.example.com");
        using KubeClient cluster = await ClientAsync(server, isVirtual: true);

        KubeObject slice = await cluster.GetAsync(Slices, "default", "kubernetes", Token);

        Assert.Equal(("FQDN", 443), (slice.TextAt("addressType"), slice.At("ports")!.Value[0].GetProperty("port").GetInt32()));
        Assert.Null(await cluster.FindAsync(Endpoints, "default", "kubernetes", Token));
        Assert.Equal("FQDN", (await server.Admin.GetAsync(Slices, "default", "kubernetes", Token)).TextAt("addressType"));
    }

    [Fact]
    public async Task Get_OfAServerOnTheLoopbackAlone_HasNoEndpoints()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        using KubeClient cluster = await ClientAsync(server, isVirtual: true);

        Assert.NotNull(await cluster.FindAsync(ServerFixture.Services, "default", "kubernetes", Token));
        Assert.Null(await cluster.FindAsync(Endpoints, "default", "kubernetes", Token));
        Assert.Null(await server.Admin.FindAsync(Slices, "default", "kubernetes", Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delete_ComesBackAndItsWatchersSeeIt(bool isVirtual)
    {
        await using TestServer server = await StartAsync("https://192.0.2.7:6443");
        using KubeClient cluster = await ClientAsync(server, isVirtual);
        foreach (GroupVersionResource resource in (GroupVersionResource[])[ServerFixture.Services, Endpoints, Slices])
        {
            string start = (await cluster.ListAsync(resource, "default", null, Token)).ResourceVersion;
            await cluster.DeleteAsync(resource, "default", "kubernetes", null, Token);
            var seen = new List<string>();
            await foreach (WatchEvent next in cluster.WatchAsync(resource, "default", new WatchQuery { ResourceVersion = start, AllowBookmarks = false }, Token))
            {
                seen.Add($"{next.Type} {next.Object.Name}");
                if (seen.Count == 2)
                {
                    break;
                }
            }

            Assert.Equal(["Deleted kubernetes", "Added kubernetes"], seen);
            Assert.NotNull(await cluster.FindAsync(resource, "default", "kubernetes", Token));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Update_OfWhereItLeads_IsPutRightAndLabelsStay(bool isVirtual)
    {
        await using TestServer server = await StartAsync("https://192.0.2.7:6443");
        using KubeClient cluster = await ClientAsync(server, isVirtual);
        JsonObject patch = (JsonObject)JsonNode.Parse("""{"metadata":{"labels":{"mine":"yes"}},"subsets":[{"addresses":[{"ip":"192.0.2.66"}],"ports":[{"port":1}]}]}""")!;

        await cluster.PatchAsync(Endpoints, "default", "kubernetes", PatchKind.Merge, patch, Token);

        KubeObject right = await Eventually.SomeAsync(
            async () => await cluster.GetAsync(Endpoints, "default", "kubernetes", Token) is var now && now.At("subsets")!.Value.GetRawText().Contains("192.0.2.7", StringComparison.Ordinal) ? now : null,
            "it leads to the server again", cancellationToken: Token);
        Assert.Equal("yes", right.Labels["mine"]);
        Assert.DoesNotContain("192.0.2.66", right.At("subsets")!.Value.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>The address is its own from the start, although nothing is stored.</summary>
    [Fact]
    public async Task Create_AServiceWithItsAddress_IsRefused()
    {
        await using TestServer server = await StartAsync("https://192.0.2.7:6443");
        using KubeClient cluster = await ClientAsync(server, isVirtual: true);
        JsonObject service = ServerFixture.Named("thief");
        service["spec"] = JsonNode.Parse("""{"clusterIP":"10.96.0.1","ports":[{"port":80}]}""");

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => cluster.CreateAsync(ServerFixture.Services, "default", service, Token));

        Assert.Contains("provided IP is already allocated", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAnotherAddress_ShowsItAndTellsRootsWatchers()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        string start;
        await using (TestServer first = await StartAsync("https://192.0.2.7:6443", store))
        {
            (await ClientAsync(first, isVirtual: true)).Dispose();
            start = (await first.Admin.ListAsync(Endpoints, "default", null, Token)).ResourceVersion;
        }

        await using TestServer second = await StartAsync("https://192.0.2.8:6444", store);
        using KubeClient cluster = second.AdminOf(new ClusterName("t", "c"));

        await foreach (WatchEvent next in second.Admin.WatchAsync(Endpoints, "default", new WatchQuery { ResourceVersion = start, AllowBookmarks = false }, Token))
        {
            Assert.Contains("192.0.2.8", next.Object.At("subsets")!.Value.GetRawText(), StringComparison.Ordinal);
            break;
        }

        Assert.Contains("192.0.2.8", (await cluster.GetAsync(Endpoints, "default", "kubernetes", Token)).At("subsets")!.Value.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("6444", (await cluster.GetAsync(ServerFixture.Services, "default", "kubernetes", Token)).At("spec", "ports")!.Value.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>Each would put the other right, for ever.</summary>
    [Fact]
    public async Task Start_OfTwoServersOfOneStoreAtTwoAddresses_TheLaterIsNamedAndNobodyWritesOn()
    {
        await using var beneath = new MemoryStore(TimeProvider.System);
        await using var store = new StoreOfSeveral(beneath);
        await using TestServer first = await StartAsync("https://192.0.2.7:6443", store);
        await using TestServer second = await StartAsync("https://192.0.2.8:6443", store);
        KubeObject endpoints = await first.Admin.GetAsync(Endpoints, "default", "kubernetes", Token);
        Assert.Contains("192.0.2.8", endpoints.At("subsets")!.Value.GetRawText(), StringComparison.Ordinal);

        // What either would do, it would have done before it brings back what is deleted after that.
        await first.Admin.DeleteAsync(Slices, "default", "kubernetes", null, Token);
        await Eventually.TrueAsync(async () => await second.Admin.FindAsync(Slices, "default", "kubernetes", Token) is not null, "it is back", cancellationToken: Token);

        Assert.Equal(endpoints.ResourceVersion, (await second.Admin.GetAsync(Endpoints, "default", "kubernetes", Token)).ResourceVersion);
    }

    /// <summary>Thousands of virtual clusters have it, and whoever looks over all of them is shown what somebody wrote alone.</summary>
    [Fact]
    public async Task Fresh_VirtualCluster_StoresNoneOfIt()
    {
        await using TestServer server = await StartAsync("https://192.0.2.7:6443");
        (await ClientAsync(server, isVirtual: true)).Dispose();
        using KubeClient everywhere = server.ControlPlane().InCluster(ClusterName.All);

        foreach (GroupVersionResource resource in (GroupVersionResource[])[ServerFixture.Services, Endpoints, Slices])
        {
            Assert.Empty((await everywhere.ListAsync(resource, "", null, Token)).Items);
        }
    }

    private static Task<TestServer> StartAsync(string url, IStore? store = null) =>
        TestServer.StartAsync(new TestServerOptions { Store = store, Configure = options => options with { PublicUrl = new Uri(url) } }, Token);

    private static async Task<KubeClient> ClientAsync(TestServer server, bool isVirtual)
    {
        if (!isVirtual)
        {
            return new KubeClient(server.Config(token: server.AdminToken(ClusterName.Root)));
        }

        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("t"), Token);
        await server.Admin.CreateAsync(OrreryResources.LogicalClusters, "t", ServerFixture.Named("c"), Token);
        return server.AdminOf(new ClusterName("t", "c"));
    }
}
