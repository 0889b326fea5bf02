using System.Net;
using System.Net.Sockets;
using System.Text;
using Orrery.Api;
using Orrery.KubeApiServer.Proxies;
using Orrery.Testing;

namespace Orrery.Tests.KubeApiServer;

/// <summary>Proxies to what pods' addresses lead to, here a listener of the test.</summary>
public sealed class AddressProxyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_OfAPodAndOfAServiceThatLeadsToIt_IsAnsweredByWhatListensThere()
    {
        using var forwarder = new AddressForwarder();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        using var listener = new EchoListener();
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", listener.Port);
        await ProxiedPods.ServiceAsync(server, "web", "127.0.0.1", listener.Port);

        string ofPod = await AskAsync(server, $"pods/web:{listener.Port}/proxy/a%20b?c=d"), byFirstPort = await AskAsync(server, "pods/web/proxy/"), ofService = await AskAsync(server, "services/web:80/proxy/x"), byName = await AskAsync(server, "services/http:web:main/proxy/x");

        Assert.Equal("GET /a%20b?c=d", ofPod);
        Assert.Equal("GET /", byFirstPort);
        Assert.Equal(("GET /x", "GET /x"), (ofService, byName));
        Assert.DoesNotContain("Authorization", listener.LastHeaders, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Forwarded-Uri: /api/v1/namespaces/default/services/http:web:main/proxy/x", listener.LastHeaders, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("169.254.169.254", 400, "address not allowed")]
    [InlineData("0.0.0.0", 400, "address not allowed")]
    [InlineData("fe80::1", 400, "address not allowed")]
    [InlineData("", 400, "address not allowed")]
    [InlineData("127.0.0.1", 503, "error trying to reach service: ")]
    public async Task Get_OfAPodThatNobodyMayOrCanReach_IsRefused(string address, int code, string message)
    {
        using var forwarder = new AddressForwarder();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", address, FreePort.Take());

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "pods/web/proxy/"));

        Assert.Equal(code, refused.Code);
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Who may write slices leads this server to addresses of pods alone.</summary>
    [Fact]
    public async Task Get_OfAServiceWhoseSlicesNameAddressesOfNoPod_FindsNone()
    {
        using var forwarder = new AddressForwarder();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        using var listener = new EchoListener();
        await ProxiedPods.PodAsync(server, "web", "192.0.2.1", listener.Port);
        await ProxiedPods.ServiceAsync(server, "web", "127.0.0.1", listener.Port);

        StatusException none = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "services/web:main/proxy/")), noPort = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "services/web:81/proxy/"));

        Assert.Equal((503, "no endpoints available for service \"web\""), (none.Code, none.Message));
        Assert.Equal((503, "no service port 81 found for service \"web\""), (noPort.Code, noPort.Message));
    }

    private static Task<string> AskAsync(TestServer server, string rest) => server.Admin.GetTextAsync($"/api/v1/namespaces/default/{rest}", Token);

    /// <summary>Answers each request with its first line.</summary>
    private sealed class EchoListener : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly Task serving;

        public EchoListener()
        {
            listener.Start();
            serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public string LastHeaders { get; private set; } = "";

        public void Dispose()
        {
            listener.Dispose();
            Assert.True(serving.Wait(TimeSpan.FromSeconds(30)));
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    string first = (await reader.ReadLineAsync())!;
                    var headers = new StringBuilder();
                    while (await reader.ReadLineAsync() is { Length: > 0 } line)
                    {
                        headers.AppendLine(line);
                    }

                    LastHeaders = headers.ToString();
                    string body = string.Join(' ', first.Split(' ')[..2]);
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }
    }
}
