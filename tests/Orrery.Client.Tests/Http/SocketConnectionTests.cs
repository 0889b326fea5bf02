using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Orrery.Client.Tests.Http;

public sealed class SocketConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Dispose_OtherSideDoesNotAnswer_WaitsForNothing()
    {
        (Stream near, Stream far) = await PairAsync();
        await using Stream other = far;
        var connection = new ObservedStream(new SocketConnection(Over(near, isServer: false), Timeout.InfiniteTimeSpan), TimeProvider.System);
        Task<int> reading = connection.ReadAsync(new byte[1], default).AsTask();

        await Task.Run(connection.Dispose).WaitAsync(Limit);

        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Limit));
        Assert.Equal("it did not answer", await connection.Closed.WaitAsync(Limit));
        await connection.DisposeAsync().AsTask().WaitAsync(Limit);
    }

    [Fact]
    public async Task DisposeAsync_OtherSideListens_SaysGoodbyeAndWaitsForItsAnswer()
    {
        (Stream near, Stream far) = await PairAsync();
        using WebSocket other = Over(far, isServer: true);
        var connection = new SocketConnection(Over(near, isServer: false), Timeout.InfiniteTimeSpan);
        await connection.WriteAsync("all"u8.ToArray());

        Task ending = connection.DisposeAsync().AsTask();

        byte[] heard = new byte[8];
        ValueWebSocketReceiveResult all = await other.ReceiveAsync(heard.AsMemory(), default);
        Assert.Equal(("all", WebSocketMessageType.Binary), (Encoding.UTF8.GetString(heard.AsSpan(0, all.Count)), all.MessageType));
        Assert.Equal(WebSocketMessageType.Close, (await other.ReceiveAsync(heard.AsMemory(), default)).MessageType);
        Assert.False(ending.IsCompleted);
        await other.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        await ending.WaitAsync(Limit);
    }

    private static async Task<(Stream Near, Stream Far)> PairAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var dialling = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await dialling.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        return (new NetworkStream(dialling, ownsSocket: true), new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true));
    }

    private static WebSocket Over(Stream stream, bool isServer) => WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = isServer, KeepAliveInterval = TimeSpan.Zero });
}
