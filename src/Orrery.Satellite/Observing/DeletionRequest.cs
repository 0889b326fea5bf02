using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Observing;

/// <summary>A tenant's wish, marked on an Observation, that the pod be deleted.</summary>
internal sealed record DeletionRequest(long GraceSeconds)
{
    /// <returns>Null when there is none, when another pod is meant, and when the pod is leaving as fast as is wanted.</returns>
    public static DeletionRequest? Of(KubeObject observation, KubeObject live)
    {
        if (observation.Annotations.GetValueOrDefault(OrreryNames.DeleteRequestAnnotation)?.Split('/') is not [var uid, var seconds]
            || uid != live.Uid
            || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out long grace))
        {
            return null;
        }

        return live.IsDeleting && (live.NumberAt("metadata", "deletionGracePeriodSeconds") ?? 0) <= grace ? null : new DeletionRequest(grace);
    }
}
