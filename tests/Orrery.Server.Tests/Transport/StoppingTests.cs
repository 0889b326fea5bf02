using System.Net;
using System.Net.Sockets;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

/// <summary>A server that is told to stop answers what it has begun.</summary>
public sealed class StoppingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Request_WhoseBodyIsOnItsWay_IsAnswered(string version)
    {
        TestServer server = await TestServer.StartAsync(cancellationToken: Token);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var http = new HttpClient(handler);
        byte[] json = System.Text.Encoding.UTF8.GetBytes(ServerFixture.ConfigMap("late", "value").ToJsonString());
        using var body = new HeldContent(json);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, "/api/v1/namespaces/default/configmaps")) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body };
        request.Headers.Authorization = new("Bearer", server.AdminToken(Api.ClusterName.Root));
        Task<HttpResponseMessage> answer = http.SendAsync(request, Token);
        await body.Begun.WaitAsync(Token);
        using var other = new RawHttp(server);
        await Eventually.TrueAsync(async () => (await other.TextAsync("/metrics")).Contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1", StringComparison.Ordinal), "the request in the server", cancellationToken: Token);

        Task stopped = server.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() => !Listens(server.Url.Port), "a server that takes no connections", cancellationToken: Token);
        body.Release();

        using HttpResponseMessage answered = await answer;
        Assert.Equal(HttpStatusCode.Created, answered.StatusCode);
        Assert.Contains("late", await answered.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await stopped;
    }

    private static bool Listens(int port)
    {
        try
        {
            using var socket = new TcpClient();
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends its first half at once, and the rest when it is let.</summary>
    private sealed class HeldContent(byte[] body) : HttpContent
    {
        private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously), released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => begun.Task;

        public void Release() => released.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2), Token);
            await stream.FlushAsync(Token);
            begun.SetResult();
            await released.Task.WaitAsync(Token);
            await stream.WriteAsync(body.AsMemory(body.Length / 2), Token);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
