using Orrery.Testing;

namespace Orrery.Server.Tests.Protection;

/// <summary>Requests that are answered before their bodies have come, by a client that shows each frame of HTTP/2.</summary>
public sealed class UnreadBodyTests : IAsyncLifetime
{
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Refused_BodyComesAfterTheAnswer_StreamIsNotReset()
    {
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
        await using FrameClient client = await FrameClient.ConnectAsync(server.Url.Port, Token);
        await client.HeadersAsync(1, ("content-type", "application/json"), ("authorization", "Bearer nobody's"));

        Assert.Equal([FrameType.Headers, FrameType.Data], (await client.UntilEndAsync(1)).Distinct());
        Assert.Equal((FrameType.Reset, 0), await client.NextAsync());
    }

    [Fact]
    public async Task Refused_BodyWithoutAnEnd_StreamIsResetOnceAllIsTakenThatItsClientMaySend()
    {
        const int Frame = 16 * 1024, Window = 256 * 1024;
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
