using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class TunnelWriterTests
{
    /// <summary>The control plane is killed, and what goes on here has something to write.</summary>
    [Fact]
    public async Task FlushAsync_WebSocketWhoseOtherSideIsGone_SaysThatNobodyReads()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var asking = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await asking.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        Socket other = await listener.AcceptSocketAsync();
        using WebSocket socket = WebSocket.CreateFromStream(new NetworkStream(asking), new WebSocketCreationOptions());
        await using var stream = WebSocketStream.Create(socket, WebSocketMessageType.Binary);
        other.LingerState = new LingerOption(true, 0);
        other.Close();
        await Assert.ThrowsAnyAsync<Exception>(async () => await stream.ReadExactlyAsync(new byte[1]));
        var writer = new TunnelWriter(PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));

        FlushResult flushed = await writer.WriteAsync(new byte[] { 1 });

        Assert.True(flushed.IsCompleted);
        await writer.CompleteAsync();
    }
}
