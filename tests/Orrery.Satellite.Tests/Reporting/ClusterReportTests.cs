using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Satellite.Reporting;
using Orrery.Satellite.Tunnel;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Reporting;

public sealed class ClusterReportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A metrics server is no part of the API server: a kube-apiserver answers 503 for what it serves, and everything else as ever.</summary>
    [Fact]
    public async Task Reconcile_MetricsAreDown_IsNotTheClustersFault()
    {
        using var api = new EmptyCluster { Down = "/apis/metrics.k8s.io" };

        JsonObject status = await StatusAsync(api);

        Assert.False((bool)status["metrics"]!);
        Assert.Equal("False", StateOf(status, "Degraded"));
    }

    [Theory]
    [InlineData("/apis/authorization.k8s.io", "False", "Unknown")]
    [InlineData("/apis/metrics.k8s.io", "False", "False")]
    [InlineData("/version", "True", "Unknown")]
    public async Task Reconcile_SomethingIsNeverAnswered_IsAwayOnlyWhereItsVersionIs(string hanging, string degraded, string permitted)
    {
        using var api = new EmptyCluster { Hanging = hanging };

        JsonObject status = await StatusAsync(api);

        Assert.Equal((degraded, permitted), (StateOf(status, "Degraded"), StateOf(status, "Permitted")));
    }

    [Fact]
    public async Task Reconcile_VersionIsForbidden_TheClusterAnswersNevertheless()
    {
        using var api = new EmptyCluster { Forbidden = "/version" };

        Assert.Equal("False", StateOf(await StatusAsync(api), "Degraded"));
    }

    private static string? StateOf(JsonObject status, string type) => status["conditions"]!.AsArray().Select(c => c!.AsObject()).Single(c => c.TextAt("type") == type).TextAt("status");

    /// <summary>What is reported of a cluster, whatever time that takes there.</summary>
    private static async Task<JsonObject> StatusAsync(EmptyCluster api)
    {
        var time = new ManualTime();
        using KubeClient client = api.Client();
        var options = new SatelliteOptions { DataPlane = "edge-1", Cluster = client.Config, Time = time };
        SatelliteContext context = SatelliteContexts.Of(client, options);
        var nodes = new Informer(client, ClusterResources.Nodes, context.ClusterInformerOptions with { Time = TimeProvider.System });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = Task.WhenAll(nodes.RunAsync(stop.Token), context.Namespaces.RunAsync(stop.Token));
        await Task.WhenAll(nodes.HasSynced, context.Namespaces.HasSynced).WaitAsync(Token);

        Task<ReconcileResult> looked = new ClusterReport(context, nodes, new KeptObjects(context, nodes, () => [], () => [])).ReconcileAsync("self", Token);
        await Eventually.TrueAsync(
            () =>
            {
                // Only while nothing is answered: a thread that is held up here is no cluster that takes its time.
                time.Advance(TimeSpan.FromSeconds(api.Unanswered > 0 ? 1 : 0));
                return looked.IsCompleted;
            },
            "it has reported",
            TimeSpan.FromSeconds(60));
        await looked;
        await stop.CancelAsync();
        await running;
        (string path, string body) = Assert.Single(api.Patched);
        Assert.EndsWith("/dataplanes/edge-1/status", path, StringComparison.Ordinal);
        return JsonNode.Parse(body)!["status"]!.AsObject();
    }
}
