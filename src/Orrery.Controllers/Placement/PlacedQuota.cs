using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Placement;

/// <summary>
/// What of a ResourceQuota holds in a data plane as well: what pods and claims use, as those of workloads are made there. Numbers of other objects are held in the virtual cluster, where all of them
/// are made. Pure.
/// </summary>
internal static class PlacedQuota
{
    private static readonly string[] Limits = ["pods", "count/pods", "cpu", "memory", "ephemeral-storage", "persistentvolumeclaims", "count/persistentvolumeclaims"];

    private static readonly string[] Prefixes = ["requests.", "limits.", "hugepages-"];

    private const string OfStorageClass = ".storageclass.storage.k8s.io/";

    /// <summary>Whether anything of it does. One for priority classes goes by those that pods have there.</summary>
    public static bool IsAny(KubeObject quota) => (quota.ToJsonObject().NodeAt("spec", "hard") as JsonObject ?? []).Any(h => IsPlaced(h.Key));

    /// <summary>Takes out what does not.</summary>
    public static void Keep(JsonObject spec)
    {
        foreach (string limit in (spec["hard"] as JsonObject ?? []).Select(h => h.Key).Where(l => !IsPlaced(l)).ToList())
        {
            spec.ObjectAt("hard").Remove(limit);
        }
    }

    private static bool IsPlaced(string limit) =>
        Limits.Contains(limit) || Array.Exists(Prefixes, p => limit.StartsWith(p, StringComparison.Ordinal)) || limit.Contains(OfStorageClass, StringComparison.Ordinal);
}
