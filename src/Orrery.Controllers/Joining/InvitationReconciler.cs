using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>
/// Removes an invitation that has ended, and with it its token. Until then a used one stays, so that who used it can fetch its certificate. That one ended unused is told: who comes with its token
/// is nobody from then on, and its operator would wait for ever.
/// </summary>
internal sealed class InvitationReconciler(KubeClient root, Informer accounts, Informer dataPlanes, IdentityReport report, EventRecorder events, TimeProvider time, ILogger logger)
    : IReconciler<(string Namespace, string Name)>
{
    public async Task<ReconcileResult> ReconcileAsync((string Namespace, string Name) key, CancellationToken cancellationToken)
    {
        if (accounts.Get(ClusterName.Root, key.Namespace, key.Name) is not { IsDeleting: false } account || Invitation.Of(account) is not { } invitation)
        {
            return ReconcileResult.Done;
        }

        if (invitation.Expires == DateTimeOffset.MinValue)
        {
            // Being made: it says when it ends once its token is there.
            return ReconcileResult.Done;
        }

        if (invitation.Expires - time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            return ReconcileResult.After(left + TimeSpan.FromMilliseconds(1));
        }

        if (invitation.UsedBy is null && DataPlaneOf(account) is { } dataPlane)
        {
            await TellAsync(dataPlane, invitation, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await root.DeleteAsync(CoreResources.ServiceAccounts, key.Namespace, key.Name, new DeleteQuery { Uid = account.Uid }, cancellationToken).ConfigureAwait(false);
            Log.InvitationEnded(logger, key.Namespace, key.Name, invitation.UsedBy is null ? "unused" : "used");
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already: what was wanted.
        }

        return ReconcileResult.Done;
    }

    private KubeObject? DataPlaneOf(KubeObject account) => account.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal)
        && dataPlanes.Get(ClusterName.Root, "", account.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..]) is { IsDeleting: false } found ? found : null;

    private async Task TellAsync(KubeObject dataPlane, Invitation ended, CancellationToken cancellationToken)
    {
        string message = $"a token ended at {Conditions.Time(ended.Expires)} and nobody joined with it; 'orrery data-plane token {dataPlane.Name}' prints another";
        events.Warning(dataPlane, JoinNames.TokenExpired, message);

        // Who works, or has another token, is waited for by nobody.
        DateTimeOffset now = time.GetUtcNow();
        if (!Conditions.IsTrue(dataPlane, JoinNames.IdentityCondition) && !accounts.All().Any(a => a.Namespace == OrreryNames.DataPlaneNamespace(dataPlane.Name) && Invitation.Of(a) is { } other && other.Expires > now))
        {
            await report.UninvitedAsync(dataPlane, message, cancellationToken).ConfigureAwait(false);
        }
    }
}
