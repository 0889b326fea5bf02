using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>Streams of one HTTP/2 connection, of which most are never read, and forwarded ports that nobody reads from: each waits for its own reader alone.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class StalledStreamTests(Watched watched)
{
    private const int Stalled = 8;

    /// <summary>What one stream may hold on its way there and back, in all buffers together.</summary>
    private const long MostOfAStream = 32L << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StreamsOfOneConnection_ThatAreNeverRead_HoldUpNoneBesideThem()
    {
        ClientConfig config = KubeConfig.Load(watched.Shop.Kubeconfig);
        int connections = 0;
        using SocketsHttpHandler handler = ClientHandler.Create(config);
        handler.EnableMultipleHttp2Connections = false;
        handler.InitialHttp2StreamWindowSize = 65_535;
        handler.ConnectCallback = async (context, token) =>
        {
            Interlocked.Increment(ref connections);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, token);
            return new NetworkStream(socket, ownsSocket: true);
        };
        using var http = new HttpClient(handler, disposeHandler: false) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        string pod = $"{config.Server.AbsoluteUri.TrimEnd('/')}/api/v1/namespaces/default/pods/{watched.Pod}";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        List<IDisposable> open = [];
        var sending = new List<Task<long>>();
        try
        {
            // 1. Programs that say back without an end what they are told, and logs that go on: of none anything is read.
            for (int i = 0; i < Stalled; i++)
            {
                ClientWebSocket socket = await OpenAsync(http, pod);
                open.Add(socket);
                sending.Add(FillAsync(socket, stop.Token));
                open.Add(await http.GetAsync(pod + "/log?container=web&follow=true", HttpCompletionOption.ResponseHeadersRead, Token));
            }

            // 2. Beside them in the same connection: what is asked of the control plane, of the data plane, and a stream that is read.
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(watched.Pod, (string?)(await http.GetFromJsonAsync<JsonNode>(pod, Token).WaitAsync(Limit, Token))!["metadata"]!["name"]);
                Assert.StartsWith("web ", await http.GetStringAsync(pod + "/log?container=web&tailLines=1", Token).WaitAsync(Limit, Token), StringComparison.Ordinal);
                using ClientWebSocket beside = await OpenAsync(http, pod);
                await beside.SendAsync("\0said\n"u8.ToArray(), WebSocketMessageType.Binary, true, Token);
                Assert.Contains("said", await HearAsync(beside).WaitAsync(Limit, Token), StringComparison.Ordinal);
            }

            // 3. All of it in one connection; and who writes to those that are not read is held back.
            Assert.Equal(1, connections);
            Assert.All(sending, s => Assert.False(s.IsCompleted, "it took all of it"));
        }
        finally
        {
            await stop.CancelAsync();
            open.ForEach(o => o.Dispose());
        }

        foreach (long sent in await Task.WhenAll(sending))
        {
            Assert.InRange(sent, 1, MostOfAStream);
        }
    }

    [Fact]
    public async Task ForwardedPort_FromWhichNobodyReads_HoldsUpNoOther()
    {
        using Process of = Forward(), other = Forward();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        try
        {
            using TcpClient unread = await ConnectAsync(of), beside = await ConnectAsync(other);
            Task<long> sending = FillAsync(unread.GetStream(), stop.Token);
            byte[] said = Encoding.ASCII.GetBytes("said back\n"), heard = new byte[said.Length];
            for (int round = 0; round < 3; round++)
            {
                await beside.GetStream().WriteAsync(said, Token);
                await beside.GetStream().ReadExactlyAsync(heard, Token).AsTask().WaitAsync(Limit, Token);
                Assert.Equal(said, heard);
            }

            Assert.StartsWith("web ", await watched.Shop.RunAsync($"logs {watched.Pod} -c web --tail=1"), StringComparison.Ordinal);
            await stop.CancelAsync();
            Assert.InRange(await sending, 1, MostOfAStream);
        }
        finally
        {
            ProcessSignals.Kill(of);
            ProcessSignals.Kill(other);
        }
    }

    private Process Forward()
    {
        var start = new ProcessStartInfo("kubectl", ["port-forward", "pod/" + watched.Pod, ":81"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = watched.Shop.Kubeconfig;
        return Process.Start(start)!;
    }

    private static async Task<TcpClient> ConnectAsync(Process forward)
    {
        string line = (await forward.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token))!;
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, int.Parse(LocalPort().Match(line).Groups[1].Value, CultureInfo.InvariantCulture), Token);
        return client;
    }

    private static async Task<ClientWebSocket> OpenAsync(HttpClient http, string pod)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol("v5.channel.k8s.io");
        await socket.ConnectAsync(new Uri("wss" + pod["https".Length..] + "/exec?container=web&command=cat&stdin=true&stdout=true"), http, Token).WaitAsync(Limit, Token);
        return socket;
    }

    private static async Task<string> HearAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[4096];
        for (string heard = ""; ;)
        {
            WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, Token);
            heard += Encoding.UTF8.GetString(buffer, 0, got.Count);
            if (heard.Contains('\n', StringComparison.Ordinal) || got.MessageType == WebSocketMessageType.Close)
            {
                return heard;
            }
        }
    }

    /// <summary>Writes to it without reading, until it takes nothing more and is told to end.</summary>
    /// <returns>How much it took.</returns>
    private static async Task<long> FillAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        byte[] message = new byte[16 * 1024];
        long sent = 0;
        try
        {
            for (; sent <= MostOfAStream; sent += message.Length)
            {
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // Held back until the test was over.
        }

        return sent;
    }

    private static async Task<long> FillAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] part = Encoding.ASCII.GetBytes(new string('x', 16 * 1024));
        long sent = 0;
        try
        {
            for (; sent <= MostOfAStream; sent += part.Length)
            {
                await stream.WriteAsync(part, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            // Held back until the test was over.
        }

        return sent;
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+) ->")]
    private static partial Regex LocalPort();
}
