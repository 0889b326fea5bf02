using System.Net.Http.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>An etcd is put back to an older state, and emptied, under two running servers and a satellite: what runs in the data plane stays.</summary>
public sealed class ReplacedStoreTests : IAsyncLifetime
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();
    private readonly List<ServeProcess> servers = [];
    private EtcdMember? etcd;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(folder.Path, "m0");

    public async ValueTask InitializeAsync()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        etcd = EtcdMember.StartCluster(1, folder.Path)[0];
        await ServeAsync("a");
        KeyBundle.Read(new DataDirectory(Path.Combine(folder.Path, "a")), TimeProvider.System).Install(new DataDirectory(Path.Combine(folder.Path, "b")), TimeProvider.System);
        await ServeAsync("b");
    }

    public ValueTask DisposeAsync()
    {
        foreach (IDisposable part in (IEnumerable<IDisposable>)[.. servers, .. etcd is null ? [] : new[] { etcd }, folder])
        {
            part.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Etcd_PutBackAndThenEmptied_DataPlanesKeepWhatTheyRun()
    {
        using KubeClient a = servers[0].Admin(), b = servers[1].Admin();
        await Eventually.HoldsAsync(async () => await IsServedAsync(a) && await IsServedAsync(b), TimeSpan.FromSeconds(60));
        await Eventually.HoldsAsync(() => BackupCommandTests.ServesItsKindsAsync(a), TimeSpan.FromSeconds(60));
        await a.CreateAsync(OrreryResources.DataPlanes, "", BackupCommandTests.Own("DataPlane", "edge1", "{}"), Token);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions(), Token);
        using var stop = new CancellationTokenSource();
        Task satellite = Satellite(cluster).RunAsync(stop.Token);
        await a.CreateAsync(OrreryResources.Applications, "", BackupCommandTests.Own("Application", "agent", "{}"), Token);
        await BackupCommandTests.InstallAsync(a, "early");
        await BackupCommandTests.InstallAsync(a, "gone");
        await RunsAsync(cluster, "early");
        await RunsAsync(cluster, "gone");

        // 1. What a running control plane no longer wants goes: the satellite has asked, and knows that it may.
        await a.DeleteAsync(OrreryResources.Installations, "ops", "gone", null, Token);
        await Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, "ops-gone", "gone", Token) is null, TimeSpan.FromSeconds(60));

        // 2. An older state of the etcd comes back, while servers run, and does not know of what came since.
        string kept = Path.Combine(folder.Path, "kept");
        Swap(() => Directory.Move(Data, kept), () => Copy(kept, Data));
        await Eventually.HoldsAsync(() => IsServedAsync(a), TimeSpan.FromSeconds(60));
        await BackupCommandTests.InstallAsync(b, "late");
        await RunsAsync(cluster, "late");
        long last = long.Parse((await b.ListAsync(ConfigMaps, "default", null, Token)).ResourceVersion);
        Swap(() => Directory.Delete(Data, recursive: true), () => Copy(kept, Data));

        // 3. Both servers say so, show what is there, and go on beyond all revisions that were handed out; what nobody knows of is kept until it is confirmed.
        foreach ((ServeProcess server, KubeClient client) in new[] { (servers[0], a), (servers[1], b) })
        {
            await Eventually.HoldsAsync(() => Task.FromResult(server.Tail.Contains("an older state of /orrery was put back", StringComparison.Ordinal)), TimeSpan.FromSeconds(60));
            await Eventually.HoldsAsync(async () => await IsServedAsync(client), TimeSpan.FromSeconds(60));
            Assert.Null(await client.FindAsync(OrreryResources.Installations, "ops", "late", Token));
            Assert.True(long.Parse((await client.ListAsync(ConfigMaps, "default", null, Token)).ResourceVersion) > last);
        }

        await Eventually.HoldsAsync(
            async () => Conditions.Find(await a.GetAsync(OrreryResources.DataPlanes, "", "edge1", Token), "Restored") is { Status: "True" } restored
                && restored.Message.EndsWith("is kept until 'orrery data-plane confirm edge1': 1 objects (ConfigMap ops-late/late)", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60));
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "ops-late", "late", Token));
        (await Shell.RunAsync(Repository.Program, ["data-plane", "confirm", "edge1", "--kubeconfig", servers[1].Kubeconfig])).Succeeded();
        await Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, "ops-late", "late", Token) is null, TimeSpan.FromSeconds(60));

        // 4. The etcd is emptied: nothing is taken for deleted, whoever asks is told, and what runs runs on.
        using var http = new HttpClient();
        (await http.PostAsJsonAsync(new Uri(etcd!.Client, "/v3/kv/deleterange"), new { key = "AA==", range_end = "AA==" }, Token)).EnsureSuccessStatusCode();
        foreach (KubeClient client in (KubeClient[])[a, b])
        {
            await Eventually.HoldsAsync(async () => await RefusalAsync(client) is { } said && said.Contains("the store was emptied by somebody else", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        }

        Assert.Contains("Stop every server, then put a snapshot of the etcd back or run 'orrery restore'", servers[0].Tail);
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "ops-early", "early", Token));

        // 5. A new start on it is a new installation, of which the satellite takes nothing for unwanted either.
        servers[0].Kill();
        servers[0].Start();
        await servers[0].ReadyAsync(Token);
        await Eventually.HoldsAsync(() => IsServedAsync(a), TimeSpan.FromSeconds(60));
        Assert.Empty((await a.ListAsync(OrreryResources.DataPlanes, "", null, Token)).Items);
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "ops-early", "early", Token));
        await stop.CancelAsync();
        await satellite;
    }

    private async Task ServeAsync(string name)
    {
        var server = new ServeProcess(Repository.Program, Path.Combine(folder.Path, name), FreePort.Take(), ["--etcd", etcd!.Client.OriginalString], TimeProvider.System);
        servers.Add(server);
        server.Start();
        await server.ReadyAsync(Token);
    }

    private SatelliteAgent Satellite(TestServer cluster)
    {
        string pki = Path.Combine(folder.Path, "a", "pki");
        using var authority = CertificateAuthority.Load(File.ReadAllText(Path.Combine(pki, "ca.crt")), File.ReadAllText(Path.Combine(pki, "ca.key")), TimeProvider.System);
        return new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "edge1",
            ControlPlane = servers[0].AdminConfig() with
            {
                ClientCertificate = authority.IssueClient(OrreryNames.SatelliteUser("edge1"), [OrreryNames.SatelliteGroup], ClusterScope.Root, TimeSpan.FromHours(1)).ToX509(),
            },
            Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        });
    }

    private void Swap(params Action[] whileStopped)
    {
        etcd!.Kill();
        Array.ForEach(whileStopped, step => step());
        etcd.Start();
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static Task RunsAsync(TestServer cluster, string name) =>
        Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, $"ops-{name}", name, Token) is not null, TimeSpan.FromSeconds(60));

    private static async Task<bool> IsServedAsync(KubeClient client) => await RefusalAsync(client) is null;

    /// <returns>Null where it is served.</returns>
    private static async Task<string?> RefusalAsync(KubeClient client)
    {
        try
        {
            await client.ListAsync(OrreryResources.Works, "", null, Token);
            return null;
        }
        catch (StatusException refused)
        {
            return refused.Message;
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException && !Token.IsCancellationRequested)
        {
            return away.Message;
        }
    }
}
