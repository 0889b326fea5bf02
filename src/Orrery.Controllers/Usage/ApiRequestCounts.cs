using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Usage;

/// <summary>Counts the requests to a tenant's virtual clusters, from what each cluster's own <c>/metrics</c> says.</summary>
internal sealed class ApiRequestCounts(ControllerContext context)
{
    private const string Series = "orrery_cluster_requests_total ";

    private readonly Informer virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
    private readonly Dictionary<ClusterName, long> last = [];

    /// <summary>Requests since those that were last counted; those of a cluster that is seen for the first time are not, as some may have been.</summary>
    public async Task<RequestCount> SinceLastAsync(string tenant, CancellationToken cancellationToken)
    {
        long sum = 0;
        var now = new Dictionary<ClusterName, long>();
        if (!context.Options.VirtualClusters)
        {
            return new RequestCount(0, () => { });
        }

        foreach (KubeObject cluster in virtualClusters.All().Where(c => context.Tenancy.TenantOf(c.Namespace)?.Name == tenant && Conditions.IsTrue(c, OrreryNames.ReadyCondition)))
        {
            var name = new ClusterName(cluster.Namespace, cluster.Name);
            if (await CountAsync(name, cancellationToken).ConfigureAwait(false) is { } count)
            {
                // A server that was started again counts from nothing.
                sum += !last.TryGetValue(name, out long before) ? 0 : count >= before ? count - before : count;
                now[name] = count;
            }
        }

        return new RequestCount(sum, () =>
        {
            foreach ((ClusterName name, long count) in now)
            {
                last[name] = count;
            }
        });
    }

    private async Task<long?> CountAsync(ClusterName cluster, CancellationToken cancellationToken)
    {
        string text = await context.Root.InCluster(cluster).GetTextAsync("/metrics", cancellationToken).ConfigureAwait(false);
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(Series, StringComparison.Ordinal)
                && double.TryParse(line.AsSpan(Series.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out double count))
            {
                return (long)count;
            }
        }

        return null;
    }
}
