using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.VirtualClusters;

/// <summary>
/// Has a virtual cluster served while its VirtualCluster exists (a LogicalCluster of the same name tells the server so), says where it
/// is and what of it runs where, and takes everything of it away when it is deleted.
/// </summary>
internal sealed class VirtualClusterReconciler(
    KubeClient root,
    Informer virtualClusters,
    Informer logicalClusters,
    FleetDirectory fleet,
    TenancyDirectory tenancy,
    Informer classes,
    WorkDirectory works,
    EventRecorder events,
    Uri publicUrl,
    TimeProvider time,
    ILogger logger) : IReconciler<ClusterName>
{
    private static readonly string[] Told = [OrreryNames.ReadyCondition, OrreryNames.PlacedCondition];

    public async Task<ReconcileResult> ReconcileAsync(ClusterName key, CancellationToken cancellationToken)
    {
        if (virtualClusters.Get(ClusterName.Root, key.Namespace, key.Name) is not { } cluster)
        {
            return ReconcileResult.Done;
        }

        if (cluster.IsDeleting)
        {
            await PurgeAsync(key, cluster, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        // 1. From here on a deletion waits for PurgeAsync.
        await OwnKinds.SetFinalizerAsync(root, virtualClusters, cluster, OrreryNames.VirtualClusterFinalizer, present: true, cancellationToken).ConfigureAwait(false);

        // 2. Only a tenant's namespace holds virtual clusters.
        Tenant? tenant = tenancy.TenantOf(key.Namespace);
        KubeObject? logical = logicalClusters.Get(ClusterName.Root, key.Namespace, key.Name);
        if (tenant is not null && logical is null)
        {
            logical = await CreateLogicalAsync(key, cluster, tenant, cancellationToken).ConfigureAwait(false);
        }

        if (tenant is not null && logical is { IsDeleting: false })
        {
            logical = await MarkAsync(logical, tenant, cancellationToken).ConfigureAwait(false);
        }

        // 3. The status.
        KubeObject current = virtualClusters.Get(ClusterName.Root, key.Namespace, key.Name) ?? cluster;
        JsonObject status = VirtualClusterStatus.Build(
            current, key, tenant, logical, fleet.Current, works.Of(key), new Uri(publicUrl, key.PathPrefix).ToString(), time.GetUtcNow());
        await OwnKinds.WriteStatusAsync(root, virtualClusters, current, status, cancellationToken).ConfigureAwait(false);
        ConditionEvents.Tell(events, current, status, Told);
        return ReconcileResult.Done;
    }

    private async Task<KubeObject> CreateLogicalAsync(ClusterName key, KubeObject cluster, Tenant tenant, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.LogicalClusters.ApiVersion,
            ["kind"] = "LogicalCluster",
            ["metadata"] = new JsonObject
            {
                ["name"] = key.Name,
                ["namespace"] = key.Namespace,
                ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.TenantLabel] = tenant.Name },
            },
        };
        if (MarksOf(tenant).Where(m => m.Value is not null).ToList() is { Count: > 0 } marks)
        {
            body.Metadata["annotations"] = Json(marks);
        }

        KubeObject made = await root.CreateAsync(OrreryResources.LogicalClusters, key.Namespace, body, cancellationToken).ConfigureAwait(false);
        logicalClusters.Observe(made);
        string endpoint = new Uri(publicUrl, key.PathPrefix).ToString();
        Log.VirtualClusterServed(logger, key.ToString(), tenant.Name, endpoint);
        return made;
    }

    /// <summary>What the server is to know of a cluster's tenant, each null where there is nothing to know: whether it answers the control plane alone, and the share of its requests.</summary>
    private Dictionary<string, string?> MarksOf(Tenant tenant)
    {
        int weight = tenant.Class.Length > 0 && classes.Get(ClusterName.Root, "", tenant.Class) is { } found ? TenantClass.From(found).RequestWeight : 1;
        return new(StringComparer.Ordinal)
        {
            [OrreryNames.SuspendedAnnotation] = tenant.Suspended ? $"tenant {tenant.Name} is suspended" : null,
            [OrreryNames.RequestWeightAnnotation] = weight == 1 ? null : weight.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static JsonObject Json(IEnumerable<KeyValuePair<string, string?>> marks) => new(marks.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));

    private async Task<KubeObject> MarkAsync(KubeObject logical, Tenant tenant, CancellationToken cancellationToken)
    {
        Dictionary<string, string?> wanted = MarksOf(tenant);
        if (wanted.All(m => logical.Annotations.GetValueOrDefault(m.Key) == m.Value))
        {
            return logical;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = logical.Uid, ["annotations"] = Json(wanted) },
        };
        KubeObject written = await root.PatchAsync(
            OrreryResources.LogicalClusters, logical.Namespace, logical.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
        logicalClusters.Observe(written);
        return written;
    }

    /// <summary>First the data planes are told to let go, then the server forgets the cluster, then the VirtualCluster itself may go.</summary>
    private async Task PurgeAsync(ClusterName key, KubeObject cluster, CancellationToken cancellationToken)
    {
        if (!cluster.Finalizers.Contains(OrreryNames.VirtualClusterFinalizer))
        {
            return;
        }

        IReadOnlyList<KubeObject> left = Planted.Fault == PlantedFault.VirtualClusterHoldsNothing ? [] : works.Of(key);
        if (left.Count > 0)
        {
            await Parallel.ForEachAsync(
                left.Where(w => !w.IsDeleting),
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
                async (work, token) => await OwnKinds.DeleteAsync(root, OrreryResources.Works, work, token).ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }

        if (logicalClusters.Get(ClusterName.Root, key.Namespace, key.Name) is { } logical)
        {
            if (!logical.IsDeleting)
            {
                await OwnKinds.DeleteAsync(root, OrreryResources.LogicalClusters, logical, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        await OwnKinds.SetFinalizerAsync(root, virtualClusters, cluster, OrreryNames.VirtualClusterFinalizer, present: false, cancellationToken).ConfigureAwait(false);
        Log.VirtualClusterPurged(logger, key.ToString());
    }
}
