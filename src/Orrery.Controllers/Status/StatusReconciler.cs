using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Status;

/// <summary>
/// Writes into an object's own status what its data planes report together. Reads caches only; writes only a difference. A pod that controllers took, and that has gone from all of its data planes, goes.
/// </summary>
internal sealed class StatusReconciler(
    KubeClient root, FleetDirectory fleet, TenancyDirectory tenancy, WorkDirectory works, SourceInformers sources, TimeProvider time, ILogger logger)
    : IReconciler<SourceKey>
{
    public async Task<ReconcileResult> ReconcileAsync(SourceKey key, CancellationToken cancellationToken)
    {
        if (PlaceableKinds.Find(key.Kind) is not { HasStatus: true } kind
            || sources.Get(key) is not { IsDeleting: false } source
            || !PlacementRules.IsPlaced(source)
            || tenancy.Find(source.Cluster) is not { } owner)
        {
            return ReconcileResult.Done;
        }

        // 1. What each data plane says.
        List<KubeObject> placed = [.. works.Of(key).Where(w => Withdrawal.Of(w) is null)];
        int gone = placed.RemoveAll(w => TakenPod.IsGone(w) && TakenPod.SourceOf(w) == source.Uid);
        if (gone > 0 && placed.Count == 0)
        {
            await DeleteAsync(kind, source, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        List<PlaneReport> reports =
        [
            .. placed
                .Select(w => (Work: w, Name: WorkDirectory.DataPlaneOf(w)))
                .OrderBy(w => w.Name, StringComparer.Ordinal)
                .Select(w => PlaneReport.From(w.Work, fleet.Current.DataPlane(w.Name), w.Name, source.Generation)),
        ];

        if (reports.Count == 0 && owner.Placement.IsEmpty && !Spread.IsTold(source))
        {
            // A virtual cluster that names no data plane is an API server alone: status there is its users' own.
            return ReconcileResult.Done;
        }

        // 2. The status, and beside it the total wanted, which the server prints beside the total ready, or where a pod runs. Both go through the status subresource:
        // an annotation written to the object itself would count as a new generation of a Deployment.
        var patch = new JsonArray(new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = source.Uid });
        (string annotation, string? value) = kind.Kind == "Pod"
            ? (OrreryNames.RunsInAnnotation, reports.Count == 0 && string.IsNullOrEmpty(source.TextAt("spec", "nodeName")) ? null : string.Join(',', reports.Select(r => r.DataPlane)))
            : (OrreryNames.DesiredReplicasAnnotation, StatusAggregation.DesiredTotal(kind, source, reports)?.ToString(CultureInfo.InvariantCulture));
        Annotate(patch, source, annotation, value);
        JsonObject? status = StatusAggregation.Aggregate(source, reports, time.GetUtcNow());
        if (status is not null && !JsonComparison.IsSame(source.At("status"), status))
        {
            if (EndedContainers.RunAgain(source, status) is { Count: > 1 } forget)
            {
                await WriteAsync(kind, source, forget, "status", cancellationToken).ConfigureAwait(false);
            }

            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        }

        if (patch.Count > 1)
        {
            await WriteAsync(kind, source, patch, "status", cancellationToken).ConfigureAwait(false);
            Log.StatusWritten(logger, key.ToString());
        }

        // 3. What its autoscalers say, unless its tenant says something else meanwhile.
        if (AutoscaledReplicas.Of(kind, source, reports, owner.Placement.Divides, sources) is { } replicas && replicas != (source.NumberAt("spec", "replicas") ?? 1))
        {
            var scale = new JsonArray(
                new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = source.Uid },
                new JsonObject { ["op"] = "test", ["path"] = "/metadata/generation", ["value"] = source.Generation },
                new JsonObject { ["op"] = "add", ["path"] = "/spec/replicas", ["value"] = replicas });
            await WriteAsync(kind, source, scale, null, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }

    private static void Annotate(JsonArray patch, KubeObject source, string name, string? value)
    {
        string path = "/metadata/annotations/" + name.Replace("/", "~1", StringComparison.Ordinal);
        if (source.Annotations.GetValueOrDefault(name) == value)
        {
            return;
        }

        if (value is null)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = path });
            return;
        }

        if (source.Annotations.Count == 0)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/metadata/annotations", ["value"] = new JsonObject() });
        }

        patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = path, ["value"] = value });
    }

    private async Task DeleteAsync(PlaceableKind kind, KubeObject source, CancellationToken cancellationToken)
    {
        try
        {
            await root.InCluster(source.Cluster).DeleteAsync(kind.Resource, source.Namespace, source.Name, new DeleteQuery { Uid = source.Uid, GracePeriodSeconds = 0 }, cancellationToken).ConfigureAwait(false);
            Log.TakenPodGone(logger, source.Cluster.ToString(), source.Namespace, source.Name);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Its tenant was faster, or has made another since.
        }
    }

    private async Task WriteAsync(PlaceableKind kind, KubeObject source, JsonArray patch, string? subresource, CancellationToken cancellationToken)
    {
        try
        {
            KubeObject written = await root.InCluster(source.Cluster).PatchAsync(
                kind.Resource, source.Namespace, source.Name, PatchKind.Json, patch, cancellationToken, subresource).ConfigureAwait(false);
            sources.Observe(kind, source.Cluster, written);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile, alone or with its whole cluster.
        }
    }
}
