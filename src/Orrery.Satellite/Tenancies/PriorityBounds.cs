using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>
/// Keeps pods that a tenant writes itself to the PriorityClasses that it may name: those of a higher class drive the pods of all others off their nodes. What is left out
/// gets the class that the cluster gives to whoever names none. Pure.
/// </summary>
internal static class PriorityBounds
{
    private const string Any = "*";

    /// <param name="manifest">Changed in place.</param>
    /// <param name="live">The object as it is; null when there is none. What cannot change in place keeps what it has.</param>
    /// <returns>The class that was left out; null when none was.</returns>
    public static string? Hold(JsonObject manifest, Tenancy tenancy, KubeObject? live)
    {
        if (tenancy.PriorityClasses is not { } allowed || WorkShape.PodSpec(manifest) is not { } pod || pod.TextAt("priorityClassName") is not { Length: > 0 } named
            || allowed.Contains(Any, StringComparer.Ordinal) || allowed.Contains(named, StringComparer.Ordinal))
        {
            return null;
        }

        if (manifest.Kind is "Pod" or "Job" && live is not null && WorkShape.PodSpec(live.ToJsonObject())?.TextAt("priorityClassName") == named)
        {
            return null;
        }

        pod.Remove("priorityClassName");
        return named;
    }
}
