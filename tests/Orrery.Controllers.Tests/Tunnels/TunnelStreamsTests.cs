using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Satellite.Tunnel;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class TunnelStreamsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Over a slow way its clients may give up before the satellite has said anything at all.</summary>
    [Fact]
    public async Task SendAsync_ClientsLeaveBeforeTheSatelliteHasSaidWhatItTakes_OthersGetTheirStreamsOnceItHas()
    {
        await using TunnelServer server = await TunnelServer.StartAsync(http => http.Response.WriteAsync("taken"), NullLoggerFactory.Instance, Token);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var near = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Token);
        using Socket far = await listener.AcceptSocketAsync(Token);
        var held = new HeldBack(new NetworkStream(far));
        Task serving = server.ServeAsync(held, Token);
        var heard = new ObservedStream(new NetworkStream(near, ownsSocket: true), TimeProvider.System);
        await using (var tunnel = new Tunnel("a", new TunnelCredential(new SatelliteUserName("a", null), "", DateTimeOffset.MaxValue, ""), heard, heard, TimeSpan.FromSeconds(10), TimeProvider.System))
        {
            // 1. One waits, and others come and go.
            Task<HttpResponseMessage> patient = AskAsync(tunnel, Token);
            await held.IsHeard.WaitAsync(Limit, Token);
            for (int i = 0; i < 20; i++)
            {
                using var leaves = new CancellationTokenSource();
                Task<HttpResponseMessage> asked = AskAsync(tunnel, leaves.Token);
                await leaves.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
            }

            // 2. What was on its way comes.
            held.Release();
            foreach (Task<HttpResponseMessage> asked in (Task<HttpResponseMessage>[])[patient, AskAsync(tunnel, Token)])
            {
                using HttpResponseMessage answer = await asked.WaitAsync(Limit, Token);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }

        await serving.WaitAsync(Limit, Token);
    }

    private static Task<HttpResponseMessage> AskAsync(Tunnel tunnel, CancellationToken cancellationToken)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Upgrade = "websocket";
        http.Features.Set<IHttpUpgradeFeature>(new Upgradable());
        return tunnel.SendAsync(new TunnelRequest("a", "/exec", "", "somebody") { Stream = PassedStream.Of(http) }, http, cancellationToken);
    }

    private sealed class Upgradable : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => true;

        public Task<Stream> UpgradeAsync() => throw new NotSupportedException();
    }

    /// <summary>What is written to it stays on its way until that is released.</summary>
    private sealed class HeldBack(Stream inner) : ConnectionStream(inner)
    {
        private readonly TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously), released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The other side has said something.</summary>
        public Task IsHeard => heard.Task;

        public void Release() => released.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await Inner.ReadAsync(buffer, cancellationToken);
            if (buffer.Length > 0)
            {
                heard.TrySetResult();
            }

            return read;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await released.Task.WaitAsync(cancellationToken);
            await Inner.WriteAsync(buffer, cancellationToken);
        }
    }
}
