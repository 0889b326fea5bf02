using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>What a bench knows of the data planes of its control plane. It watches: to list ten thousand of them again and again would be most of what the server does.</summary>
internal sealed class FleetWatch : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource stop = new();
    private readonly TimeProvider time;
    private readonly KubeClient client;
    private readonly Informer dataPlanes;
    private readonly Informer tunnels;
    private readonly Task running;

    public FleetWatch(ClientConfig config, TimeProvider time)
    {
        this.time = time;
        client = new KubeClient(config, time);
        dataPlanes = new Informer(client, OrreryResources.DataPlanes, new InformerOptions { Transform = InformerOptions.WithoutManagedFields, Time = time });
        tunnels = new Informer(client, new GroupVersionResource("coordination.k8s.io", "v1", "leases"), new InformerOptions
        {
            Transform = InformerOptions.WithoutManagedFields, FieldSelector = "metadata.name=" + OrreryNames.TunnelLease, Time = time,
        });
        running = Task.WhenAll(dataPlanes.RunAsync(stop.Token), tunnels.RunAsync(stop.Token));
    }

    /// <summary>Ends once so many data planes have a status.</summary>
    public Task ReportedAsync(int count, TimeSpan patience, CancellationToken cancellationToken) => UntilAsync("every data plane's status", patience,
        () => dataPlanes.All().Count(d => Conditions.Find(d, OrreryNames.ReadyCondition) is not null) == count, cancellationToken);

    /// <summary>Ends once so many data planes are ready and the tunnel of each ends at a server other than the one named.</summary>
    public Task ReadyAsync(int count, string former, TimeSpan patience, CancellationToken cancellationToken) => UntilAsync("every satellite", patience,
        () => tunnels.All().Count(t => t.TextAt("spec", "holderIdentity") is { Length: > 0 } holder && holder != former) == count
            && dataPlanes.All().Count(d => Conditions.IsTrue(d, OrreryNames.ReadyCondition)) == count, cancellationToken);

    /// <summary>The server at which a tunnel ends.</summary>
    public string Holder(string dataPlane) => tunnels.Get(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane), OrreryNames.TunnelLease)?.TextAt("spec", "holderIdentity") ?? "";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        client.Dispose();
        stop.Dispose();
    }

    private async Task UntilAsync(string what, TimeSpan patience, Func<bool> holds, CancellationToken cancellationToken)
    {
        await dataPlanes.HasSynced.WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        await Waiting.UntilAsync(what, patience, time, async () =>
        {
            if (holds())
            {
                return true;
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
            return false;
        }, cancellationToken).ConfigureAwait(false);
    }
}
