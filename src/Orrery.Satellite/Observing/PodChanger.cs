using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Observing;

/// <summary>Brings about in a pod that runs what its tenant changed of the mirrored one. What the cluster refuses is said in an Event about the pod, which its tenant sees.</summary>
/// <param name="pods">Told of what was changed, so that the next look does not miss it.</param>
internal sealed class PodChanger(SatelliteContext context, Informer pods, ILogger logger)
{
    private static readonly TimeSpan RefusedLook = TimeSpan.FromMinutes(1);

    /// <returns>When to look again; null when nothing is left to do.</returns>
    public async Task<TimeSpan?> BringAboutAsync(KubeObject pod, PodChanges asked, CancellationToken cancellationToken)
    {
        PodChanges left = asked.LeftOf(pod);
        bool done = true;
        if (left.Ephemeral.Count > 0)
        {
            // To run something in a pod is what exec is.
            done = context.Policy.Current.DeniesPod("exec", pod.Namespace) is { } denial
                ? Refused(pod, "ephemeral containers", Policy.ClusterActions.Explain(denial))
                : await ChangeAsync(pod, "ephemeralcontainers", left.EphemeralPatch(), "ephemeral containers", cancellationToken).ConfigureAwait(false);
        }

        if (left.Resources.Count > 0)
        {
            done &= await ChangeAsync(pod, "resize", left.ResizePatch(), "resources", cancellationToken).ConfigureAwait(false);
        }

        if (!left.Metadata.IsEmpty)
        {
            done &= await ChangeAsync(pod, "", left.MetadataPatch(), "labels and annotations", cancellationToken).ConfigureAwait(false);
        }

        return done ? null : RefusedLook;
    }

    private async Task<bool> ChangeAsync(KubeObject pod, string subresource, System.Text.Json.Nodes.JsonObject patch, string what, CancellationToken cancellationToken)
    {
        try
        {
            pods.Observe(await context.Actions.ChangePodAsync(pod, subresource, patch, "its tenant changed it", cancellationToken).ConfigureAwait(false));
            Log.PodChanged(logger, what, pod.Namespace, pod.Name);
            return true;
        }
        catch (StatusException e) when (e.Code is >= 400 and < 500 and not 401 and not 409 and not 429)
        {
            return Refused(pod, what, e.Message);
        }
    }

    private bool Refused(KubeObject pod, string what, string why)
    {
        context.ClusterEvents.Warning(pod, "ChangeRefused", $"the data plane did not change the pod's {what}: {why}");
        return false;
    }
}
