using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Clusters;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Clusters;

public sealed class ClusterRoomTests
{
    private static readonly ClusterName Shop = new("acme", "shop");
    private static readonly ClusterName Other = new("beta", "shop");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_BeyondTheObjectsOfACluster_IsForbiddenThereAlone()
    {
        await using TestServer server = await StartAsync(new ClusterRoom(6, 0));
        using KubeClient shop = server.AdminOf(Shop);
        using KubeClient other = server.AdminOf(Other);
        using KubeClient controlPlane = server.ControlPlane();

        StatusException full = await FillAsync(shop, "value");

        Assert.Equal(403, full.Code);
        Assert.Contains("configmaps \"c-", full.Message);
        Assert.EndsWith("is forbidden: virtual cluster acme/shop is full: it holds 6 objects, and may hold 6", full.Message);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => CreateAsync(shop, "dry", "value", dryRun: true))).Code);

        // 1. Nobody else is the worse for it.
        await CreateAsync(other, "mine", "value");
        await CreateAsync(server.Admin, "mine", "value");
        await CreateAsync(controlPlane.InCluster(Shop), "from-the-control-plane", "value");

        // 2. What is there can be changed, and makes room when it goes.
        await shop.PatchAsync(ServerFixture.ConfigMaps, "default", "c-0", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["k"] = "other" } }, Cancel);
        await shop.DeleteAsync(ServerFixture.ConfigMaps, "default", "c-0", null, Cancel);
        await shop.DeleteAsync(ServerFixture.ConfigMaps, "default", "from-the-control-plane", null, Cancel);
        await CreateAsync(shop, "again", "value");
    }

    [Fact]
    public async Task Write_BeyondTheBytesOfACluster_IsForbidden()
    {
        await using TestServer server = await StartAsync(new ClusterRoom(0, 20_000));
        using KubeClient shop = server.AdminOf(Shop);

        StatusException full = await FillAsync(shop, new string('x', 4_000));

        Assert.Contains("is full: its objects take ", full.Message);
        Assert.EndsWith(" bytes, and may take 20000", full.Message);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => ChangeAsync(shop, new string('x', 9_000)))).Code);
        await ChangeAsync(shop, new string('y', 4_000));
        await ChangeAsync(shop, "short");
        await CreateAsync(shop, "again", new string('x', 3_000));
    }

    [Fact]
    public async Task Start_OnWhatIsThere_CountsTheSame()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        string full;
        await using (TestServer server = await StartAsync(new ClusterRoom(6, 0), store))
        {
            using KubeClient shop = server.AdminOf(Shop);
            full = (await FillAsync(shop, "value")).Message;
        }

        await using TestServer again = await TestServer.StartAsync(Options(new ClusterRoom(6, 0), store), Cancel);
        using KubeClient client = again.AdminOf(Shop);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(client, full.Split('"')[1], "value"));
        Assert.Equal(full, refused.Message);
    }

    private static async Task<TestServer> StartAsync(ClusterRoom room, MemoryStore? store = null)
    {
        TestServer server = await TestServer.StartAsync(Options(room, store), Cancel);
        foreach (ClusterName cluster in (ClusterName[])[Shop, Other])
        {
            await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(cluster.Namespace), Cancel);
            await server.Admin.CreateAsync(OrreryResources.LogicalClusters, cluster.Namespace, ServerFixture.Named(cluster.Name), Cancel);
        }

        return server;
    }

    private static TestServerOptions Options(ClusterRoom room, MemoryStore? store) =>
        new() { Store = store, Configure = options => options with { VirtualClusterRoom = room } };

    /// <summary>Makes objects until one is refused. A cluster's first object brings its namespace with it, so how many fit is not the bound itself.</summary>
    private static async Task<StatusException> FillAsync(KubeClient client, string value)
    {
        for (int i = 0; i < 20; i++)
        {
            try
            {
                await CreateAsync(client, $"c-{i}", value);
            }
            catch (StatusException refused)
            {
                return refused;
            }
        }

        throw new InvalidOperationException("nothing was refused");
    }

    private static async Task CreateAsync(KubeClient client, string name, string value, bool dryRun = false) =>
        await client.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap(name, value), Cancel, dryRun: dryRun);

    private static async Task ChangeAsync(KubeClient client, string value) => await client.PatchAsync(
        ServerFixture.ConfigMaps, "default", "c-0", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["k"] = value } }, Cancel);
}
