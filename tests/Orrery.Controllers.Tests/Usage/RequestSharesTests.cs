using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Crds;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Usage;

/// <summary>What servers say of the requests that they took.</summary>
public sealed class RequestSharesTests
{
    private static readonly ClusterName Shop = new("acme", "shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_ThatEndsInOrder_HasToldOfEveryRequestUnderItsOwnName()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using (TestServer first = await StartAsync(store))
        {
            await CustomResourceInstaller.InstallAsync(first.Admin, TimeProvider.System, Token);
            await first.Admin.CreateAsync(CoreResources.Namespaces, "", Named("acme", new JsonObject { [OrreryNames.TenantLabel] = "acme-inc" }), Token);
            await first.Admin.CreateAsync(CoreResources.Namespaces, "", Named("nobodys", []), Token);
            await first.Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", Named("shop", []), Token);
            await first.Admin.CreateAsync(OrreryResources.LogicalClusters, "nobodys", Named("shop", []), Token);
            await AskAsync(first, Shop, 3);
            await AskAsync(first, new ClusterName("nobodys", "shop"), 2);

            // The control plane's own are not the tenant's.
            using KubeClient controlPlane = first.ControlPlane();
            await controlPlane.InCluster(Shop).ListAsync(CoreResources.Namespaces, "", null, Token);
        }

        await using (TestServer second = await StartAsync(store))
        {
            await AskAsync(second, Shop, 4);

            // The last requests before a cluster goes are not lost either.
            await second.Admin.DeleteAsync(OrreryResources.LogicalClusters, "acme", "shop", null, Token);
            await Eventually.TrueAsync(async () => await second.Admin.FindAsync(OrreryResources.LogicalClusters, "acme", "shop", Token) is null, "the cluster has gone", cancellationToken: Token);
        }

        await using TestServer third = await StartAsync(store);
        KubeObject[] days = [.. (await third.Admin.ListAsync(OrreryResources.TenantUsages, "", null, Token)).Items];
        Assert.All(days, d => Assert.Equal("acme-inc", d.TextAt("spec", "tenant")));
        var told = days.SelectMany(d => d.ToJsonObject()["spec"]!["requests"]!.AsObject()).GroupBy(s => s.Key, s => s.Value!.AsObject().Sum(h => (long)h.Value!)).Select(s => s.Sum()).Order();
        Assert.Equal([3, 4], told);
    }

    [Fact]
    public async Task Servers_ThatTellAtOneMoment_LoseAndDoubleNothing()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        TestServer[] servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StartAsync(store)));
        await CustomResourceInstaller.InstallAsync(servers[0].Admin, TimeProvider.System, Token);
        await servers[0].Admin.CreateAsync(CoreResources.Namespaces, "", Named("acme", new JsonObject { [OrreryNames.TenantLabel] = "acme-inc" }), Token);
        await servers[0].Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", Named("shop", []), Token);
        foreach (TestServer server in servers)
        {
            await Eventually.TrueAsync(
                async () => await server.Admin.FindAsync(OrreryResources.LogicalClusters, "acme", "shop", Token) is not null && await IsServedAsync(server), "the server knows of it", TimeSpan.FromSeconds(60), Token);
        }

        // All of them write into the same object, which nobody has made yet, when they end.
        await Task.WhenAll(servers.Select((s, i) => AskAsync(s, Shop, i + 2)));
        await Task.WhenAll(servers.Select(s => s.DisposeAsync().AsTask()));

        await using TestServer reader = await StartAsync(store);
        KubeObject[] days = [.. (await reader.Admin.ListAsync(OrreryResources.TenantUsages, "", null, Token)).Items];
        Assert.Equal([2, 3, 4, 5], days.SelectMany(d => d.ToJsonObject()["spec"]!["requests"]!.AsObject()).GroupBy(s => s.Key, s => s.Value!.AsObject().Sum(h => (long)h.Value!)).Select(s => s.Sum()).Order());

        static async Task<bool> IsServedAsync(TestServer server)
        {
            try
            {
                await server.Admin.ListAsync(OrreryResources.TenantUsages, "", null, Token);
                return true;
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                return false;
            }
        }
    }

    private static Task<TestServer> StartAsync(MemoryStore store) => TestServer.StartAsync(new TestServerOptions { Store = store }, Token);

    private static async Task AskAsync(TestServer server, ClusterName cluster, int times)
    {
        using KubeClient user = server.AdminOf(cluster);
        for (int i = 0; i < times; i++)
        {
            await user.ListAsync(CoreResources.Namespaces, "", null, Token);
        }
    }

    private static JsonObject Named(string name, JsonObject labels) => new() { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels } };
}
