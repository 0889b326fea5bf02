using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>Removes an invitation that has ended, and with it its token. Until then a used one stays, so that who used it can fetch its certificate.</summary>
internal sealed class InvitationReconciler(KubeClient root, Informer accounts, TimeProvider time, ILogger logger) : IReconciler<(string Namespace, string Name)>
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
}
