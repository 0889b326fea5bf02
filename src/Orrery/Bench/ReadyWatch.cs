using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Bench;

/// <summary>Counts the virtual clusters of a tenant that are Ready, as a watch tells of them.</summary>
internal sealed class ReadyWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Informer virtualClusters;
    private readonly Task running;
    private int count;

    public ReadyWatch(KubeClient client, string tenant, TimeProvider time)
    {
        virtualClusters = new Informer(client, OrreryResources.VirtualClusters, new InformerOptions { Namespace = tenant, Time = time });
        virtualClusters.Subscribe(change => Interlocked.Add(ref count, (IsReady(change.Current) ? 1 : 0) - (IsReady(change.Old) ? 1 : 0)));
        running = virtualClusters.RunAsync(stop.Token);
    }

    public Task HasSynced => virtualClusters.HasSynced;

    public int Count => Volatile.Read(ref count);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private static bool IsReady(KubeObject? cluster) => cluster is not null && Conditions.IsTrue(cluster, OrreryNames.ReadyCondition);
}
