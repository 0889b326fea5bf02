using System.Net.WebSockets;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>Opens connections for a tunnel, one after the other: each is a WebSocket, which passes whatever lets HTTPS pass. What is open needs this no more.</summary>
internal sealed class TunnelDial : IDisposable
{
    private readonly ClientConfig config;
    private readonly string dataPlane;
    private readonly HttpMessageInvoker http;
    private BeatingStream? carrier;

    public TunnelDial(ClientConfig config, string dataPlane, TimeProvider time)
    {
        this.config = config;
        this.dataPlane = dataPlane;
        SocketsHttpHandler handler = ClientHandler.Create(config);

        // Through a proxy there are two, of which the later one is that of the control plane.
        handler.PlaintextStreamFilter = (connection, _) => ValueTask.FromResult<Stream>(carrier = new BeatingStream(connection.PlaintextStream, time));
        http = new HttpMessageInvoker(handler);
    }

    /// <summary>Ends once the control plane has let it in; from then on the satellite's heartbeat is in the connection.</summary>
    /// <exception cref="WebSocketException">It is not there, or does not let it in.</exception>
    public async Task<Stream> OpenAsync(CancellationToken cancellationToken)
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
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            string? token = config.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : config.BearerToken;
            if (token is not null)
            {
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            }

            await socket.ConnectAsync(address.Uri, http, cancellationToken).ConfigureAwait(false);
            carrier!.Begin();
            return WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => http.Dispose();
}
