using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A running control plane is backed up, lost with its disk, and comes back from the file under the same address and keys.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "orrery");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();
    private readonly int port = FreePort.Take();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Restore_AfterTheDiskWasLost_ServesTheBackupToTheSameClients()
    {
        string backup = Path.Combine(folder.Path, "backup"), lost = Path.Combine(folder.Path, "lost"), found = Path.Combine(folder.Path, "found");
        using var first = new ServeProcess(Program, lost, port, [], TimeProvider.System);
        first.Start();
        await first.ReadyAsync(Token);
        using KubeClient client = first.Admin();
        KubeObject kept = await client.CreateAsync(ConfigMaps, "default", Named("kept"), Token);

        // 1. Taken while it runs; what comes later is not in it.
        Ended taken = await Shell.RunAsync(Program, ["backup", backup, "--data-dir", lost, "--with-keys"]);
        Assert.Contains("objects as of revision", taken.Succeeded());
        Assert.Contains("whoever reads it is its administrator", taken.Error);
        KubeObject later = await client.CreateAsync(ConfigMaps, "default", Named("later"), Token);
        Ended again = await Shell.RunAsync(Program, ["backup", backup, "--data-dir", lost]);
        Assert.Equal((1, $"orrery: {backup} exists already; nothing was written"), (again.ExitCode, again.Error.Trim()));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup));
        }

        // 2. A running installation is not restored into.
        Ended refused = await Shell.RunAsync(Program, ["restore", backup, "--data-dir", lost]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"in use by process {first.Pid}", refused.Error);

        // 3. The machine is gone. Elsewhere, from the file alone:
        first.Kill();
        (await Shell.RunAsync(Program, ["restore", backup, "--check"])).Succeeded();
        Assert.Contains("revisions go on from", (await Shell.RunAsync(Program, ["restore", backup, "--data-dir", found])).Succeeded());
        using var second = new ServeProcess(Program, found, port, [], TimeProvider.System);
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
    }

    [Fact]
    public async Task Restore_OfADamagedFile_ChangesNothing()
    {
        string file = Path.Combine(folder.Path, "damaged"), target = Path.Combine(folder.Path, "target");
        await File.WriteAllTextAsync(file, "something else", Token);

        Ended refused = await Shell.RunAsync(Program, ["restore", file, "--data-dir", target]);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no backup of Orrery", refused.Error);
        Assert.False(Directory.Exists(target));
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
