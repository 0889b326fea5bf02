using System.Net.WebSockets;
using System.Security.Cryptography;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Opens tunnels, one after the other: each is a WebSocket. It goes within the connection that carries the satellite's requests (RFC 8441), which spares both sides a second
/// one; where somebody on the way takes no such streams it gets a connection of its own, which passes whatever lets HTTPS pass. What is open needs this no more.
/// </summary>
/// <param name="client">To the control plane, as this satellite.</param>
/// <param name="instance">Which process of the satellite this is: the control plane lets in no second one beside it.</param>
internal sealed class TunnelDial(KubeClient client, string dataPlane, string instance, TimeProvider time)
{
    /// <summary>Longer than the control plane is silent that answers each sixth heartbeat: one who answers those need not be asked otherwise.</summary>
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(65);

    /// <summary>
    /// Where no heartbeats are in the connection over which the satellite is told of changes: no longer than from one of those to the next, by which nobody on the way forgets it, and a dead one is known
    /// as soon as one with heartbeats.
    /// </summary>
    public static readonly TimeSpan PingAfterWithoutBeats = TimeSpan.FromSeconds(10);

    /// <summary>A cable that is cut is known by the next heartbeat, whichever that is, and not only by the next that is answered. Some six tries at sending it are within this.</summary>
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(15);

    /// <summary>How long whoever answers may take. One on the way may take such a stream and never pass it on, and a connection that dies just then says nothing for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The same over a connection in which the tunnel before was not heard any more: a server that was held up answers by then, and one that is gone is better met over another connection.</summary>
    private static readonly TimeSpan PatienceInDoubt = TimeSpan.FromSeconds(5);

    /// <summary>The shortest time between two beats, and the shortest for which a tunnel was quiet that was ended for that.</summary>
    private static readonly TimeSpan ShortestBeat = TimeSpan.FromSeconds(2);

    /// <summary>How often the next tunnel beats through a proxy, and how many in a row were ended while they were quiet.</summary>
    private TimeSpan beat = BeatingStream.Beat;
    private int quietEnds;

    /// <summary>Whether the tunnel before ended because nothing came in.</summary>
    private volatile bool isInDoubt;

    private string Path => $"/apis/{OrreryResources.ApiVersion}/dataplanes/{dataPlane}/{OrreryNames.TunnelSubresource}";

    /// <summary>For the client whose connection carries a tunnel.</summary>
    public static ClientConfig For(ClientConfig controlPlane) => controlPlane with { PingAfter = PingAfter, AckTimeout = AckTimeout };

    /// <summary>For the client of one that beats by a Lease: a renewal into a dead connection must not outlast what the one before vouches for.</summary>
    public static ClientConfig ForLease(ClientConfig controlPlane) => For(controlPlane) with { PingAfter = PingAfterWithoutBeats };

    /// <summary>Ends once the control plane has let it in; from then on the satellite's heartbeat is in the connection.</summary>
    /// <exception cref="WebSocketException">It is not there, or does not let it in.</exception>
    /// <exception cref="Api.StatusException">It says why it does not let it in.</exception>
    /// <exception cref="TimeoutException">It says nothing.</exception>
    public async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        if (isInDoubt)
        {
            isInDoubt = false;
            try
            {
                return await InTimeAsync(OpenWithinAsync, PatienceInDoubt, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                client.Abandon();
            }
        }

        try
        {
            Stream within = await InTimeAsync(OpenWithinAsync, Patience, cancellationToken).ConfigureAwait(false);

            // Should it have had one of its own before, then this connection goes on asking more often.
            client.PingAfter(PingAfter);
            return within;
        }
        catch (Exception e) when (IsNotTaken(e))
        {
            Stream apart = await InTimeAsync(OpenApartAsync, Patience, cancellationToken).ConfigureAwait(false);
            client.PingAfter(PingAfterWithoutBeats);
            return apart;
        }
    }

    private async Task<Stream> InTimeAsync(Func<CancellationToken, Task<Stream>> open, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await open(both.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the control plane did not answer within {patience.TotalSeconds:0} s whether it takes a tunnel", e);
        }
    }

    private async Task<Stream> OpenWithinAsync(CancellationToken cancellationToken)
    {
        KeyValuePair<string, string>[] headers =
        [
            new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Protocol", OrreryNames.TunnelProtocol), new(OrreryNames.TunnelBeatsHeader, OrreryNames.BeatsToldApart), new(OrreryNames.InstanceHeader, instance),
        ];
        Stream within = await client.ConnectAsync("websocket", Path, headers, cancellationToken).ConfigureAwait(false);
        var carrier = new BeatingStream(within, AnyTurn(), time, () => isInDoubt = true, BeatsAPing) { Every = beat, Ended = IsProxied ? BeatSooner : null };
        carrier.Begin();
        var socket = WebSocket.CreateFromStream(carrier, new WebSocketCreationOptions { SubProtocol = OrreryNames.TunnelProtocol, KeepAliveInterval = TimeSpan.Zero });
        return new SocketConnection(socket);
    }

    /// <summary>
    /// What is sent to a proxy is acknowledged by it, whether or not it passes anything on, so that only an answer tells: there each beat asks for one. Most satellites have none, or one each, and a
    /// control plane is not to answer every beat of them all.
    /// </summary>
    private int BeatsAPing => IsProxied ? 1 : BeatingStream.BeatsAPing;

    private bool IsProxied => client.Config is { Proxy: { } proxy } config && proxy.GetProxy(config.Server) is not null;

    /// <summary>A proxy that ends what is quiet sooner than the next beat does so with each tunnel: it is to see something in half of the time that it takes for quiet. One such end may be anything, such as a control plane that is restarted.</summary>
    private void BeatSooner(TimeSpan quiet)
    {
        quietEnds = quiet >= ShortestBeat && quiet < beat ? quietEnds + 1 : 0;
        if (quietEnds > 1)
        {
            beat = quiet / 2 > ShortestBeat ? quiet / 2 : ShortestBeat;
        }
    }

    private static int AnyTurn() => RandomNumberGenerator.GetInt32(BeatingStream.BeatsAPing);

    private async Task<Stream> OpenApartAsync(CancellationToken cancellationToken)
    {
        // As who it is now: its certificate changes over time.
        ClientConfig config = client.Config.Now;
        using SocketsHttpHandler handler = ClientHandler.Create(config);

        // Through a proxy there are two, of which the later one is that of the control plane.
        BeatingStream? carrier = null;
        handler.PlaintextStreamFilter = (connection, _) => ValueTask.FromResult<Stream>(carrier = new BeatingStream(connection.PlaintextStream, AnyTurn(), time, beatsAPing: BeatsAPing) { Every = beat });
        using var http = new HttpMessageInvoker(handler);
        var address = new UriBuilder(config.Server)
        {
            Scheme = config.Server.Scheme == Uri.UriSchemeHttps ? "wss" : "ws",
            Path = config.Server.AbsolutePath.TrimEnd('/') + Path,
        };
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(OrreryNames.TunnelProtocol);
            socket.Options.SetRequestHeader(OrreryNames.InstanceHeader, instance);
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.CollectHttpResponseDetails = true;
            string? token = config.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : config.BearerToken;
            if (token is not null)
            {
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            }

            await socket.ConnectAsync(address.Uri, http, cancellationToken).ConfigureAwait(false);
            carrier!.Ended = IsProxied ? BeatSooner : null;
            carrier.Begin();
            return new SocketConnection(socket);
        }
        catch (Exception e)
        {
            int code = (int)socket.HttpStatusCode;
            socket.Dispose();
            if (e is WebSocketException && ReasonOf(code) is { } reason)
            {
                throw new Api.StatusException(new Api.Status { Code = code, Reason = reason, Message = e.Message });
            }

            throw;
        }
    }

    /// <summary>Of an answer whose body cannot be had.</summary>
    /// <returns>Null for one that is not the control plane's verdict.</returns>
    private static string? ReasonOf(int code) => code switch
    {
        401 => Api.StatusReason.Unauthorized,
        403 => Api.StatusReason.Forbidden,
        409 => Api.StatusReason.Conflict,
        _ => null,
    };

    /// <summary>Whoever answers knows no streams within a connection, or no HTTP/2 at all: then it may end the handshake, as if it were not to be trusted.</summary>
    private static bool IsNotTaken(Exception fault) => fault switch
    {
        HttpRequestException e => e.HttpRequestError
            is HttpRequestError.ExtendedConnectNotSupported or HttpRequestError.VersionNegotiationError or HttpRequestError.SecureConnectionError
            or HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse,
        Api.StatusException e => e.Code is 400 or 405 or 501 or 502,
        TimeoutException => true,
        _ => false,
    };
}
