using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tenancies;

/// <summary>Says on each Tenancy, twice a minute, what its tenant's pods ask for and use. A cluster without metrics only tells the first.</summary>
internal sealed class UsageReport(SatelliteContext context, Informer pods, Informer claims)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(30);

    /// <summary>At the start everything is still coming up; the first look is worth a short wait only.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(pods.HasSynced, claims.HasSynced, context.Tenancies.Informer.HasSynced, context.Namespaces.HasSynced).WaitAsync(cancellationToken).ConfigureAwait(false);
        TimeSpan wait = FirstLook;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(false);
            wait = Pace;
            try
            {
                await ReportAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                // The tunnel and the loops say so already; the figures of then are of no use later.
            }
        }
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        if (context.NamespacesUnknown is not null || pods.Refusal is not null || claims.Refusal is not null)
        {
            // Nothing is not what they use: it is not known.
            return;
        }

        ILookup<string, KubeObject>? measured = await MeasureAsync(cancellationToken).ConfigureAwait(false);
        ILookup<string, KubeObject> running = pods.All().Where(p => TenantOf(p.Namespace) is not null).ToLookup(p => TenantOf(p.Namespace)!, StringComparer.Ordinal);
        ILookup<string, KubeObject> stored = claims.All().Where(c => TenantOf(c.Namespace) is not null).ToLookup(c => TenantOf(c.Namespace)!, StringComparer.Ordinal);
        foreach (KubeObject tenancy in context.Tenancies.Informer.All().Where(t => !t.IsDeleting))
        {
            var usage = new JsonObject { ["requested"] = TenantUsage.Requested(running[tenancy.Name], stored[tenancy.Name]) };
            if (measured is not null)
            {
                usage["used"] = TenantUsage.Used(measured[tenancy.Name]);
            }

            if (JsonComparison.IsSame(tenancy.At("status", "usage"), usage))
            {
                continue;
            }

            // Merged: the other half of the status is the reconciler's.
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = tenancy.Uid }, ["status"] = new JsonObject { ["usage"] = usage } };
            context.Tenancies.Informer.Observe(await context.ControlPlane.PatchAsync(
                OrreryResources.Tenancies, tenancy.Namespace, tenancy.Name, PatchKind.Merge, patch, cancellationToken, "status").ConfigureAwait(false));
        }
    }

    /// <returns>Null where the cluster measures nothing.</returns>
    private async Task<ILookup<string, KubeObject>?> MeasureAsync(CancellationToken cancellationToken)
    {
        try
        {
            KubeList list = await context.Cluster.ListAsync(ClusterResources.PodMetrics, "", null, cancellationToken).ConfigureAwait(false);
            return list.Items.Where(m => TenantOf(m.Namespace) is not null).ToLookup(m => TenantOf(m.Namespace)!, StringComparer.Ordinal);
        }
        catch (StatusException e) when (e.Code is 403 or 404 or 503)
        {
            return null;
        }
    }

    private string? TenantOf(string ns) => context.Served.TenantOf(context.Namespaces.Get(ClusterName.Root, "", ns));
}
