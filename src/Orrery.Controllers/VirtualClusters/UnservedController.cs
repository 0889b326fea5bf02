using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.VirtualClusters;

/// <summary>Says of each VirtualCluster that nobody serves it, where root is no server of ours: whoever made one is not to wait for it.</summary>
internal sealed class UnservedController : IController, IReconciler<ObjectKey>
{
    private readonly ControllerContext context;
    private readonly Informer virtualClusters;
    private readonly ReconcilerHost<ObjectKey> host;

    public UnservedController(ControllerContext context)
    {
        this.context = context;
        virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        host = context.Host("virtualclusters", this, [virtualClusters], () => virtualClusters.All().Select(ObjectKey.Of), workers: 1);
        virtualClusters.Subscribe(change => host.Queue.Add(change.Key));
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (virtualClusters.Get(key) is { IsDeleting: false } cluster)
        {
            JsonObject status = OwnKinds.StatusOf(cluster);
            status["observedGeneration"] = cluster.Generation;
            Conditions.Set(
                status, OrreryNames.ReadyCondition, Conditions.False, "NotServed", "this cluster serves no virtual clusters; they need a control plane by 'orrery serve'", context.Time.GetUtcNow(), cluster.Generation);
            await OwnKinds.WriteStatusAsync(context.Root, virtualClusters, cluster, status, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }
}
