using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A running control plane is backed up, lost with its disk, and comes back from the file under the same address and keys. A satellite runs through all of it.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");

    private readonly TempDirectory folder = new();
    private readonly int port = FreePort.Take();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Restore_AfterTheDiskWasLost_ServesTheBackupToTheSameClients()
    {
        string backup = Path.Combine(folder.Path, "backup"), lost = Path.Combine(folder.Path, "lost"), found = Path.Combine(folder.Path, "found");
        using var first = new ServeProcess(Repository.Program, lost, port, [], TimeProvider.System);
        first.Start();
        await first.ReadyAsync(Token);
        using KubeClient client = first.Admin();
        KubeObject kept = await client.CreateAsync(ConfigMaps, "default", Named("kept"), Token);
        await Eventually.HoldsAsync(() => ServesItsKindsAsync(client), TimeSpan.FromSeconds(60));
        await client.CreateAsync(OrreryResources.DataPlanes, "", Own("DataPlane", "edge1", "{}"), Token);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions(), Token);
        using var authority = CertificateAuthority.Load(
            await File.ReadAllTextAsync(Path.Combine(lost, "pki", "ca.crt"), Token), await File.ReadAllTextAsync(Path.Combine(lost, "pki", "ca.key"), Token), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task satellite = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "edge1",
            ControlPlane = first.AdminConfig() with
            {
                ClientCertificate = authority.IssueClient(OrreryNames.SatelliteUser("edge1"), [OrreryNames.SatelliteGroup], ClusterScope.Root, TimeSpan.FromHours(1)).ToX509(),
            },
            Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        }).RunAsync(stop.Token);
        await client.CreateAsync(OrreryResources.Applications, "", Own("Application", "agent", "{}"), Token);
        await InstallAsync(client, "early");
        await Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, "ops-early", "early", Token) is not null, TimeSpan.FromSeconds(60));

        // 1. Taken while it runs; what comes later is not in it.
        Ended taken = await Shell.RunAsync(Repository.Program, ["backup", backup, "--data-dir", lost, "--with-keys"]);
        Assert.Contains("objects as of revision", taken.Succeeded());
        Assert.Contains("whoever reads it is its administrator", taken.Error);
        KubeObject later = await client.CreateAsync(ConfigMaps, "default", Named("later"), Token);
        await InstallAsync(client, "late");
        await Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, "ops-late", "late", Token) is not null, TimeSpan.FromSeconds(60));
        Ended again = await Shell.RunAsync(Repository.Program, ["backup", backup, "--data-dir", lost]);
        Assert.Equal((1, $"orrery: {backup} exists already; nothing was written"), (again.ExitCode, again.Error.Trim()));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup));
        }

        // 2. A running installation is not restored into.
        Ended refused = await Shell.RunAsync(Repository.Program, ["restore", backup, "--data-dir", lost]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"in use by process {first.Pid}", refused.Error);

        // 3. The machine is gone. Elsewhere, from the file alone:
        first.Kill();
        (await Shell.RunAsync(Repository.Program, ["restore", backup, "--check"])).Succeeded();
        string restored = (await Shell.RunAsync(Repository.Program, ["restore", backup, "--data-dir", found])).Succeeded();
        Assert.Contains("revisions go on from", restored);
        Assert.Contains("1 data planes keep what they run and the backup does not know of, until 'orrery data-plane confirm NAME'", restored);
        using var second = new ServeProcess(Repository.Program, found, port, [], TimeProvider.System);
        second.Start();
        await second.ReadyAsync(Token);

        // 4. The client of before goes on: same address, same authority, same credential.
        Assert.Equal(kept.Uid, (await client.GetAsync(ConfigMaps, "default", "kept", Token)).Uid);
        Assert.Null(await client.FindAsync(ConfigMaps, "default", "later", Token));
        KubeObject made = await client.CreateAsync(ConfigMaps, "default", Named("later"), Token);
        Assert.True(long.Parse(made.ResourceVersion) > long.Parse(later.ResourceVersion));
        StatusException expired = await Assert.ThrowsAsync<StatusException>(async () =>
        {
            await foreach (WatchEvent _ in client.WatchAsync(ConfigMaps, "default", new WatchQuery { ResourceVersion = later.ResourceVersion }, Token))
            {
            }
        });
        Assert.True(expired.IsExpired);

        // 5. Data planes remove nothing that the backup does not know of, until somebody says so.
        Assert.Matches("^20..-..-..T..:..:..Z$", (await client.GetAsync(OrreryResources.DataPlanes, "", "edge1", Token)).Annotations[OrreryNames.RestoredAnnotation]);
        await Eventually.HoldsAsync(
            async () => Conditions.Find(await client.GetAsync(OrreryResources.DataPlanes, "", "edge1", Token), "Restored") is { Status: "True" } restored
                && restored.Message.EndsWith("is kept until 'orrery data-plane confirm edge1': 1 objects (ConfigMap ops-late/late)", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60));
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "ops-late", "late", Token));
        (await Shell.RunAsync(Repository.Program, ["data-plane", "confirm", "edge1", "--kubeconfig", second.Kubeconfig])).Succeeded();
        await Eventually.HoldsAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, "ops-late", "late", Token) is null, TimeSpan.FromSeconds(60));
        Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, "ops-early", "early", Token));
        Assert.False((await client.GetAsync(OrreryResources.DataPlanes, "", "edge1", Token)).Annotations.ContainsKey(OrreryNames.RestoredAnnotation));
        Ended nothing = await Shell.RunAsync(Repository.Program, ["data-plane", "confirm", "edge1", "--kubeconfig", second.Kubeconfig]);
        Assert.Equal((1, "orrery: data plane edge1 keeps nothing because of a restore"), (nothing.ExitCode, nothing.Error.Trim()));
        await stop.CancelAsync();
        await satellite;
    }

    [Fact]
    public async Task Backup_IntoAFolderThatIsNotThere_SaysSo()
    {
        string missing = Path.Combine(folder.Path, "missing");

        Ended refused = await Shell.RunAsync(Repository.Program, ["backup", Path.Combine(missing, "file"), "--data-dir", folder.Path]);

        Assert.Equal((1, $"orrery: there is no folder {missing}; nothing was written"), (refused.ExitCode, refused.Error.Trim()));
    }

    [Fact]
    public async Task Restore_OfADamagedFile_ChangesNothing()
    {
        string file = Path.Combine(folder.Path, "damaged"), target = Path.Combine(folder.Path, "target");
        await File.WriteAllTextAsync(file, "something else", Token);

        Ended refused = await Shell.RunAsync(Repository.Program, ["restore", file, "--data-dir", target]);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no backup of Orrery", refused.Error);
        Assert.False(Directory.Exists(target));
    }

    internal static async Task<bool> ServesItsKindsAsync(KubeClient client)
    {
        try
        {
            foreach (GroupVersionResource kind in (GroupVersionResource[])[OrreryResources.DataPlanes, OrreryResources.Applications, OrreryResources.Releases, OrreryResources.Installations])
            {
                await client.ListAsync(kind, "", null, Token);
            }

            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Something that runs in the data plane: a ConfigMap of its name, in a namespace of its own.</summary>
    internal static async Task InstallAsync(KubeClient client, string name)
    {
        if (await client.FindAsync(Namespaces, "", "ops", Token) is null)
        {
            await client.CreateAsync(Namespaces, "", Named("ops"), Token);
        }

        await client.CreateAsync(OrreryResources.Releases, "", Own("Release", name, $$$$"""
            {"application": "agent", "version": "1", "bundle": {"manifests": {"inline": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{{{name}}}}", "namespace": "ops-{{{{name}}}}"}}]}}}
            """), Token);
        await client.CreateAsync(OrreryResources.Installations, "ops", Own(
            "Installation", name, $$$"""{"application": "agent", "release": "{{{name}}}", "scope": "DataPlane", "placement": {"dataPlanes": ["edge1"]}}"""), Token);
    }

    internal static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = JsonNode.Parse(spec),
    };

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
