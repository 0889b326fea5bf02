using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Offline;

namespace Orrery.Satellite.Tests.Offline;

public sealed class WantedKeeperTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A satellite that is moved to another machine just then, and finds no control plane there, is to know all that it knew.</summary>
    [Fact]
    public async Task RunAsync_StoppedWhileItWrites_EndsWhatItHasBegun()
    {
        using var cluster = new SlowCluster();
        using var client = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => cluster });
        SatelliteContext context = SatelliteContexts.Of(client, new SatelliteOptions { DataPlane = "edge-1", Cluster = client.Config, ControlPlane = client.Config });
        var keeper = new WantedKeeper(context, NullLogger.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task following = Task.WhenAll(context.Works.RunAsync(over.Token), context.Tenancies.Informer.RunAsync(over.Token));
        Task running = keeper.RunAsync(stop.Token);
        await cluster.Asked.Task.WaitAsync(Limit, Token);

        await stop.CancelAsync();
        cluster.Answers.SetResult();
        await running.WaitAsync(Limit, Token);

        Assert.True(cluster.IsWritten);
        await over.CancelAsync();
        await following.WaitAsync(Limit, Token);
    }

    /// <summary>One Work is wanted; what is written is taken when the test says so.</summary>
    private sealed class SlowCluster : HttpMessageHandler
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsWritten { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Uri asked = request.RequestUri!;
            if (asked.Query.Contains("watch=true", StringComparison.Ordinal))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            if (request.Method == HttpMethod.Put)
            {
                Asked.TrySetResult();
                await Answers.Task.WaitAsync(cancellationToken);
                IsWritten = true;
            }

            string items = asked.AbsolutePath.EndsWith("/works", StringComparison.Ordinal)
                ? """{"apiVersion":"orrery.dev/v1alpha1","kind":"Work","metadata":{"name":"w","namespace":"dp-edge-1","uid":"u","resourceVersion":"5","generation":1},"spec":{}}"""
                : "";
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent($$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{{items}}]}""", Encoding.UTF8, "application/json"),
            };
        }
    }
}
