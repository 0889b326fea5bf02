using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Observing;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class PresenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A satellite that starts while its control plane is away, behind something that says of everything that it is not there.</summary>
    [Fact]
    public async Task RunAsync_SomethingInFrontSaysNotFound_IsNoVerdictOnTunnels()
    {
        using var front = new Front();
        using var controlPlane = new KubeClient(new ClientConfig(new Uri("https://control.example.com")) { Carrier = () => front });
        Presence presence = Of(controlPlane);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = presence.RunAsync(stop.Token);

        // 1. It is asked again.
        string internals = $"/apis/{OrreryResources.InternalGroup}/{OrreryResources.Version}";
        await Eventually.TrueAsync(() => front.Asked.Count(a => a == internals) >= 2, "asked twice whether tunnels are taken", TimeSpan.FromSeconds(60), Token);
        Assert.DoesNotContain(front.Asked, a => a.EndsWith("/leases/" + OrreryNames.TunnelLease, StringComparison.Ordinal));

        // 2. An API server that knows nothing of tunnels gets a Lease.
        front.IsApiServer = true;
        await JoinedAsync(presence, running);
        Assert.Contains(front.Asked, a => a.EndsWith("/leases/" + OrreryNames.TunnelLease, StringComparison.Ordinal));

        await stop.CancelAsync();
        await running;
    }

    /// <summary>The tunnel that is being tried meanwhile is given up, and may fail by itself at that very moment.</summary>
    [Fact]
    public async Task RunAsync_DialFailsJustWhenItIsGivenUp_BeatsByLease()
    {
        using var front = new Front { HoldsDials = true };
        using var controlPlane = new KubeClient(new ClientConfig(new Uri("https://control.example.com")) { Carrier = () => front });
        Presence presence = Of(controlPlane);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = presence.RunAsync(stop.Token);
        await front.Dialled.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);

        front.IsApiServer = true;

        await JoinedAsync(presence, running);
        await stop.CancelAsync();
        await running;
    }

    private static Presence Of(KubeClient controlPlane)
    {
        var options = new SatelliteOptions { DataPlane = "edge-1", Cluster = controlPlane.Config, ControlPlane = controlPlane.Config };
        SatelliteContext context = SatelliteContexts.Of(controlPlane, options);
        var requests = new TunnelRequests(context, new PodRequests(context, new ObserveLoop(context).Pods), new MetricsRequests(context));
        return new Presence(context, new TunnelDialer(context, requests), new LeaseBeat(controlPlane, "edge-1", null, TimeProvider.System, NullLogger.Instance));
    }

    /// <summary>Fails with why it ended, should it end.</summary>
    private static async Task JoinedAsync(Presence presence, Task running)
    {
        if (await Task.WhenAny(presence.Joined, running).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token) == running)
        {
            await running;
            Assert.Fail("it ended before it joined");
        }
    }

    /// <summary>Knows nothing that it is asked for, or what any API server knows.</summary>
    private sealed class Front : HttpMessageHandler
    {
        public ConcurrentQueue<string> Asked { get; } = new();

        public volatile bool IsApiServer;

        /// <summary>The connection of whoever dials breaks when he gives up.</summary>
        public bool HoldsDials { get; init; }

        private readonly TaskCompletionSource dialled = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Dialled => dialled.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string path = request.RequestUri!.AbsolutePath;
            Asked.Enqueue(path);
            if (HoldsDials && request.Method == HttpMethod.Connect)
            {
                dialled.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new HttpRequestException("the connection broke");
            }

            string? known = !IsApiServer ? null
                : path == "/version" ? """{"gitVersion": "v1.36.0"}"""
                : path.Contains("/leases/", StringComparison.Ordinal) ? """{"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "tunnel"}}"""
                : null;
            return new HttpResponseMessage(known is null ? HttpStatusCode.NotFound : HttpStatusCode.OK)
            {
                Content = new StringContent(known ?? "404 page not found", Encoding.UTF8, known is null ? "text/plain" : "application/json"),
            };
        }
    }
}
