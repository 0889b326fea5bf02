using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>Keeps one connection to the control plane open, over which the control plane asks and this satellite answers.</summary>
internal sealed class TunnelDialer(SatelliteContext context, TunnelRequests requests)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tunnel");

    /// <summary>Dials, and dials again, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using TunnelServer server = await TunnelServer.StartAsync(requests, context.Options.Loggers, cancellationToken).ConfigureAwait(false);
        var chance = new Random(HashCode.Combine(context.Options.DataPlane));
        TimeSpan wait = FirstWait;
        string said = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            string reason;
            try
            {
                // As who it is now: its certificate changes over time.
                using var http = new HttpMessageInvoker(ClientHandler.Create(context.Options.ControlPlane.Now));
                Stream connection = await DialAsync(http, cancellationToken).ConfigureAwait(false);
                Log.TunnelOpen(logger, context.Options.ControlPlane.Server);
                said = "";
                wait = FirstWait;
                await server.ServeAsync(connection, cancellationToken).ConfigureAwait(false);
                reason = "the control plane closed it";
            }
            catch (Exception e) when ((Retry.IsAway(e) || e is WebSocketException) && !cancellationToken.IsCancellationRequested)
            {
                reason = e.Message;
            }

            // Days offline are a line in the log, not a line a try.
            if (reason != said && !cancellationToken.IsCancellationRequested)
            {
                said = reason;
                Log.TunnelClosed(logger, reason);
            }

            // All satellites lose a server at once, and must not all come back at once.
            await Task.Delay(wait * (0.5 + chance.NextDouble()), context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    private async Task<Stream> DialAsync(HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        ClientConfig config = context.Options.ControlPlane;
        var address = new UriBuilder(config.Server)
        {
            Scheme = config.Server.Scheme == Uri.UriSchemeHttps ? "wss" : "ws",
            Path = $"{config.Server.AbsolutePath.TrimEnd('/')}/apis/{OrreryResources.ApiVersion}/dataplanes/{context.Options.DataPlane}/{OrreryNames.TunnelSubresource}",
        };
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(OrreryNames.TunnelProtocol);
            socket.Options.KeepAliveInterval = KeepAlive;
            socket.Options.KeepAliveTimeout = KeepAlive;
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
