using System.Net.WebSockets;
using Orrery.Hub;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class PacedStreamTests
{
    private static readonly byte[] Ping = [0x89, 0x80, 1, 2, 3, 4];

    private readonly MemoryStream said = new();
    private TimeSpan? wait;

    [Fact]
    public async Task Ping_OfASatelliteThatIsInTime_IsAnsweredByAPong()
    {
        await ReceiveAsync(Ping);

        Assert.Equal([0x8A, 0], said.ToArray());
    }

    [Fact]
    public async Task Ping_OfASatelliteThatIsNot_IsAnsweredWithItsWait()
    {
        wait = TimeSpan.FromMilliseconds(12_345.4);

        await ReceiveAsync(Ping);

        Assert.Equal([0x8A, 0, 0x8A, 4, 0, 0, 0x30, 0x39], said.ToArray());
    }

    [Fact]
    public async Task Write_OfAnythingElse_IsPassedOnAsItIs()
    {
        wait = TimeSpan.FromSeconds(12);
        await using var paced = new PacedStream(said, () => wait);
        using var socket = WebSocket.CreateFromStream(paced, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });

        await socket.SendAsync(new byte[] { 0x8A, 0 }, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);

        Assert.Equal([0x82, 2, 0x8A, 0], said.ToArray());
    }

    private async Task ReceiveAsync(byte[] frame)
    {
        await using var paced = new PacedStream(new DuplexStream(new MemoryStream(frame), said), () => wait);
        using var socket = WebSocket.CreateFromStream(paced, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken));
    }
}
