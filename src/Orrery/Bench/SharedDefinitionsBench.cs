using System.Globalization;
using Orrery.Api;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>What a definition costs that another virtual cluster has already: the same ones are made in many.</summary>
internal sealed class SharedDefinitionsBench(BenchTarget target, ClientConfig everywhere, ApiBenchOptions options, Progress progress, TimeProvider time) : IDisposable
{
    private const string Tenant = "bench-definitions";
    private const int Definitions = 25;

    /// <summary>Clusters that have them before anything is measured.</summary>
    private const int First = 20;

    private readonly KubeClient root = new(target.Config);
    private readonly RawClient client = new(everywhere);

    /// <returns>KiB for each definition and cluster.</returns>
    public async Task<double> RunAsync(CancellationToken cancellationToken)
    {
        int count = options.Count(200);
        progress.Say($"{target.Name}: the same {Definitions} definitions in {count} virtual clusters");
        var clusters = new VirtualClusters(root, Tenant, time);
        try
        {
            var names = new List<ClusterName>();
            for (int i = 0; i < First + count; i++)
            {
                names.Add(await clusters.MakeAsync(string.Create(CultureInfo.InvariantCulture, $"c{i}"), cancellationToken).ConfigureAwait(false));
            }

            await DefineAsync(names[..First], cancellationToken).ConfigureAwait(false);
            long before = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
            await DefineAsync(names[First..], cancellationToken).ConfigureAwait(false);
            long after = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
            return (after - before) / 1024.0 / (count * Definitions);
        }
        finally
        {
            await clusters.RemoveAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        client.Dispose();
        root.Dispose();
    }

    private async Task DefineAsync(IEnumerable<ClusterName> clusters, CancellationToken cancellationToken)
    {
        foreach (ClusterName cluster in clusters)
        {
            for (int i = 0; i < Definitions; i++)
            {
                string group = string.Create(CultureInfo.InvariantCulture, $"g{i}.shared.example.com");
                await client.SendAsync(HttpMethod.Post, $"{cluster.PathPrefix}/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Samples.Definition(group), "application/json", cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
