using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Mirror;

namespace Orrery.Controllers.Placement;

/// <summary>Which objects of a virtual cluster are placed. Pure.</summary>
internal static class PlacementRules
{
    /// <summary>By which whoever led was known before there were Leases: renewed every few seconds, and leading nowhere.</summary>
    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

    private const string ServiceLabel = "kubernetes.io/service-name";

    public static bool IsPlaced(KubeObject source) => !source.IsDeleting && IsPlaceable(source);

    /// <summary>A workload that would be placed anywhere else: what is in the namespaces of the cluster itself runs in no data plane, which has its own.</summary>
    public static bool StaysHome(KubeObject source) => !source.IsDeleting && IsOfTheCluster(source) && !IsOfAPlacedWorkload(source) && !IsClustersOwn(source);

    /// <summary>
    /// A pod that was placed and is being deleted, with time to end: until it has gone wherever it runs, it stands there Terminating. Without a node of its own no pod gets such time but where it
    /// runs in data planes; with one it is theirs where it says that it runs there, and a kubelet's otherwise.
    /// </summary>
    public static bool IsLeaving([NotNullWhen(true)] KubeObject? source) =>
        source is { IsDeleting: true, Kind: "Pod" } && source.NumberAt("metadata", "deletionGracePeriodSeconds") > 0 && IsPlaceable(source)
        && (string.IsNullOrEmpty(source.TextAt("spec", "nodeName")) || source.Annotations.ContainsKey(OrreryNames.RunsInAnnotation));

    /// <summary>Whether it was, before it was deleted.</summary>
    public static bool WasPlaced(KubeObject source) => source.IsDeleting && IsPlaceable(source);

    private static bool IsPlaceable(KubeObject source) =>
        !IsOfTheCluster(source)
        && !IsOfAPlacedWorkload(source)
        && !IsClustersOwn(source);

    private static bool IsOfTheCluster(KubeObject source) => source.Namespace.StartsWith("kube-", StringComparison.Ordinal);

    /// <summary>
    /// What a workload's controller made follows that workload, whose controller runs in each data plane itself. Others run wherever they do, and what they make is placed as anybody's: custom resources
    /// stay in the virtual cluster. Jobs of a CronJob are mirrored, so that any other was made by somebody from its template (<c>kubectl create job --from</c>).
    /// </summary>
    private static bool IsOfAPlacedWorkload(KubeObject source)
    {
        // One that its tenant made, and a controller took once it ran (TakenPod), is placed still.
        if (source.At("metadata", "ownerReferences") is not { ValueKind: JsonValueKind.Array } owners || (source.Kind == "Pod" && source.Annotations.ContainsKey(OrreryNames.RunsInAnnotation)))
        {
            return false;
        }

        foreach (JsonElement owner in owners.EnumerateArray())
        {
            if (owner.TryGetProperty("controller", out JsonElement controls) && controls.ValueKind == JsonValueKind.True)
            {
                var kind = GroupVersionKind.From(owner.GetProperty("apiVersion").GetString() ?? "", owner.GetProperty("kind").GetString() ?? "").GroupKind;
                return PlaceableKinds.Find(kind) is { } placeable && PlaceableKinds.WithDependents.Contains(placeable.Resource.GroupResource) && kind.Kind != "CronJob";
            }
        }

        return false;
    }

    /// <summary>What every cluster has of its own, or what only means something inside the virtual cluster.</summary>
    private static bool IsClustersOwn(KubeObject source) => MirrorNames.IsMirrored(source) || source.Kind switch
    {
        "Pod" => source.Labels.ContainsKey(OrreryNames.DataPlaneLabel),
        "ReplicaSet" => source.Annotations.ContainsKey(OrreryNames.RevisionAnnotation) && !source.Annotations.ContainsKey(OrreryNames.LeftAnnotation),
        "ConfigMap" => source.Name == "kube-root-ca.crt",
        "ServiceAccount" => source.Name == "default",
        "ResourceQuota" => !PlacedQuota.IsAny(source),
        "Endpoints" => source is { Name: "kubernetes", Namespace: "default" } || source.Labels.ContainsKey(EndpointsMirror.ManagedBy) || source.Annotations.ContainsKey(LeaderAnnotation),
        "EndpointSlice" => source.Namespace == "default" && source.Labels.GetValueOrDefault(ServiceLabel) == "kubernetes",
        "Service" => source is { Name: "kubernetes", Namespace: "default" },
        "Secret" => source.TextAt("type") is "kubernetes.io/service-account-token" or "helm.sh/release.v1" or "bootstrap.kubernetes.io/token",
        _ => false,
    };
}
