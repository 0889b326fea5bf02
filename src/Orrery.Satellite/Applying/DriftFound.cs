using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Applying;

/// <summary>That somebody changed what was applied, and what of it. Pure.</summary>
/// <param name="IsGone">It was deleted.</param>
/// <param name="Message">For people.</param>
internal sealed record DriftFound(bool IsGone, string Message)
{
    /// <param name="digest">Of what is wanted now.</param>
    /// <param name="live">Null when it is not there.</param>
    /// <param name="applied">Digest of what this process applied last; empty when it did not.</param>
    /// <returns>Null when there is none: nothing was applied yet, or something else.</returns>
    public static DriftFound? Of(Manifest manifest, string digest, KubeObject? live, string applied)
    {
        if (live is null)
        {
            return applied == digest ? new DriftFound(true, "it was deleted by hand") : null;
        }

        return !live.IsDeleting && manifest.Marks(live) && (applied == digest || live.Annotations.GetValueOrDefault(OrreryNames.AppliedAnnotation) == digest)
            && Drift.Differences(manifest.Json, live.Json) is { Count: > 0 } fields
                ? new DriftFound(false, $"it was changed by hand: {string.Join(", ", fields)}")
                : null;
    }
}
