using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;
using Orrery.Satellite.Reporting;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests.Reporting;

public sealed class ClusterReportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A metrics server is no part of the API server: a kube-apiserver answers 503 for what it serves, and everything else as ever.</summary>
    [Fact]
    public async Task Reconcile_MetricsAreDown_IsNotTheClustersFault()
    {
        using var api = new EmptyCluster { Down = "/apis/metrics.k8s.io" };
        using KubeClient client = api.Client();
        var options = new SatelliteOptions { DataPlane = "edge-1", Cluster = client.Config };
        var history = new ServerHistory();
        var context = new SatelliteContext(options, client, client, new PolicyWatch(client, options, history), new RecordKeeper(client, TimeProvider.System, NullLogger.Instance), history, new Standing(NullLogger.Instance));
        var nodes = new Informer(client, ClusterResources.Nodes, context.ClusterInformerOptions);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = Task.WhenAll(nodes.RunAsync(stop.Token), context.Namespaces.RunAsync(stop.Token));
        await Task.WhenAll(nodes.HasSynced, context.Namespaces.HasSynced).WaitAsync(Token);

        await new ClusterReport(context, nodes, () => []).ReconcileAsync("self", Token);

        (string path, string body) = Assert.Single(api.Patched);
        Assert.EndsWith("/dataplanes/edge-1/status", path, StringComparison.Ordinal);
        JsonObject status = JsonNode.Parse(body)!["status"]!.AsObject();
        Assert.False((bool)status["metrics"]!);
        Assert.Contains(status["conditions"]!.AsArray(), c => c!.AsObject().TextAt("type") == "Degraded" && c.AsObject().TextAt("status") == "False");
        await stop.CancelAsync();
        await running;
    }
}
