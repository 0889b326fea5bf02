using Orrery.Testing;

namespace Orrery.Server.Tests.Protection;

/// <summary>Requests that are answered before their bodies have come, by a client that shows each frame of HTTP/2.</summary>
public sealed class UnreadBodyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refused_BodyComesAfterTheAnswer_StreamIsNotReset()
    {
        // However late it is: the server's clock stands still.
        var time = new ManualTime();
        time.Skew = TimeProvider.System.GetUtcNow() - time.GetUtcNow();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time }, Token);
        await using FrameClient client = await FrameClient.ConnectAsync(server.Url.Port, Token);
        await client.HeadersAsync(1, ("content-type", "application/json"), ("authorization", "Bearer nobody's"));

        Assert.Equal([FrameType.Headers, FrameType.Data], (await client.UntilEndAsync(1)).Distinct());

        await client.DataAsync(1, "{}"u8.ToArray(), isLast: true);
        await client.PingAsync();
        Assert.Equal([FrameType.Ping], await client.UntilPingAsync());
    }

    [Fact]
    public async Task Refused_BodyNeverComes_AnswerIsWholeAndThenTheStreamIsReset()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        await using FrameClient client = await FrameClient.ConnectAsync(server.Url.Port, Token);
        await client.HeadersAsync(1, ("content-type", "application/json"), ("authorization", "Bearer nobody's"));

        Assert.Equal([FrameType.Headers, FrameType.Data], (await client.UntilEndAsync(1)).Distinct());
        Assert.Equal((FrameType.Reset, 0), await client.NextAsync());
    }

    [Fact]
    public async Task Refused_BodyWithoutAnEnd_StreamIsResetOnceAllIsTakenThatItsClientMaySend()
    {
        const int Frame = 16 * 1024, Window = 256 * 1024;
        await using TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        await using FrameClient client = await FrameClient.ConnectAsync(server.Url.Port, Token);
        await client.HeadersAsync(1, ("content-type", "application/json"), ("authorization", "Bearer nobody's"));
        Assert.Equal([FrameType.Headers, FrameType.Data], (await client.UntilEndAsync(1)).Distinct());

        for (int sent = 0; sent < Window; sent += Frame)
        {
            await client.DataAsync(1, new byte[Frame], isLast: false);
        }

        FrameType next;
        do
        {
            (next, _) = await client.NextAsync();
        }
        while (next == FrameType.WindowUpdate);
        Assert.Equal(FrameType.Reset, next);
    }
}
