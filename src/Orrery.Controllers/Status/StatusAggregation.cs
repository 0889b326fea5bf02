using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Status;

/// <summary>
/// The status of a virtual object out of what its data planes report. Pure: the same object and reports give the same status, so that
/// nothing is written when nothing changed.
/// </summary>
internal static class StatusAggregation
{
    /// <param name="all">One report a data plane that the object is placed on, sorted by name.</param>
    /// <returns>Null for a kind whose status is not aggregated.</returns>
    public static JsonObject? Aggregate(KubeObject source, IReadOnlyList<PlaneReport> all, DateTimeOffset now)
    {
        List<PlaneReport> known = [.. all.Where(r => r.IsReporting)];
        var status = new JsonObject();
        var conditions = new ConditionMerge(source.At("status"), now);
        bool hasConditions = true;
        bool hasGeneration = true;
        switch (source.Kind)
        {
            case "Deployment":
                WorkloadStatus.Deployment(status, known, conditions);
                break;
            case "StatefulSet":
                WorkloadStatus.StatefulSet(status, known, conditions);
                break;
            case "DaemonSet":
                WorkloadStatus.DaemonSet(status, known, conditions);
                break;
            case "ReplicaSet" or "ReplicationController":
                WorkloadStatus.ReplicaSet(status, known, conditions);
                break;
            case "Job":
                BatchStatus.Job(status, known, all, conditions);
                hasGeneration = false;
                break;
            case "CronJob":
                BatchStatus.CronJob(status, source, known);
                hasGeneration = hasConditions = false;
                break;
            case "Service":
                ServingStatus.LoadBalancer(status, known);
                hasGeneration = false;
                break;
            case "Ingress":
                ServingStatus.LoadBalancer(status, known);
                hasGeneration = hasConditions = false;
                break;
            case "PersistentVolumeClaim":
                ServingStatus.Claim(status, known, conditions);
                hasGeneration = false;
                break;
            case "HorizontalPodAutoscaler":
                AutoscalerStatus.Merge(status, known, conditions);
                break;
            case "PodDisruptionBudget":
                ServingStatus.DisruptionBudget(status, known, conditions);
                break;
            case "Pod":
                ServingStatus.Pod(status, known, all, conditions);
                hasGeneration = false;
                break;
            default:
                return null;
        }

        if (hasGeneration && ObservedGeneration(source, known) is { } observed)
        {
            status["observedGeneration"] = observed;
        }

        if (hasConditions)
        {
            Spread.Set(conditions, all);
            status["conditions"] = conditions.Result;
        }

        return status;
    }

    /// <summary>What READY or COMPLETIONS counts against over all data planes; null for kinds that count nothing, and when the object runs nowhere.</summary>
    public static long? DesiredTotal(PlaceableKind kind, KubeObject source, IReadOnlyList<PlaneReport> all) => kind switch
    {
        { HasReplicas: true } => DesiredReplicas(all),
        { Kind: "Job" } when all.Count > 0 && source.NumberAt("spec", "completions") is { } completions => completions * all.Count,
        _ => null,
    };

    /// <summary>Replicas wanted in all data planes together; null for kinds without replicas, and when the object runs nowhere.</summary>
    public static long? DesiredReplicas(IReadOnlyList<PlaneReport> all) =>
        all.Count > 0 && all.All(r => r.Wanted is not null) ? all.Sum(r => r.Wanted!.Value) : null;

    /// <summary>
    /// The generation that every data plane that reports has in force: <c>kubectl rollout status</c> (and any judge of its kind) believes the numbers from then on.
    /// It never goes back. Those judges hold the totals of all data planes against the replicas of one, so that one data plane that is done would speak for
    /// one that has only begun: a data plane whose replicas do not add up by themselves has not got there yet.
    /// </summary>
    private static long? ObservedGeneration(KubeObject source, IReadOnlyList<PlaneReport> known)
    {
        long? before = source.At("status", "observedGeneration") is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : null;
        if (known.Count == 0 || known.Any(r => r.SourceGeneration is null || WorkloadStatus.HasOnlyBegun(source, r)))
        {
            return before;
        }

        long inForce = Math.Min(known.Min(r => r.SourceGeneration!.Value), source.Generation);
        return Math.Max(inForce, before ?? 0);
    }
}
