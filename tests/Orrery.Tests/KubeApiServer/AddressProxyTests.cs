using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.KubeApiServer.Proxies;
using Orrery.Testing;

namespace Orrery.Tests.KubeApiServer;

/// <summary>Proxies to what pods' addresses lead to, here a listener of the test.</summary>
public sealed class AddressProxyTests
{
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");
    private static readonly GroupVersionResource Services = new("", "v1", "services");
    private static readonly GroupVersionResource Slices = new("discovery.k8s.io", "v1", "endpointslices");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_OfAPodAndOfAServiceThatLeadsToIt_IsAnsweredByWhatListensThere()
    {
        using var forwarder = new AddressForwarder();
        await using TestServer server = await StartAsync(forwarder);
        using var listener = new EchoListener();
        await PodAsync(server, "web", "127.0.0.1", listener.Port);
        await ServiceAsync(server, "web", "127.0.0.1", listener.Port);

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
        await using TestServer server = await StartAsync(forwarder);
        await PodAsync(server, "web", address, FreePort.Take());

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "pods/web/proxy/"));

        Assert.Equal(code, refused.Code);
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Who may write slices leads this server to addresses of pods alone.</summary>
    [Fact]
    public async Task Get_OfAServiceWhoseSlicesNameAddressesOfNoPod_FindsNone()
    {
        using var forwarder = new AddressForwarder();
        await using TestServer server = await StartAsync(forwarder);
        using var listener = new EchoListener();
        await PodAsync(server, "web", "192.0.2.1", listener.Port);
        await ServiceAsync(server, "web", "127.0.0.1", listener.Port);

        StatusException none = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "services/web:main/proxy/")), noPort = await Assert.ThrowsAsync<StatusException>(() => AskAsync(server, "services/web:81/proxy/"));

        Assert.Equal((503, "no endpoints available for service \"web\""), (none.Code, none.Message));
        Assert.Equal((503, "no service port 81 found for service \"web\""), (noPort.Code, noPort.Message));
    }

    private static Task<TestServer> StartAsync(AddressForwarder forwarder) => TestServer.StartAsync(
        new TestServerOptions { SubresourceHandlers = [new PodAddressProxy(forwarder), new ServiceAddressProxy(forwarder)] }, Token);

    private static Task<string> AskAsync(TestServer server, string rest) => server.Admin.GetTextAsync($"/api/v1/namespaces/default/{rest}", Token);

    private static async Task PodAsync(TestServer server, string name, string address, int port)
    {
        await server.Admin.CreateAsync(Pods, "default", Json("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":" + port + "}]}]}}"), Token);
        if (address.Length > 0)
        {
            // As a kubelet says it.
            JsonObject status = Json("{\"status\":{\"podIP\":\"" + address + "\",\"podIPs\":[{\"ip\":\"" + address + "\"}]}}");
            await server.Admin.PatchAsync(Pods, "default", name, PatchKind.Merge, status, Token, "status");
        }
    }

    private static async Task ServiceAsync(TestServer server, string name, string address, int port)
    {
        await server.Admin.CreateAsync(Services, "default", Json("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"ports\":[{\"name\":\"main\",\"port\":80}]}}"), Token);
        JsonObject slice = Json("{\"metadata\":{\"name\":\"" + name + "-1\",\"labels\":{\"kubernetes.io/service-name\":\"" + name + "\"}},\"addressType\":\"IPv4\"}");
        slice["ports"] = new JsonArray(new JsonObject { ["name"] = "main", ["port"] = port });
        slice["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = "default", ["name"] = name } });
        await server.Admin.CreateAsync(Slices, "default", slice, Token);
    }

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

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
