using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Orrery.Api;
using Orrery.Client;
using Orrery.KubeApiServer.Proxies;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Handlers;
using Orrery.Testing;

namespace Orrery.Tests.KubeApiServer;

/// <summary>What a pod speaks beside HTTP, through the proxies of a plain server.</summary>
public sealed class AddressProxyStreamTests
{
    private const string Base = "/api/v1/namespaces/default/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>By a connection of its own, and as a stream of an HTTP/2 connection, as browsers and newer clients do.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Socket_ThroughAPodAndAService_IsPassedBothWaysAndRecorded(int version)
    {
        using var folder = new TempDirectory();
        AuditPolicy policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, resources: [{group: '', resources: [pods/proxy]}]}]}");
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using (TestServer server = await ProxiedPods.StartAsync(forwarder, o => o with { Audit = new AuditOptions { Policy = policy, Path = folder.File("audit.log") } }))
        {
            await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
            await ProxiedPods.ServiceAsync(server, "web", "127.0.0.1", pod.Port);
            foreach (string target in (string[])["pods/web", "services/web:main"])
            {
                using ClientWebSocket socket = await DialAsync(server, $"{target}/proxy/a%20b?c=d", version);
                await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);
                byte[] echo = new byte[16];
                WebSocketReceiveResult got = await socket.ReceiveAsync(echo, Token);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Token);

                Assert.Equal(("hello", "chat.example.test"), (Encoding.UTF8.GetString(echo, 0, got.Count), socket.SubProtocol));
                Assert.StartsWith("GET /a%20b?c=d HTTP/1.1", pod.LastHead, StringComparison.Ordinal);

                // The token is for the server.
                Assert.DoesNotContain("bearer", pod.LastHead, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("Authorization", pod.LastHead, StringComparison.OrdinalIgnoreCase);
            }

            // Counted once it has ended.
            string counted = $"code=\"{(version == 1 ? 101 : 200)}\",component=\"apiserver\"", what = "resource=\"services\"", which = "subresource=\"proxy\"";
            await Eventually.TrueAsync(
                async () => (await server.Admin.GetTextAsync("/metrics", Token)).Split('\n').Any(l => l.StartsWith("apiserver_request_total", StringComparison.Ordinal)
                    && l.Contains(counted, StringComparison.Ordinal) && l.Contains(what, StringComparison.Ordinal) && l.Contains(which, StringComparison.Ordinal)),
                "the stream is counted",
                cancellationToken: Token);
        }

        string[] lines = await File.ReadAllLinesAsync(folder.File("audit.log"), Token);
        foreach (string stage in (string[])["ResponseStarted", "ResponseComplete"])
        {
            string line = Assert.Single(lines, l => l.Contains($"\"stage\":\"{stage}\"", StringComparison.Ordinal));
            Assert.Contains(version == 1 ? "\"code\":101" : "\"code\":200", line, StringComparison.Ordinal);
            Assert.Contains("\"username\":\"test-admin\"", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Socket_WhoseClientGoes_EndsAtThePod()
    {
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
        using (ClientWebSocket socket = await DialAsync(server, "pods/web/proxy/", 1))
        {
            socket.Abort();
        }

        await pod.Ended.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Socket_WhosePodGoes_EndsAtTheClient()
    {
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
        using ClientWebSocket socket = await DialAsync(server, "pods/web/proxy/", 1);
        await socket.SendAsync("leave"u8.ToArray(), WebSocketMessageType.Text, true, Token);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[16], Token).WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    /// <summary>Any protocol that the pod agrees to, which this server need not know.</summary>
    [Fact]
    public async Task Upgrade_ToAnotherProtocol_IsPassedBothWays()
    {
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
        using HttpResponseMessage answer = await AskAsync(server, "pods/web/proxy/raw", "example/1");

        await using Stream stream = await answer.Content.ReadAsStreamAsync(Token);
        await stream.WriteAsync("hello"u8.ToArray(), Token);
        byte[] echo = new byte[5];
        await stream.ReadExactlyAsync(echo, Token);

        Assert.Equal((HttpStatusCode.SwitchingProtocols, "example/1", "hello"), (answer.StatusCode, answer.Headers.Upgrade.ToString(), Encoding.ASCII.GetString(echo)));
    }

    /// <summary>What does not switch answers as ever; and what switches unasked is not let.</summary>
    [Theory]
    [InlineData("refused", "example/1", 418, "no such stream")]
    [InlineData("raw", "", 503, "it switched protocols unasked")]
    public async Task Upgrade_ThatOnlyOneSideWants_IsAnsweredPlainly(string path, string protocol, int code, string text)
    {
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
        using HttpResponseMessage answer = await AskAsync(server, $"pods/web/proxy/{path}", protocol);

        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Contains(text, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    /// <summary>A token among the subprotocols is the client's credential, if it is one, and beside one that is meant.</summary>
    [Theory]
    [InlineData(true, "chat.example.test")]
    [InlineData(false, "")]
    [InlineData(false, "chat.example.test, base64url.bearer.authorization.k8s.io.eA")]
    [InlineData(false, "chat.example.test", "base64url.bearer.authorization.k8s.io.???")]
    [InlineData(false, "chat.example.test", "base64url.bearer.authorization.k8s.io.eA")]
    public async Task Token_AmongTheSubprotocols_IsTakenWhereItIsWhole(bool taken, string beside, string? instead = null)
    {
        using var forwarder = new AddressForwarder();
        await using var pod = new StreamListener();
        await using TestServer server = await ProxiedPods.StartAsync(forwarder);
        await ProxiedPods.PodAsync(server, "web", "127.0.0.1", pod.Port);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, Base + "pods/web/proxy/")) { Version = HttpVersion.Version11 };
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16]));
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", beside.Length > 0 ? $"{instead ?? Offer(server)}, {beside}" : instead ?? Offer(server));
        using var client = new HttpMessageInvoker(ClientHandler.Create(server.Config()));
        using HttpResponseMessage answer = await client.SendAsync(request, Token);

        Assert.Equal(taken ? 101 : 401, (int)answer.StatusCode);
    }

    private static string Offer(TestServer server) =>
        SocketToken.Prefix + Convert.ToBase64String(Encoding.ASCII.GetBytes(server.AdminToken(ClusterName.Root))).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static async Task<ClientWebSocket> DialAsync(TestServer server, string rest, int version)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol(Offer(server));
        socket.Options.AddSubProtocol("chat.example.test");
        using var http = new HttpMessageInvoker(ClientHandler.Create(server.Config()), disposeHandler: false);
        await socket.ConnectAsync(new Uri("wss://" + server.Url.Authority + Base + rest), http, Token);
        return socket;
    }

    /// <param name="protocol">Empty asks for none.</param>
    private static async Task<HttpResponseMessage> AskAsync(TestServer server, string rest, string protocol)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, Base + rest)) { Version = HttpVersion.Version11 };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + server.AdminToken(ClusterName.Root));
        if (protocol.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", protocol);
        }

        using var client = new HttpMessageInvoker(ClientHandler.Create(server.Config()), disposeHandler: false);
        return await client.SendAsync(request, Token);
    }

    /// <summary>Speaks WebSockets to who asks for them, echoing what comes until it is told to leave; at <c>/raw</c> whatever is asked for, once.</summary>
    private sealed class StreamListener : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource over = new();
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task serving;

        public StreamListener()
        {
            listener.Start();
            serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public string LastHead { get; private set; } = "";

        /// <summary>A stream has ended from the other side.</summary>
        public Task Ended => ended.Task;

        public async ValueTask DisposeAsync()
        {
            await over.CancelAsync();
            await serving.WaitAsync(TimeSpan.FromSeconds(30));
            listener.Dispose();
            over.Dispose();
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await listener.AcceptTcpClientAsync(over.Token);
                    await using NetworkStream stream = client.GetStream();
                    await AnswerAsync(stream);
                }
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                // The test has ended.
            }
        }

        private async Task AnswerAsync(NetworkStream stream)
        {
            var head = new StringBuilder();
            byte[] one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) > 0)
            {
                head.Append((char)one[0]);
            }

            LastHead = head.ToString();
            if (LastHead.StartsWith("GET /refused ", StringComparison.Ordinal))
            {
                await SayAsync(stream, "HTTP/1.1 418 No\r\nConnection: close\r\nContent-Length: 14\r\n\r\nno such stream");
            }
            else if (LastHead.StartsWith("GET /raw ", StringComparison.Ordinal))
            {
                await SayAsync(stream, "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: example/1\r\n\r\n");
                await EchoAsync(stream);
            }
            else
            {
                string accept = WebSocketUpgrade.AcceptOf(HeaderOf("Sec-WebSocket-Key")), protocol = HeaderOf("Sec-WebSocket-Protocol");
                await SayAsync(stream, $"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n");
                await EchoMessagesAsync(stream);
            }
        }

        private string HeaderOf(string name) =>
            LastHead.Split("\r\n").Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(l => l[(name.Length + 1)..].Trim()).Single();

        private static async Task SayAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text));

        private static async Task EchoAsync(Stream stream)
        {
            byte[] piece = new byte[64];
            try
            {
                await stream.WriteAsync(piece.AsMemory(0, await stream.ReadAsync(piece)));
            }
            catch (IOException)
            {
                // Nobody wanted it.
            }
        }

        private async Task EchoMessagesAsync(Stream stream)
        {
            using WebSocket socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
            byte[] message = new byte[64];
            try
            {
                while (await socket.ReceiveAsync(message.AsMemory(), default) is { MessageType: not WebSocketMessageType.Close } got)
                {
                    if (Encoding.ASCII.GetString(message, 0, got.Count) == "leave")
                    {
                        return;
                    }

                    await socket.SendAsync(message.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, default);
                }

                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
            }
            catch (WebSocketException)
            {
                ended.TrySetResult();
            }
        }
    }
}
