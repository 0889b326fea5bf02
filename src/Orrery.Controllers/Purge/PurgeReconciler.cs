using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Purge;

/// <summary>
/// Has a mapped namespace purged from its data plane, with the claims and all else in it, once what it stands for is deleted: the
/// virtual cluster, or the namespace in it, or the Installation. That nothing is placed there any more is no reason: it may come back to its claims.
/// (A data plane that is itself deleted has all of them purged: <see cref="DataPlanes.DataPlaneReconciler"/>.)
/// </summary>
internal sealed class PurgeReconciler(
    KubeClient root, Informer observations, Informer virtualClusters, Informer installations, Informer namespaces, FleetDirectory fleet, ILogger logger) : IReconciler<ObjectKey>
{
    private static readonly TimeSpan PausedLook = TimeSpan.FromMinutes(1);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // 1. Is there a namespace that was not asked for yet?
        if (observations.Get(key) is not { } observation || PurgeRequest.UidOf(observation) is null || PurgeRequest.IsMade(observation))
        {
            return ReconcileResult.Done;
        }

        // 2. Is what it stands for deleted? What is purged cannot be brought back, so a cache alone is not believed.
        var incarnation = Incarnation.Parse(observation.TextAt("spec", "object", "metadata", "annotations", OrreryNames.IncarnationAnnotation));
        string? reason = PurgeController.Of(observation) is { } source
            ? SeemsGone(source, incarnation) ? await GoneAsync(source, incarnation, cancellationToken).ConfigureAwait(false) : null
            : await InstallationGoneAsync(PurgeController.InstallationOf(observation), incarnation, cancellationToken).ConfigureAwait(false);
        if (reason is null)
        {
            return ReconcileResult.Done;
        }

        // 3. A paused data plane stays as it is.
        string dataPlane = key.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..];
        if (fleet.Current.DataPlane(dataPlane) is { Paused: true })
        {
            return ReconcileResult.After(PausedLook);
        }

        await PurgeRequest.MakeAsync(root, observations, observation, cancellationToken).ConfigureAwait(false);
        Log.PurgeRequested(logger, dataPlane, observation.TextAt("spec", "object", "metadata", "name") ?? "", reason);
        return ReconcileResult.Done;
    }

    private bool SeemsGone(SourceReference source, Incarnation? incarnation) =>
        virtualClusters.Get(ClusterName.Root, source.Cluster.Namespace, source.Cluster.Name) is not { IsDeleting: false } cluster
        || IsOther(cluster, incarnation?.Cluster)
        || namespaces.Get(source.Cluster, "", source.Name) is not { } ns
        || IsOther(ns, incarnation?.Namespace);

    /// <returns>Why, or null when it is there after all.</returns>
    private async Task<string?> GoneAsync(SourceReference source, Incarnation? incarnation, CancellationToken cancellationToken)
    {
        KubeObject? cluster = await root.FindAsync(
            OrreryResources.VirtualClusters, source.Cluster.Namespace, source.Cluster.Name, cancellationToken).ConfigureAwait(false);
        if (cluster is not { IsDeleting: false } || IsOther(cluster, incarnation?.Cluster))
        {
            return $"virtual cluster {source.Cluster} is deleted";
        }

        // One that is not served (yet) is answered 404 for everything in it.
        if (!Conditions.IsTrue(cluster, OrreryNames.ReadyCondition))
        {
            return null;
        }

        KubeObject? ns = await root.InCluster(source.Cluster).FindAsync(CoreResources.Namespaces, "", source.Name, cancellationToken).ConfigureAwait(false);
        return ns is null || IsOther(ns, incarnation?.Namespace) ? $"namespace {source.Name} of virtual cluster {source.Cluster} is deleted" : null;
    }

    /// <returns>Why, or null when it is there, going or not: its hooks may still need what it has.</returns>
    private async Task<string?> InstallationGoneAsync(string? installation, Incarnation? incarnation, CancellationToken cancellationToken)
    {
        if (installation?.Split('/') is not [var ns, var name] || (installations.Get(ClusterName.Root, ns, name) is { } known && !IsOther(known, incarnation?.Cluster)))
        {
            return null;
        }

        KubeObject? found = await root.FindAsync(OrreryResources.Installations, ns, name, cancellationToken).ConfigureAwait(false);
        return found is null || IsOther(found, incarnation?.Cluster) ? $"installation {installation} is deleted" : null;
    }

    private static bool IsOther(KubeObject found, string? uid) => uid is not null && found.Uid != uid;
}
