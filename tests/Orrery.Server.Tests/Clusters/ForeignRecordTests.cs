using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Cache;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Clusters;

/// <summary>Which clusters there are, root says. An object of the same kind that a virtual cluster stores, by whatever way, opens, closes and purges nobody.</summary>
public sealed class ForeignRecordTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Record_InAVirtualCluster_PurgesNobody()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, Cancel);
        foreach (string ns in (string[])["acme", "beta", "gone"])
        {
            await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(ns), Cancel);
            await server.Admin.CreateAsync(OrreryResources.LogicalClusters, ns, ServerFixture.Named("shop"), Cancel);
        }

        using KubeClient victim = server.AdminOf(new ClusterName("beta", "shop"));
        await victim.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("kept"), Cancel);

        // 1. As if acme had got such an object in, and deleted it.
        const string Forged = """{"apiVersion":"internal.orrery.dev/v1alpha1","kind":"LogicalCluster","metadata":{"name":"shop","namespace":"beta","uid":"x","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["internal.orrery.dev/purge"]}}""";
        await store.CommitAsync(new Transaction([], [new Write(StoreKey.Of(OrreryResources.LogicalClusters.GroupResource, new ClusterName("acme", "shop"), "beta", "shop"), Encoding.UTF8.GetBytes(Forged))]), Cancel);

        // 2. A real purge comes after it, through the same queue: when that is done, the forged one has been looked at.
        await server.Admin.DeleteAsync(OrreryResources.LogicalClusters, "gone", "shop", null, Cancel);
        await Eventually.TrueAsync(async () => await server.Admin.FindAsync(OrreryResources.LogicalClusters, "gone", "shop", Cancel) is null, "the real one is purged", TimeSpan.FromSeconds(60), Cancel);

        Assert.Equal("kept", (await victim.GetAsync(ServerFixture.ConfigMaps, "default", "kept", Cancel)).Name);
    }
}
