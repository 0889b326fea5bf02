using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Deletes a namespace of the cluster, and with it all that it holds.</summary>
internal static class NamespaceDeletion
{
    /// <summary>Exactly this one: another that has its name by now stays.</summary>
    public static async Task DeleteAsync(SatelliteContext context, KubeObject ns, CancellationToken cancellationToken)
    {
        try
        {
            await context.Cluster.DeleteAsync(ClusterResources.Namespaces, "", ns.Name, new DeleteQuery { Uid = ns.Uid }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already: what was wanted.
        }
    }
}
