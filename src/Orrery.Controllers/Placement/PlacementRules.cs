using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Mirror;

namespace Orrery.Controllers.Placement;

/// <summary>Which objects of a virtual cluster are placed. Pure.</summary>
internal static class PlacementRules
{
    public static bool IsPlaced(KubeObject source) =>
        !source.IsDeleting
        && !source.Namespace.StartsWith("kube-", StringComparison.Ordinal)
        && !HasController(source)
        && !IsClustersOwn(source);

    /// <summary>An object that a controller made follows that controller, which runs in each data plane itself.</summary>
    private static bool HasController(KubeObject source) =>
        source.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners
        && owners.EnumerateArray().Any(o => o.TryGetProperty("controller", out JsonElement c) && c.ValueKind == JsonValueKind.True);

    /// <summary>What every cluster has of its own, or what only means something inside the virtual cluster.</summary>
    private static bool IsClustersOwn(KubeObject source) => MirrorNames.IsMirrored(source) || source.Kind switch
    {
        "Pod" => source.Labels.ContainsKey(OrreryNames.DataPlaneLabel),
        "ReplicaSet" => source.Annotations.ContainsKey(OrreryNames.RevisionAnnotation),
        "ConfigMap" => source.Name == "kube-root-ca.crt",
        "ServiceAccount" => source.Name == "default",
        "Service" => source is { Name: "kubernetes", Namespace: "default" },
        "Secret" => source.TextAt("type") is "kubernetes.io/service-account-token" or "helm.sh/release.v1" or "bootstrap.kubernetes.io/token",
        _ => false,
    };
}
