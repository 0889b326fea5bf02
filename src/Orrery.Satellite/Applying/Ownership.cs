using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Applying;

/// <summary>Tells an object of ours whose mark somebody removed from an object of somebody else. Pure.</summary>
internal static class Ownership
{
    /// <param name="live">With its managed fields.</param>
    /// <param name="workExists">Whether a Work of that name is there: an object of another living Work is not to be taken over.</param>
    public static bool IsAppliedByUs(KubeObject live, Func<string, bool> workExists)
    {
        string mark = AppliedObjects.MarkOf(live);
        if (mark.Length > 0)
        {
            return !workExists(mark) && IsManaged(live);
        }

        return IsManaged(live);
    }

    /// <summary>
    /// Whether what somebody else made may be taken over, as its source asks for that. A policy that its tenant did not make was put there by the cluster's owner, to hold what is in that namespace: no
    /// tenant's to take over.
    /// </summary>
    public static bool MayAdopt(WorkHandling handling, KubeObject live, MappedNamespace owner, GroupVersionKind kind) =>
        handling.Adopts && AppliedObjects.MarkOf(live).Length == 0 && (owner.IsVendors || kind is not { Group: "networking.k8s.io", Kind: "NetworkPolicy" });

    /// <summary>Why an object that another control plane had applied is not taken; null for any other. Nothing but its owner's word makes it ours, its field manager is the same.</summary>
    public static ApplyOutcome? AnothersRefusal(KubeObject live, Manifest manifest, ServedControlPlane served) =>
        AppliedObjects.MarkOf(live).Length > 0 && served.AnotherOf(live) is { } another
            ? ApplyOutcome.Refused("NotOurs", $"{manifest.Kind.Kind} {manifest.Namespace}/{manifest.Name} belongs to {ServedControlPlane.Describe(another)}; it is left as it is", live)
            : null;

    /// <summary>Whether we ever applied it: the API server keeps that as long as any field is ours.</summary>
    private static bool IsManaged(KubeObject live) =>
        live.At("metadata", "managedFields") is { ValueKind: JsonValueKind.Array } managers
        && managers.EnumerateArray().Any(m =>
            m.TryGetProperty("manager", out JsonElement name) && name.ValueEquals(OrreryNames.Manager)
            && m.TryGetProperty("operation", out JsonElement operation) && operation.ValueEquals("Apply"));
}
