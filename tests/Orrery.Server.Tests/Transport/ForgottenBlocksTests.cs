using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

public sealed class ForgottenBlocksTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ForgetPast_AfterManyConnections_LetsGoOfTheMemoryThatTheyHad()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Token }, async (_, token) =>
        {
            using var client = new KubeClient(server.Admin.Config);
            Assert.Equal("ok", await client.GetTextAsync("/readyz", token));
        });
        Assert.True(server.Served.Blocks.Idle > 0, "connections of a server take their memory from its blocks");

        await Eventually.TrueAsync(
            () =>
            {
                _ = server.Served.ForgetPast();
                return server.Served.Blocks.Idle == 0;
            },
            "what nobody needs any more is let go of",
            cancellationToken: Token);
    }
}
