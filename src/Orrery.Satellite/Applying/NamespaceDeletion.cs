using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Deletes a namespace of the cluster, and with it all that it holds.</summary>
internal static class NamespaceDeletion
{
    /// <summary>Exactly this one: another that has its name by now stays.</summary>
    /// <param name="isEmpty">Nothing is in it that would be lost.</param>
    /// <returns>False when it is kept: by the policy of the cluster's owner, for what a release leaves in it, or while what is wanted is not known for sure (a copy, a backup).</returns>
    public static async Task<bool> DeleteAsync(SatelliteContext context, KubeObject ns, string cause, CancellationToken cancellationToken, bool isEmpty = false)
    {
        if (await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        if (!isEmpty && ns.Annotations.ContainsKey(OrreryNames.KeptAnnotation))
        {
            return false;
        }

        if (context.Actions.Denies(ClusterResources.Namespaces, "Namespace", "", ns.Name) is { } denial)
        {
            context.Actions.HeldBack("delete", ClusterResources.Namespaces, ns, cause, denial);
            return false;
        }

        try
        {
            await context.Actions.DeleteAsync(ClusterResources.Namespaces, ns, new DeleteQuery { Uid = ns.Uid }, cause, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted. A conflict may be another of that name, or no more than a race: whoever asked looks again.
        }

        return true;
    }
}
