using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Policy;

public sealed class ClusterActionsTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A deletion whose answer was lost may have been done: the cluster's owner is to find it in the record.</summary>
    [Fact]
    public async Task DeleteAsync_AnswerIsLost_StandsInTheRecord()
    {
        using var api = new Losing();
        using KubeClient cluster = new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => api });
        var options = new SatelliteOptions { DataPlane = "edge-1", Cluster = cluster.Config };
        var policy = new PolicyWatch(cluster, options, new ServerHistory());
        var record = new RecordKeeper(cluster, TimeProvider.System, NullLogger.Instance);
        var actions = new ClusterActions(cluster, policy, record);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = Task.WhenAll(policy.RunAsync(stop.Token), record.RunAsync(stop.Token));
        await Eventually.TrueAsync(() => actions.Denies(ConfigMaps, "ConfigMap", "acme-shop-default", "settings") is null, "the policy is known", TimeSpan.FromSeconds(60), Token);

        KubeObject live = KubeObject.Parse("""{"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "acme-shop-default", "uid": "1"}}"""u8);
        await Assert.ThrowsAsync<HttpRequestException>(() => actions.DeleteAsync(ConfigMaps, live, new DeleteQuery(), "Work settings", Token));
        await stop.CancelAsync();
        await running;

        JsonNode line = JsonNode.Parse(api.Record.Trim())!;
        Assert.Equal(("delete", "settings", "no answer: the connection broke"), ((string)line["verb"]!, (string)line["name"]!, (string)line["answer"]!));
    }

    /// <summary>Does as it is asked and loses the answers to deletions.</summary>
    private sealed class Losing : HttpMessageHandler
    {
        public string Record { get; private set; } = "";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Delete)
            {
                throw new HttpRequestException("the connection broke");
            }

            if (request.Content is { } content && JsonNode.Parse(await content.ReadAsStringAsync(cancellationToken))!["data"]?["log"] is { } log)
            {
                Record = (string)log!;
            }

            bool isWatch = request.RequestUri!.Query.Contains("watch=true", StringComparison.Ordinal);
            if (isWatch)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}""", Encoding.UTF8, "application/json") };
        }
    }
}
