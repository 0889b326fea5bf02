using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>Says on a DataPlane that its satellite was revoked. What revokes it are the roles, which name another identity from then on.</summary>
internal sealed class RevocationReconciler(Informer dataPlanes, IdentityReport report, EventRecorder events, ILogger logger) : IReconciler<string>
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (dataPlanes.Get(ClusterName.Root, "", key) is { IsDeleting: false } dataPlane && await report.RevokedAsync(dataPlane, cancellationToken).ConfigureAwait(false))
        {
            Log.SatelliteRevoked(logger, key);
            events.Warning(dataPlane, "Revoked", "The certificate of its satellite was revoked: it is let in no more");
        }

        return ReconcileResult.Done;
    }
}
