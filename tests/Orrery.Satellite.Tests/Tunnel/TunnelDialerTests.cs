using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Orrery.Client;
using Orrery.Satellite.Observing;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class TunnelDialerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Something on the way lets each tunnel open and ends it at once, or another satellite of the same identity takes its place again and again.</summary>
    [Fact]
    public async Task RunAsync_EachTunnelEndsAtOnce_DialsLessAndLessOften()
    {
        using var door = new Closing();
        using var controlPlane = new KubeClient(new ClientConfig(new Uri("https://control.example.com")) { Carrier = () => door });
        (_, TunnelDialer dialer) = DialerOf(controlPlane);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        long start = TimeProvider.System.GetTimestamp();
        Task running = dialer.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => door.Opened >= 5, "five tunnels", cancellationToken: Token);

        // Waits of 250, 500, 1,000 and 2,000 ms, each by half at least. Without them it would be half a second or little more.
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        Assert.True(took >= TimeSpan.FromMilliseconds(1875), $"five tunnels within {took}");
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
    }

    /// <summary>Another of its data plane is connected: it asks again soon, less often than one that was never let in, and says at each try which process it is. Once it is stopped it is refused no less.</summary>
    [Fact]
    public async Task RunAsync_AnotherIsConnected_StandsByAndAsksAgain()
    {
        using var door = new Closing { Answer = HttpStatusCode.Conflict };
        using var controlPlane = new KubeClient(new ClientConfig(new Uri("https://control.example.com")) { Carrier = () => door });
        (SatelliteContext context, TunnelDialer dialer) = DialerOf(controlPlane);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        long start = TimeProvider.System.GetTimestamp();
        Task running = dialer.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => door.Opened >= 6, "six times", cancellationToken: Token);

        // Waits of 250, 500, 1,000, 2,000 and 4,000 ms, each by half at least.
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        Assert.True(took >= TimeSpan.FromMilliseconds(3875), $"six times within {took}");
        Assert.All(door.Instances, i => Assert.Equal(context.Options.Instance, i));
        Assert.True(context.Standing.IsSecond);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        Assert.True(context.Standing.IsShutOut);
        Assert.False(dialer.Joined.IsCompleted);
    }

    private static (SatelliteContext Context, TunnelDialer Dialer) DialerOf(KubeClient controlPlane)
    {
        SatelliteContext context = SatelliteContexts.Of(controlPlane, new SatelliteOptions { DataPlane = "edge-1", Cluster = controlPlane.Config, ControlPlane = controlPlane.Config });
        return (context, new TunnelDialer(context, new TunnelRequests(context, new PodRequests(context, new ObserveLoop(context).Pods), new MetricsRequests(context))));
    }

    /// <summary>Grants every stream, and ends it.</summary>
    private sealed class Closing : HttpMessageHandler
    {
        private int opened;

        public int Opened => Volatile.Read(ref opened);

        /// <summary>To who opens a stream.</summary>
        public HttpStatusCode Answer { get; init; } = HttpStatusCode.OK;

        /// <summary>Who opened streams, as they say.</summary>
        public ConcurrentQueue<string> Instances { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Connect)
            {
                Instances.Enqueue(request.Headers.GetValues("Orrery-Instance").Single());
                Interlocked.Increment(ref opened);
                return Task.FromResult(new HttpResponseMessage(Answer) { Content = new StreamContent(new Ended()) });
            }

            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Content = new StringContent("", Encoding.UTF8) });
        }
    }

    /// <summary>Takes whatever is written and has nothing to read.</summary>
    private sealed class Ended() : ConnectionStream(Stream.Null)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);
    }
}
