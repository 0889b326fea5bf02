using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Hub;

/// <summary>
/// <c>GET /apis/orrery.dev/v1alpha1/dataplanes/NAME/tunnel</c>: a satellite opens a WebSocket, over which it then serves HTTP/2. Only the
/// satellite of that very data plane may, whatever else RBAC allows.
/// </summary>
internal sealed class TunnelHandler(TunnelHub hub) : ISubresourceHandler
{
    /// <summary>A frame by which a satellite says that it lives and wants no answer (RFC 6455, section 5.2): with nothing in it, and masked all the same.</summary>
    private const byte Pong = 0x8A, MaskedAndEmpty = 0x80;

    public GroupResource Resource => OrreryResources.DataPlanes.GroupResource;

    public string Subresource => OrreryNames.TunnelSubresource;

    public bool ServesWithinConnection => true;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        string dataPlane = target.Object.Name;
        if (SatelliteUserName.Parse(target.User.Name) is not { } satellite || !satellite.IsOf(target.Object))
        {
            throw ApiErrors.Forbidden(Resource, dataPlane, $"only the satellite of data plane {dataPlane} opens its tunnel");
        }

        if (WebSocketUpgrade.Offered(http) is { Count: > 0 } offered && !offered.Contains(OrreryNames.TunnelProtocol))
        {
            // This server speaks the first that there was: whoever speaks none of those is from after it.
            string speaks = string.Join(", ", offered);
            hub.Refused(dataPlane, speaks);
            throw ApiErrors.BadRequest($"the control plane opens no tunnel that speaks {speaks}: it speaks {OrreryNames.TunnelProtocol}, and is older than the satellite");
        }

        // Also that of a data plane which is being deleted: it has things to remove, and may have been restarted meanwhile.
        var credential = TunnelCredential.Of(satellite, target.Object, http.Connection.ClientCertificate, http.Request.Headers[OrreryNames.InstanceHeader].ToString());
        return HoldAsync(hub.Seconds.AdmitAsync(target.Object, credential, http, cancellationToken), dataPlane, credential, http, cancellationToken);
    }

    /// <summary>Where a client dials from; empty where that is not known.</summary>
    public static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>What it is given is all that is held for as long as the tunnel lasts.</summary>
    /// <param name="admitted">Ends once it is let in.</param>
    private async Task HoldAsync(Task admitted, string dataPlane, TunnelCredential credential, HttpContext http, CancellationToken cancellationToken)
    {
        await admitted.ConfigureAwait(false);

        // The satellite's pings are the heartbeats, answered by whoever reads; below the socket they are seen. This side asks nothing, which would take a timer a satellite.
        ObservedStream? heard = null;
        CarriedStream? carried = null;

        // What comes in by a connection of HTTP/1.1 is worked on by whoever reads it.
        IRestingConnection? carrier = WebSocketUpgrade.IsWithinConnection(http) ? http.Features.Get<IRestingConnection>() : null;
        ISignsOfLife? leaving = credential.IsPresented && http.Request.Headers[OrreryNames.TunnelBeatsHeader] == OrreryNames.BeatsToldApart ? carrier?.Signs : null;
        int satellite = hub.Beats.Enter();
        try
        {
            WebSocket socket = await WebSocketUpgrade.AcceptAsync(
                http, OrreryNames.TunnelProtocol, keepAlive: TimeSpan.Zero, raw => heard = Heard(new PacedStream(Carried(raw), () => hub.Beats.UntilNext(satellite)), leaving)).ConfigureAwait(false);
            await using var connection = new SocketConnection(socket);
            leaving?.Begin(heard!.Hear);
            try
            {
                await hub.HoldAsync(dataPlane, credential, connection, heard!, carrier, AddressOf(http), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                leaving?.End();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or WebSocketException)
        {
            // The satellite went, before or after its tunnel stood; it dials again.
        }
        finally
        {
            hub.Beats.Leave();
            await (carried?.EndAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        }

        // A connection of its own ends with the tunnel.
        Stream Carried(Stream raw) => WebSocketUpgrade.IsWithinConnection(http) ? carried = new CarriedStream(raw, http.Request.BodyReader) : raw;
    }

    /// <param name="leaving">Told of beats that want no answer, if it may leave such. Null reads all.</param>
    private ObservedStream Heard(Stream carried, ISignsOfLife? leaving) => new(carried, hub.Time)
    {
        Seen = leaving is null ? null : read =>
        {
            if (read is [Pong, MaskedAndEmpty, _, _, _, _])
            {
                leaving.Noticed();
            }
        },
    };
}
