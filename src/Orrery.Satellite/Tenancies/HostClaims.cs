using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tenancies;

/// <summary>
/// Who was first has a host: an Ingress controller serves all Ingresses of a cluster together, so that a tenant who claims a host that another has would get requests that are meant
/// for that one. The cluster's own Ingresses count too.
/// </summary>
internal sealed class HostClaims(SatelliteContext context)
{
    /// <summary>Two that claim one host in the same moment: the second looks once the first is there.</summary>
    private readonly SemaphoreSlim claiming = new(1);

    /// <summary>Applies a tenant's Ingress when what it newly claims is nobody else's.</summary>
    public async Task<ApplyOutcome> ClaimAsync(
        Manifest manifest, GroupVersionResource resource, string tenant, KubeObject? live, Func<Task<ApplyOutcome>> apply, CancellationToken cancellationToken)
    {
        IReadOnlySet<string> had = live is null ? new HashSet<string>() : IngressBounds.Hosts(live.ToJsonObject());
        string[] wanted = [.. IngressBounds.Hosts(manifest.Json).Where(h => !had.Contains(h)).Order(StringComparer.Ordinal)];
        if (wanted.Length == 0)
        {
            return await apply().ConfigureAwait(false);
        }

        await claiming.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            KubeList all = await context.Cluster.ListAsync(resource, "", null, cancellationToken).ConfigureAwait(false);
            foreach (KubeObject other in all.Items.Where(o => TenantOf(o) != tenant))
            {
                IReadOnlySet<string> claimed = IngressBounds.Hosts(other.ToJsonObject());
                if (wanted.FirstOrDefault(w => claimed.Any(c => IngressBounds.Takes(w, c))) is { } taken)
                {
                    // Whose it is, is no business of this one's.
                    return ApplyOutcome.RefusedThere("HostTaken", $"{IngressBounds.Describe(taken)} is claimed by an Ingress of somebody else in this data plane", live);
                }
            }

            return await apply().ConfigureAwait(false);
        }
        finally
        {
            claiming.Release();
        }
    }

    /// <returns>Null for what is no tenant's.</returns>
    private string? TenantOf(KubeObject ingress) => context.Served.TenantOf(context.Namespaces.Get(ClusterName.Root, "", ingress.Namespace));
}
