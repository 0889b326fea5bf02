using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Gives a pod that a tenant placed itself what it and its containers ask for by now, where it runs: the one change of them that needs no other pod, and goes by a way of its own (KEP-1287).</summary>
internal sealed class PodResize(SatelliteContext context)
{
    /// <summary>What is left out of the manifest stays: a LimitRange of the cluster may have given it.</summary>
    /// <returns>The pod as it is then; null where nothing of it is to be resized, or the cluster does not let it, so that it must be made anew.</returns>
    public async Task<KubeObject?> ResizeAsync(Manifest manifest, KubeObject live, CancellationToken cancellationToken)
    {
        if (manifest.Kind is not { Group: "", Kind: "Pod" } || PodChanges.Differing(live.ToJsonObject(), manifest.Json) is not { Count: > 0 } differing)
        {
            return null;
        }

        try
        {
            return await context.Actions.ChangePodAsync(live, "resize", PodChanges.ResizePatch(live.Uid, differing), "Work " + manifest.WorkName, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code is >= 400 and < 500 and not 401 and not 409 and not 429)
        {
            // Too much for its node's class of pods, a quota, the cluster's version or its owner: what the one that is made anew meets is told.
            return null;
        }
    }
}
