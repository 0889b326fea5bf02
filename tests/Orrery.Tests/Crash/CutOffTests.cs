using System.Net.Http;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>A server that cannot reach its etcd, by a real cable that is pulled: it says so, refuses what it cannot do, and goes on when the cable is back.</summary>
public sealed class CutOffTests : IDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();
    private readonly List<IDisposable> parts = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (IDisposable part in Enumerable.Reverse(parts))
        {
            part.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Server_CutOffFromEtcd_IsNotReadyUntilItIsBack()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        PrivateNetwork network = PrivateNetwork.Make(hosts: 1);
        parts.Add(network);
        EtcdMember etcd = EtcdMember.StartCluster(1, folder.Path, hosts: network.Hosts)[0];
        parts.Add(etcd);
        var server = new ServeProcess(
            Repository.Program, Path.Combine(folder.Path, "one"), FreePort.Take(), ["--etcd", etcd.Client.ToString().TrimEnd('/')], TimeProvider.System);
        parts.Add(server);
        server.Start();
        await server.ReadyAsync(Token);
        using KubeClient client = server.Admin();
        await client.CreateAsync(ConfigMaps, "default", Named("before"), Token);
        int pid = server.Pid;

        // 1. Cut off: alive, not ready; what it is told to write it refuses, or does not know.
        network.Pull(0);
        await Eventually.TrueAsync(async () => await HealthAsync(client, "/readyz") == 500, "it is not ready", TimeSpan.FromSeconds(60), Token);
        Assert.Equal(500, await HealthAsync(client, "/readyz/etcd"));
        Assert.Equal(200, await HealthAsync(client, "/livez"));
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => client.CreateAsync(ConfigMaps, "default", Named("during"), Token));
        Assert.True(refused is StatusException { Code: 503 or 504 } or TimeoutException, refused.ToString());

        // 2. Back: ready, and the same process.
        network.Plug(0);
        await Eventually.TrueAsync(async () => await HealthAsync(client, "/readyz") == 200, "it is ready again", TimeSpan.FromSeconds(60), Token);
        await Eventually.TrueAsync(() => WritesAsync(client), "writes go on", TimeSpan.FromSeconds(60), Token);
        Assert.Equal("before", (await client.GetAsync(ConfigMaps, "default", "before", Token)).Name);
        Assert.Equal(pid, server.Pid);
        Assert.True(server.IsRunning);
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    private static async Task<bool> WritesAsync(KubeClient client)
    {
        try
        {
            await client.CreateAsync(ConfigMaps, "default", new JsonObject { ["metadata"] = new JsonObject { ["generateName"] = "after-" } }, Token);
            return true;
        }
        catch (Exception fault) when (fault is StatusException { Code: >= 500 } or TimeoutException or HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The answer's code; 0 without one.</summary>
    private static async Task<int> HealthAsync(KubeClient client, string path)
    {
        try
        {
            await client.GetTextAsync(path, Token);
            return 200;
        }
        catch (StatusException unhealthy)
        {
            return unhealthy.Code;
        }
        catch (TimeoutException)
        {
            return 0;
        }
    }
}
