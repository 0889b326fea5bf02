using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Server.Tests.Cache;

/// <summary>Two servers on one etcd are one API.</summary>
public sealed class SharedStoreTests : IAsyncDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory directory = new();
    private readonly List<IAsyncDisposable> started = [];
    private IReadOnlyList<EtcdMember> etcd = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in Enumerable.Reverse(started))
        {
            await part.DisposeAsync();
        }

        foreach (EtcdMember member in etcd)
        {
            member.Dispose();
        }

        directory.Dispose();
    }

    [Fact]
    public async Task List_AfterAWriteThroughTheOther_ShowsIt()
    {
        (TestServer one, TestServer two) = await StartAsync();

        // Each list is a consistent read: no waiting, no second look.
        for (int i = 0; i < 50; i++)
        {
            (TestServer writer, TestServer reader) = i % 2 == 0 ? (one, two) : (two, one);
            KubeObject made = await writer.Admin.CreateAsync(ConfigMaps, "default", ConfigMap($"c{i}"), Token);

            KubeList list = await reader.Admin.ListAsync(ConfigMaps, "default", null, Token);

            Assert.Contains(list.Items, item => item.Name == $"c{i}" && item.ResourceVersion == made.ResourceVersion);
            Assert.True(long.Parse(list.ResourceVersion) >= long.Parse(made.ResourceVersion));
        }
    }

    [Fact]
    public async Task Watch_OfWritesThroughBoth_SeesAllInOrder()
    {
        (TestServer one, TestServer two) = await StartAsync();
        KubeList start = await two.Admin.ListAsync(ConfigMaps, "default", null, Token);
        Task<List<string>> watch = Task.Run(async () =>
        {
            var seen = new List<string>();
            await foreach (WatchEvent change in two.Admin.WatchAsync(ConfigMaps, "default", new WatchQuery { ResourceVersion = start.ResourceVersion }, Token))
            {
                if (change.Object.Name.StartsWith("w-", StringComparison.Ordinal))
                {
                    seen.Add($"{change.Object.Name}@{change.Object.ResourceVersion}");
                    if (seen.Count == 100)
                    {
                        break;
                    }
                }
            }

            return seen;
        });

        KubeObject[] made = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            i => (i % 2 == 0 ? one : two).Admin.CreateAsync(ConfigMaps, "default", ConfigMap($"w-{i}"), Token)));

        Assert.Equal(
            made.OrderBy(item => long.Parse(item.ResourceVersion)).Select(item => $"{item.Name}@{item.ResourceVersion}"),
            await watch);
    }

    [Fact]
    public async Task Update_OfAnOldRevisionThroughTheOther_Conflicts()
    {
        (TestServer one, TestServer two) = await StartAsync();
        KubeObject first = await one.Admin.CreateAsync(ConfigMaps, "default", ConfigMap("contended"), Token);
        JsonObject newer = ConfigMap("contended", "newer", first.ResourceVersion);
        await two.Admin.UpdateAsync(ConfigMaps, "default", "contended", newer, Token);

        StatusException conflict = await Assert.ThrowsAsync<StatusException>(
            () => one.Admin.UpdateAsync(ConfigMaps, "default", "contended", ConfigMap("contended", "older", first.ResourceVersion), Token));

        Assert.Equal(409, conflict.Status.Code);
        Assert.Equal("newer", (await one.Admin.GetAsync(ConfigMaps, "default", "contended", Token)).TextAt("data", "value"));
    }

    private static JsonObject ConfigMap(string name, string value = "v", string? resourceVersion = null)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (resourceVersion is not null)
        {
            metadata["resourceVersion"] = resourceVersion;
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { ["value"] = value } };
    }

    private async Task<(TestServer One, TestServer Two)> StartAsync()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        etcd = EtcdMember.StartCluster(1, directory.Path);
        return (await ServerAsync(), await ServerAsync());
    }

    private async Task<TestServer> ServerAsync()
    {
        EtcdStore store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd[0].Client], CallTimeout = TimeSpan.FromSeconds(30), RetryFor = TimeSpan.FromSeconds(60) }, Token);
        started.Add(store);
        TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, Token);
        started.Add(server);
        return server;
    }
}
