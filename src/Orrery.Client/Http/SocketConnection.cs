using System.Net.WebSockets;

namespace Orrery.Client;

/// <summary>
/// A connection within a WebSocket, each write one binary message. <see cref="ConnectionStream.DisposeAsync"/> says goodbye and waits for the answer; <see cref="Stream.Dispose()"/> ends it at once, whoever listens: the framework's own stream
/// would say goodbye there too, and keep the thread waiting for an answer that may never come.
/// </summary>
/// <param name="socket">Ends with this.</param>
/// <param name="goodbye">How long the other side has to answer a goodbye; <see cref="Patience"/> when null.</param>
public sealed class SocketConnection(WebSocket socket, TimeSpan? goodbye = null) : ConnectionStream(WebSocketStream.Create(socket, WebSocketMessageType.Binary, goodbye ?? Patience))
{
    /// <summary>One that does not answer in time may be what it ends for, and whoever ends connections has others to end.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Inner.ReadAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Abort();
        }

        base.Dispose(disposing);
    }
}
