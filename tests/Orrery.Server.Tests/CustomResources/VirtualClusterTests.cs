using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

public sealed class VirtualClusterTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Create_Answered_IsReadyToUse()
    {
        ClusterName cluster = await fixture.ClusterAsync("ready");
        using KubeClient tenant = fixture.Server.AdminOf(cluster);

        await tenant.CreateAsync(ServerFixture.Pods, "default", ServerFixture.Pod("p"), ServerFixture.Token);
        KubeList namespaces = await tenant.ListAsync(ServerFixture.Namespaces, "", null, ServerFixture.Token);

        Assert.Equal(["default", "kube-node-lease", "kube-public", "kube-system"], namespaces.Items.Select(n => n.Name));
    }

    [Fact]
    public async Task Write_SameNameInTwoClusters_DoesNotMeet()
    {
        ClusterName one = await fixture.ClusterAsync("one"), two = await fixture.ClusterAsync("two");
        using KubeClient first = fixture.Server.AdminOf(one), second = fixture.Server.AdminOf(two);
        await first.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a", "1"), ServerFixture.Token);
        await second.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a", "2"), ServerFixture.Token);

        await first.DeleteAsync(ServerFixture.ConfigMaps, "default", "a", null, ServerFixture.Token);

        KubeObject left = await second.GetAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.Token);
        Assert.Equal("2", left.TextAt("data", "k"));
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.Token));
    }

    [Fact]
    public async Task List_OverAllClusters_NamesEachObjectsCluster()
    {
        ClusterName one = await fixture.ClusterAsync("all1"), two = await fixture.ClusterAsync("all2");
        using KubeClient all = fixture.Server.ControlPlane();
        await all.InCluster(one).CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("x-all"), ServerFixture.Token);
        await all.InCluster(two).CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("x-all"), ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("x-all"), ServerFixture.Token);

        KubeList list = await all.InCluster(ClusterName.All).ListAsync(ServerFixture.ConfigMaps, "", new ListQuery { FieldSelector = "metadata.name=x-all" }, ServerFixture.Token);

        Assert.Equal(new[] { one, two }.OrderBy(c => c.ToString(), StringComparer.Ordinal), list.Items.Select(i => i.Cluster));
    }

    [Fact]
    public async Task Watch_OverAllClusters_NamesEachEventsCluster()
    {
        ClusterName cluster = await fixture.ClusterAsync("watched");
        using KubeClient all = fixture.Server.ControlPlane();
        KubeClient everywhere = all.InCluster(ClusterName.All);
        string start = (await everywhere.ListAsync(ServerFixture.ConfigMaps, "", null, ServerFixture.Token)).ResourceVersion;
        await all.InCluster(cluster).CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("seen"), ServerFixture.Token);

        await foreach (WatchEvent found in everywhere.WatchAsync(ServerFixture.ConfigMaps, "", new WatchQuery { ResourceVersion = start, FieldSelector = "metadata.name=seen" }, ServerFixture.Token))
        {
            Assert.Equal(cluster, found.Object.Cluster);
            break;
        }
    }

    [Fact]
    public async Task List_OverAllClustersWithATenantsCredential_IsRefused()
    {
        ClusterName cluster = await fixture.ClusterAsync("narrow");
        using var tenant = new KubeClient(fixture.Server.Config(token: fixture.Server.AdminToken(cluster)));

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => tenant.InCluster(ClusterName.All).ListAsync(ServerFixture.ConfigMaps, "", null, ServerFixture.Token));

        Assert.Equal(401, fault.Code);
    }

    [Fact]
    public async Task Delete_Cluster_PurgesWhatItHeld()
    {
        ClusterName cluster = await fixture.ClusterAsync("gone");
        using var old = new KubeClient(fixture.Server.Config(token: fixture.Server.AdminToken(cluster), cluster: cluster));
        using (KubeClient tenant = fixture.Server.AdminOf(cluster))
        {
            JsonObject held = ServerFixture.ConfigMap("held");
            held.Metadata["finalizers"] = new JsonArray("example.com/never");
            await tenant.CreateAsync(ServerFixture.ConfigMaps, "default", held, ServerFixture.Token);

            await fixture.Admin.DeleteAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, null, ServerFixture.Token);
            StatusException fault = await Assert.ThrowsAsync<StatusException>(() => tenant.GetAsync(ServerFixture.ConfigMaps, "default", "held", ServerFixture.Token));
            Assert.Equal(404, fault.Code);
        }

        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, ServerFixture.Token) is null,
            "the cluster is purged", cancellationToken: ServerFixture.Token);

        // Made again, it begins empty, and knows nobody of before.
        await fixture.Admin.CreateAsync(OrreryResources.LogicalClusters, cluster.Namespace, ServerFixture.Named(cluster.Name), ServerFixture.Token);
        using KubeClient again = fixture.Server.AdminOf(cluster);
        Assert.Null(await again.FindAsync(ServerFixture.ConfigMaps, "default", "held", ServerFixture.Token));
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => old.ListAsync(ServerFixture.ConfigMaps, "default", null, ServerFixture.Token));
        Assert.Equal(401, refused.Code);
    }

    [Fact]
    public async Task Write_WhileTheClustersRecordChanges_IsNotRefused()
    {
        ClusterName cluster = await fixture.ClusterAsync("restless");
        using KubeClient tenant = fixture.Server.AdminOf(cluster);
        Task[] writers = [.. Enumerable.Range(0, 4).Select(async w =>
        {
            for (int i = 0; i < 50; i++)
            {
                await tenant.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap($"c-{w}-{i}"), ServerFixture.Token);
            }
        })];

        for (int i = 0; !Task.WhenAll(writers).IsCompleted; i++)
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["turn"] = $"{i}" } } };
            await fixture.Admin.PatchAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, PatchKind.Merge, patch, ServerFixture.Token);
        }

        await Task.WhenAll(writers);
        Assert.Equal(200, (await tenant.ListAsync(ServerFixture.ConfigMaps, "default", new ListQuery { FieldSelector = "metadata.name!=kube-root-ca.crt" }, ServerFixture.Token)).Items.Count);
    }

    [Fact]
    public async Task Watch_OfAClusterThatIsDeleted_Ends()
    {
        ClusterName cluster = await fixture.ClusterAsync("closing");
        using KubeClient tenant = fixture.Server.AdminOf(cluster);
        await using IAsyncEnumerator<WatchEvent> watch = tenant.WatchAsync(ServerFixture.Pods, "default", new WatchQuery { SendInitialEvents = true }, ServerFixture.Token).GetAsyncEnumerator(ServerFixture.Token);

        // The bookmark after no objects: the watch is open.
        Assert.True(await watch.MoveNextAsync());

        await fixture.Admin.DeleteAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, null, ServerFixture.Token);

        Assert.False(await watch.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), ServerFixture.Token));
    }

    [Fact]
    public async Task Read_FromBeforeTheClusterWasMadeAgain_IsExpired()
    {
        ClusterName cluster = await fixture.ClusterAsync("reborn");
        string before;
        using (KubeClient first = fixture.Server.AdminOf(cluster))
        {
            before = (await first.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("secretive"), ServerFixture.Token)).ResourceVersion;
        }

        await fixture.Admin.DeleteAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, null, ServerFixture.Token);
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, ServerFixture.Token) is null,
            "the cluster is purged", cancellationToken: ServerFixture.Token);
        await fixture.Admin.CreateAsync(OrreryResources.LogicalClusters, cluster.Namespace, ServerFixture.Named(cluster.Name), ServerFixture.Token);
        using KubeClient second = fixture.Server.AdminOf(cluster);

        StatusException list = await Assert.ThrowsAsync<StatusException>(() => second.ListAsync(
            ServerFixture.ConfigMaps, "default", new ListQuery { ResourceVersion = before, ResourceVersionMatch = "Exact" }, ServerFixture.Token));
        StatusException watch = await Assert.ThrowsAsync<StatusException>(() => CountAsync(second, before));

        Assert.True(list.IsExpired);
        Assert.True(watch.IsExpired);
    }

    private static async Task<int> CountAsync(KubeClient client, string from)
    {
        int events = 0;
        await foreach (WatchEvent _ in client.WatchAsync(ServerFixture.Pods, "default", new WatchQuery { ResourceVersion = from }, ServerFixture.Token))
        {
            events++;
        }

        return events;
    }
}
