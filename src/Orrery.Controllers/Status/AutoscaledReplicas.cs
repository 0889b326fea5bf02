using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Status;

/// <summary>
/// How many replicas a workload is to have by its autoscaler, which writes that into the workload's own <c>spec.replicas</c> in any cluster: whoever waits for a rollout counts against it. Pure.
/// </summary>
internal static class AutoscaledReplicas
{
    private static readonly GroupKind Autoscaler = new("autoscaling", "HorizontalPodAutoscaler");

    /// <param name="divides">Whether each data plane has a share of the replicas; otherwise each has all of them, and the number is that of the one that has most.</param>
    /// <returns>Null where none scales it, and while not every data plane has what is wanted now in force.</returns>
    public static long? Of(PlaceableKind kind, KubeObject source, IReadOnlyList<PlaneReport> all, bool divides, SourceInformers sources)
    {
        if (!kind.HasReplicas || all.Count == 0 || !IsScaled(kind, source, sources)
            || !all.All(r => r is { IsReporting: true, Wanted: not null, Applied.Status: Conditions.True } && r.SourceGeneration == source.Generation))
        {
            return null;
        }

        return divides ? all.Sum(r => r.Wanted!.Value) : all.Max(r => r.Wanted!.Value);
    }

    private static bool IsScaled(PlaceableKind kind, KubeObject source, SourceInformers sources) =>
        sources.ByKind[Autoscaler].InNamespace(source.Cluster, source.Namespace).Any(a => PlacementRules.IsPlaced(a)
            && a.TextAt("spec", "scaleTargetRef", "kind") == kind.Kind && a.TextAt("spec", "scaleTargetRef", "name") == source.Name);
}
