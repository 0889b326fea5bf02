using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Purge;

/// <summary>The mark on the Observation of a mapped namespace by which a satellite deletes that namespace with all that is in it.</summary>
internal static class PurgeRequest
{
    /// <summary>Which making of the namespace is observed.</summary>
    /// <returns>Null for what was not observed wholly.</returns>
    public static string? UidOf(KubeObject observation) => observation.TextAt("spec", "object", "metadata", "uid");

    public static bool IsMade(KubeObject observation) => UidOf(observation) is { } uid && observation.Annotations.GetValueOrDefault(OrreryNames.PurgeRequestAnnotation) == uid;

    public static async Task MakeAsync(KubeClient root, Informer observations, KubeObject observation, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = observation.Uid, ["annotations"] = new JsonObject { [OrreryNames.PurgeRequestAnnotation] = UidOf(observation) } },
        };
        observations.Observe(await root.PatchAsync(
            OrreryResources.Observations, observation.Namespace, observation.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false));
    }
}
