using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Satellite.Offline;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Offline;

/// <summary>Against a real server.</summary>
public sealed class WantedStoreTests : IAsyncLifetime
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync(cancellationToken: Token);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task ReadAsync_NothingThere_IsNone() => Assert.Null(await Store(server.Admin).ReadAsync(Token));

    /// <summary>Copies of one, three and two parts after each other; each is written by processes that are killed one write later each time.</summary>
    [Fact]
    public async Task WriteAsync_KilledAtAnyWrite_LeavesTheFormerOrTheNewCopy()
    {
        byte[] former = Copy(1, 1000);
        await WriteAsync(Store(server.Admin), former);
        foreach (byte[] copy in (byte[][])[Copy(2, 1_200_000), Copy(3, 700_000), Copy(4, 2000)])
        {
            var seen = new List<byte[]>();
            for (int writes = 0; !await WriteWithinAsync(writes, copy); writes++)
            {
                seen.Add((await Store(server.Admin).ReadAsync(Token))!.Value.Copy);
                Assert.True(writes < 20, "it ends");
            }

            Assert.All(seen, found => Assert.True(found.AsSpan().SequenceEqual(former) || found.AsSpan().SequenceEqual(copy), "a whole copy"));
            Assert.Equal(former, seen[0]);
            Assert.Equal(copy, (await Store(server.Admin).ReadAsync(Token))?.Copy);
            Assert.Equal(WantedCopy.Split(copy).Count, await CountAsync());
            former = copy;
        }
    }

    [Fact]
    public async Task WriteAsync_AgainAndAgain_LeavesNothingOfFormerOnes()
    {
        WantedStore store = Store(server.Admin);
        foreach ((byte[] copy, int parts) in ((byte[], int)[])[(Copy(1, 1_200_000), 3), (Copy(2, 1_200_000), 3), (Copy(3, 600_000), 2), (Copy(4, 10), 1)])
        {
            await WriteAsync(store, copy);

            Assert.Equal(copy, (await store.ReadAsync(Token))?.Copy);
            Assert.Equal(parts, await CountAsync());
        }
    }

    [Fact]
    public async Task WriteAsync_NothingIsWanted_LeavesNothing()
    {
        WantedStore store = Store(server.Admin);
        byte[] nothing = WantedCopy.Encode([]);
        await WriteAsync(store, nothing);
        Assert.Null(await store.ReadAsync(Token));
        await WriteAsync(store, Copy(1, 700_000));

        await WriteAsync(store, nothing);

        Assert.Null(await store.ReadAsync(Token));
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task ReadAsync_APartIsMissing_IsNone()
    {
        await WriteAsync(Store(server.Admin), Copy(1, 1_200_000));
        string name = (await ListAsync()).Items.Select(p => p.Name).Order(StringComparer.Ordinal).Last();
        await server.Admin.DeleteAsync(Secrets, JoinNames.SystemNamespace, name, null, Token);

        Assert.Null(await Store(server.Admin).ReadAsync(Token));
    }

    /// <returns>Whether it was written before the process was killed.</returns>
    private async Task<bool> WriteWithinAsync(int writes, byte[] copy)
    {
        using var client = new KubeClient(server.Config(token: server.AdminToken(ClusterName.Root)) with { MayChange = () => writes-- > 0 });
        try
        {
            await WriteAsync(Store(client), copy);
            return true;
        }
        catch (RequestWithheldException)
        {
            return false;
        }
    }

    /// <summary>What is wanted while the control plane is away is wanted by the one that said so.</summary>
    [Theory]
    [InlineData("5f0c1c3e-8f0a-4d8e-9d56-0a4b6b1f2c3d", false)]
    [InlineData("", true)]
    public async Task ReadAsync_TellsOfWhichControlPlaneItIs(string id, bool servesUnmarked)
    {
        await WriteAsync(Store(server.Admin, new ControlPlaneMarks(id, servesUnmarked)), Copy(1, 1_200_000));

        Assert.Equal(new ControlPlaneMarks(id, servesUnmarked), (await Store(server.Admin).ReadAsync(Token))?.By);
    }

    private static WantedStore Store(KubeClient client, ControlPlaneMarks? by = null) => new(client, "pa2-par", Samples.Served(by ?? ControlPlaneMarks.Unknown));

    private static Task WriteAsync(WantedStore store, byte[] copy) => store.WriteAsync(copy, WantedStore.DigestOf(copy), Token);

    private Task<KubeList> ListAsync() => server.Admin.ListAsync(Secrets, JoinNames.SystemNamespace, new ListQuery { LabelSelector = "orrery.dev/wanted=pa2-par" }, Token);

    private async Task<int> CountAsync() => (await ListAsync()).Items.Count;

    private static byte[] Copy(int seed, int length)
    {
        byte[] copy = new byte[length];
        new Random(seed).NextBytes(copy);
        return copy;
    }
}
