using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Status;

/// <summary>Writes into an object's own status what its data planes report together. Reads caches only; writes only a difference.</summary>
internal sealed class StatusReconciler(
    KubeClient root, FleetDirectory fleet, TenancyDirectory tenancy, WorkDirectory works, SourceInformers sources, TimeProvider time, ILogger logger)
    : IReconciler<SourceKey>
{
    public async Task<ReconcileResult> ReconcileAsync(SourceKey key, CancellationToken cancellationToken)
    {
        if (PlaceableKinds.Find(key.Kind) is not { HasStatus: true } kind
            || sources.Get(key) is not { IsDeleting: false } source
            || !PlacementRules.IsPlaced(source)
            || tenancy.Find(source.Cluster) is null)
        {
            return ReconcileResult.Done;
        }

        // 1. What each data plane says.
        List<PlaneReport> reports =
        [
            .. works.Of(key)
                .Select(w => (Work: w, Name: WorkDirectory.DataPlaneOf(w)))
                .OrderBy(w => w.Name, StringComparer.Ordinal)
                .Select(w => PlaneReport.From(w.Work, fleet.Current.DataPlane(w.Name), w.Name)),
        ];
        KubeClient cluster = root.InCluster(source.Cluster);

        // 2. The total wanted, which the server prints beside the total ready.
        string? total = kind.HasReplicas ? StatusAggregation.DesiredReplicas(reports)?.ToString(CultureInfo.InvariantCulture) : null;
        if (source.Annotations.GetValueOrDefault(OrreryNames.DesiredReplicasAnnotation) != total)
        {
            var annotation = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OrreryNames.DesiredReplicasAnnotation] = total } } };
            await WriteAsync(cluster, kind, source, annotation, PatchKind.Merge, null, cancellationToken).ConfigureAwait(false);
        }

        // 3. The status.
        JsonObject? status = StatusAggregation.Aggregate(source, reports, time.GetUtcNow());
        if (status is not null && !(source.At("status") is { } present && JsonNode.DeepEquals(JsonObject.Create(present), status)))
        {
            var patch = new JsonArray(
                new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = source.Uid },
                new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
            await WriteAsync(cluster, kind, source, patch, PatchKind.Json, "status", cancellationToken).ConfigureAwait(false);
            Log.StatusWritten(logger, key.ToString());
        }

        return ReconcileResult.Done;
    }

    private async Task WriteAsync(
        KubeClient cluster, PlaceableKind kind, KubeObject source, JsonNode patch, PatchKind how, string? subresource, CancellationToken cancellationToken)
    {
        try
        {
            KubeObject written = await cluster.PatchAsync(
                kind.Resource, source.Namespace, source.Name, how, patch, cancellationToken, subresource).ConfigureAwait(false);
            sources.Observe(kind, source.Cluster, written);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile, alone or with its whole cluster.
        }
    }
}
