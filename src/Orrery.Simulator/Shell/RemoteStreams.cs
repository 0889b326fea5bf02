using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Simulator.Spdy;

namespace Orrery.Simulator.Shell;

/// <summary>Accepts the streams of <c>exec</c> and <c>attach</c>: kubectl since 1.31 opens a WebSocket, those before it SPDY.</summary>
internal static class RemoteStreams
{
    /// <exception cref="StatusException">400: the client asks for neither.</exception>
    public static async Task<IRemoteStreams> AcceptAsync(HttpContext http, TimeSpan keepAlive, TimeProvider time, CancellationToken cancellationToken) =>
        SpdyConnection.IsRequested(http) ? await SpdyShell.AcceptAsync(http, time, cancellationToken).ConfigureAwait(false)
        : await ChannelSocket.AcceptAsync(http, keepAlive, time, cancellationToken).ConfigureAwait(false)
        ?? throw ApiErrors.BadRequest($"a simulated pod is reached by {SpdyConnection.Protocol}, or by WebSocket with one of the subprotocols {string.Join(", ", ChannelSocket.Protocols)}");

    /// <summary>Waits for <see cref="IRemoteStreams.ReceiveAsync"/> to end, however it does.</summary>
    public static async Task FinishedAsync(Task receiving)
    {
        try
        {
            await receiving.ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or InvalidDataException or OperationCanceledException)
        {
            // The client went.
        }
    }
}
