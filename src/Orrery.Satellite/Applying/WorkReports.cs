using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Says in a Work's status what became of it, when that is news.</summary>
internal sealed class WorkReports(SatelliteContext context)
{
    /// <returns>The Work as it is after the report.</returns>
    public async Task<KubeObject> SendAsync(KubeObject work, ApplyOutcome? outcome, ApplyOutcome? trial, CancellationToken cancellationToken)
    {
        JsonObject status = WorkStatus.Build(work, outcome, trial, context.Time.GetUtcNow());
        if (JsonComparison.IsSame(work.At("status"), status) || work.ResourceVersion.Length == 0)
        {
            // One from the copy does not tell what the control plane knows of it: that is compared when it is back.
            return work;
        }

        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = work.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        try
        {
            KubeObject written = await context.ControlPlane.PatchAsync(
                OrreryResources.Works, context.Namespace, work.Name, PatchKind.Json, patch, cancellationToken, "status").ConfigureAwait(false);
            context.Works.Observe(written);
            return written;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: its deletion brings the key back.
            return work;
        }
        catch (HttpRequestException) when (Planted.Fault == PlantedFault.ForgetsLostReports) { return work; }
    }
}
