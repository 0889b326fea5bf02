using System.Net.WebSockets;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>Opens one connection for a tunnel: a WebSocket, which passes whatever lets HTTPS pass.</summary>
internal static class TunnelDial
{
    /// <summary>How often it says that it lives. The control plane gives it up after twice as long.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>How long the control plane has to answer a heartbeat.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Ends once the control plane has let it in.</summary>
    /// <exception cref="WebSocketException">It is not there, or does not let it in.</exception>
    public static async Task<Stream> OpenAsync(ClientConfig config, string dataPlane, HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        var address = new UriBuilder(config.Server)
        {
            Scheme = config.Server.Scheme == Uri.UriSchemeHttps ? "wss" : "ws",
            Path = $"{config.Server.AbsolutePath.TrimEnd('/')}/apis/{OrreryResources.ApiVersion}/dataplanes/{dataPlane}/{OrreryNames.TunnelSubresource}",
        };
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(OrreryNames.TunnelProtocol);

            // The heartbeat: a ping, which the control plane answers. Without an answer there is no connection.
            socket.Options.KeepAliveInterval = Heartbeat;
            socket.Options.KeepAliveTimeout = Patience;
            string? token = config.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : config.BearerToken;
            if (token is not null)
            {
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            }

            await socket.ConnectAsync(address.Uri, http, cancellationToken).ConfigureAwait(false);
            return WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
