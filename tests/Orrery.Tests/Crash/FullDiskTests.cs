using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>A real disk that is really full: writes are refused, reads go on, and nothing is broken.</summary>
public sealed class FullDiskTests : IDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Sqlite_DiskFull_RefusesWritesUntilThereIsSpaceAndLosesNothing()
    {
        string data = Path.Combine(folder.Path, "data");
        using SmallDisk disk = await SmallDisk.MountAsync(data, 16);
        string ballast = Path.Combine(disk.Inside, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[6 << 20], Token);
        using var server = new ServeProcess(Repository.Program, data, FreePort.Take(), [], TimeProvider.System, disk.Place);
        server.Start();
        await server.ReadyAsync(Token);
        using KubeClient client = server.Admin();

        // 1. Full: refused with what is the matter, and nothing of it is there.
        List<string> kept = [];
        StatusException full = await FillAsync(client, kept, "a");
        Assert.Equal((507, "InsufficientStorage"), (full.Code, full.Status.Reason));
        Assert.Contains("the store is full; nothing was changed", full.Message);
        Assert.NotEmpty(kept);

        // A line for each and no trace, which would fill the disk of the log as well.
        Assert.Contains("failed: the commit failed: the disk is full", server.Tail, StringComparison.Ordinal);
        Assert.DoesNotContain("   at Orrery.", server.Tail, StringComparison.Ordinal);

        // 2. Reads go on: what was acknowledged, and no more.
        await ShowsAsync(client, kept);

        // 3. Space again, by whatever means: writes go on without a restart.
        File.Delete(ballast);
        await Eventually.TrueAsync(() => WritesAsync(client, kept, "space"), "writes go on", TimeSpan.FromSeconds(60), Token);

        // 4. Full once more, and killed in that state: everything acknowledged is there after the restart.
        Assert.Equal(507, (await FillAsync(client, kept, "b")).Code);
        server.Kill();
        server.Start();
        await server.ReadyAsync(Token);
        await ShowsAsync(client, kept);
    }

    /// <summary>Large objects until one is refused, then small ones until one is.</summary>
    private static async Task<StatusException> FillAsync(KubeClient client, List<string> kept, string prefix)
    {
        StatusException? refusal = null;
        foreach (int size in (int[])[200_000, 20_000, 100])
        {
            refusal = null;
            for (int i = 0; refusal is null; i++)
            {
                Assert.True(i < 2_000, "the disk does not fill");
                refusal = await TryAsync(client, kept, $"{prefix}-{size}-{i}", size);
            }
        }

        return refusal!;
    }

    private static async Task<bool> WritesAsync(KubeClient client, List<string> kept, string name) => await TryAsync(client, kept, name, 100) is null;

    private static async Task<StatusException?> TryAsync(KubeClient client, List<string> kept, string name, int size)
    {
        var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["v"] = new string('x', size) } };
        try
        {
            await client.CreateAsync(ConfigMaps, "default", body, Token);
            kept.Add(name);
            return null;
        }
        catch (StatusException refusal)
        {
            return refusal;
        }
    }

    private static async Task ShowsAsync(KubeClient client, List<string> kept)
    {
        KubeList list = await client.ListAsync(ConfigMaps, "default", null, Token);
        Assert.Equal(kept.Order(StringComparer.Ordinal), list.Items.Select(i => i.Name).Where(n => n != "kube-root-ca.crt"));
        Assert.Equal(kept[0], (await client.GetAsync(ConfigMaps, "default", kept[0], Token)).Name);
    }
}
