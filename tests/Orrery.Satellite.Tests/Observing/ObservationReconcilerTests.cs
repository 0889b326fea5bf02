using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Observing;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests.Observing;

public sealed class ObservationReconcilerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>An API server that begins with its satellite, as on one machine that was restarted, refuses everything for its first seconds.</summary>
    [Fact]
    public async Task Reconcile_ClusterLetsNobodyLookYet_KeepsWhatWasObserved()
    {
        using var api = new EmptyCluster { Forbidden = "/pods" };
        using KubeClient client = api.Client();
        var options = new SatelliteOptions { DataPlane = "edge-1", Cluster = client.Config };
        SatelliteContext context = SatelliteContexts.Of(client, options);
        var pods = new Informer(client, ClusterResources.Pods, context.ClusterInformerOptions with { BackoffMax = TimeSpan.FromMilliseconds(20) });
        var observations = new Informer(client, OrreryResources.Observations, context.InformerOptions with { Namespace = context.Namespace });
        observations.Seed([KubeObject.Parse(Encoding.UTF8.GetBytes($$"""
            {"kind": "Observation", "metadata": {"name": "{{ObservationBuilder.Name("Pod", "a", "web")}}", "namespace": "{{context.Namespace}}", "uid": "1"} }
            """))]);
        var reconciler = new ObservationReconciler(context, new Dictionary<string, Informer> { ["Pod"] = pods }, observations);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = Task.WhenAll(pods.RunAsync(stop.Token), context.Namespaces.RunAsync(stop.Token));
        await pods.HasSynced.WaitAsync(Token);
        await context.Namespaces.HasSynced.WaitAsync(Token);

        ReconcileResult early = await reconciler.ReconcileAsync(new ObservedKey("Pod", "a", "web"), Token);
        Assert.NotNull(early.Again);
        Assert.Empty(api.Deleted);

        api.Forbidden = null;
        await Orrery.Testing.Eventually.TrueAsync(() => pods.HasListed, "the pods are listed", cancellationToken: Token);
        await reconciler.ReconcileAsync(new ObservedKey("Pod", "a", "web"), Token);
        Assert.Single(api.Deleted);

        await stop.CancelAsync();
        await running;
    }
}
