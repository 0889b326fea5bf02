using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.Requests;

public sealed class SlowBodyTests
{
    /// <summary>Kestrel gives a body 5 s before it asks for 240 bytes a second. It is looked at every 5 s, so that one that does not come is noticed long before the end of a write's time (504).</summary>
    [Fact]
    public async Task Create_BodyThatTrickles_IsTheClientsTimeout()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using TestServer server = await TestServer.StartAsync(cancellationToken: token);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Url.Port, token);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        string head = $"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.AdminToken(ClusterName.Root)}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
        await tls.WriteAsync(Encoding.ASCII.GetBytes(head), token);

        using var reader = new StreamReader(tls);
        string line = await reader.ReadLineAsync(token) ?? "";

        Assert.Equal(408, int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
    }
}
