using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class TunnelReuseRoadTests
{
    private const string Plane = "pa2-par";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The framework takes what it buffered an ended stream in for a request that comes later: the tunnel's last read must have ended before.</summary>
    [Fact]
    public async Task TunnelWithinAConnection_ThatTheServerEnded_LeavesTheConnectionToOtherRequests()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Plane);
        await fleet.StopSatelliteAsync(Plane);
        ClientConfig config = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser(Plane), [OrreryNames.SatelliteGroup], ClusterScope.Root));
        using var connection = new HttpMessageInvoker(ClientHandler.Create(config), disposeHandler: true);
        var answers = new List<HttpStatusCode>();
        for (int i = 0; i < 5; i++)
        {
            await Eventually.TrueAsync(() => !fleet.Hub.Connected.Contains(Plane), "none is connected", cancellationToken: Token);
            using var socket = new ClientWebSocket();
            socket.Options.HttpVersion = HttpVersion.Version20;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            socket.Options.AddSubProtocol(OrreryNames.TunnelProtocol);
            await socket.ConnectAsync(new Uri($"wss://{config.Server.Authority}/apis/orrery.dev/v1alpha1/dataplanes/{Plane}/tunnel"), connection, Token);
            await Eventually.TrueAsync(() => fleet.Hub.Connected.Contains(Plane), "it is connected", cancellationToken: Token);

            // Once the handler is done the stream is the connection's again.
            await fleet.Hub.DisconnectAsync(Plane);
            await EndAsync(socket);
            answers.Add(await ReviewAsync(connection, config));
        }

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a));
    }

    /// <summary>Until the server has ended its side.</summary>
    private static async Task EndAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[1024];
        try
        {
            while (socket.State is WebSocketState.Open or WebSocketState.CloseSent)
            {
                await socket.ReceiveAsync(buffer, Token);
            }

            await socket.ReceiveAsync(buffer, Token);
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException)
        {
            // That was it.
        }
    }

    private static async Task<HttpStatusCode> ReviewAsync(HttpMessageInvoker connection, ClientConfig config)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(config.Server, "/apis/authentication.k8s.io/v1/selfsubjectreviews"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("""{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}""", Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        using HttpResponseMessage answer = await connection.SendAsync(request, Token);
        return answer.StatusCode;
    }
}
