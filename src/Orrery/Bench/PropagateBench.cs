using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Patches one Deployment in a virtual cluster of its own, again and again, and waits after each change until a watch
/// on every data plane has shown it. The clock starts when the answer to the PATCH is in.
/// </summary>
internal sealed class PropagateBench(DataDirectory directory, Settings settings, KubeClient root, TimeProvider time)
{
    private const string Tenant = "bench";
    private const string Marker = "bench";
    private static readonly ClusterName Cluster = new(Tenant, "propagate");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>One data plane showed one change.</summary>
    private readonly record struct Sighting(string DataPlane, int Change, long At);

    public async Task<PropagateResult> RunAsync(int changes, CancellationToken cancellationToken)
    {
        // 1. A tenant and a virtual cluster of its own, so that nothing of the user's is touched.
        await BenchCluster.MakeAsync(root, Cluster, settings.DataPlanes, time, cancellationToken).ConfigureAwait(false);
        using var tenant = new KubeClient(KubeConfig.Load(await VirtualClusterAccess.WriteKubeconfigAsync(directory, settings, Cluster, time, cancellationToken).ConfigureAwait(false)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sightings = Channel.CreateUnbounded<Sighting>();
        List<Task> watches = [];
        try
        {
            // 2. The first apply, seen everywhere, so that the measured part is steady state.
            _ = await tenant.ApplyAsync(Deployments, "default", Marker, Deployment(), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
            watches = [.. settings.DataPlanes.Select(d => WatchAsync(d, sightings.Writer, stop.Token))];
            _ = await MeasureAsync(tenant, sightings.Reader, 0, cancellationToken).ConfigureAwait(false);

            // 3. The changes.
            var all = new double[changes];
            Dictionary<string, double[]> each = settings.DataPlanes.ToDictionary(d => d, _ => new double[changes], StringComparer.Ordinal);
            for (int i = 0; i < changes; i++)
            {
                IReadOnlyDictionary<string, double> took = await MeasureAsync(tenant, sightings.Reader, i + 1, cancellationToken).ConfigureAwait(false);
                all[i] = took.Values.Max();
                foreach ((string dataPlane, double ms) in took)
                {
                    each[dataPlane][i] = ms;
                }
            }

            return new PropagateResult(each, all);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await BenchCluster.RemoveAsync(root, Cluster).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyDictionary<string, double>> MeasureAsync(KubeClient tenant, ChannelReader<Sighting> sightings, int change, CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Marker] = change.ToString(CultureInfo.InvariantCulture) } } };
        _ = await tenant.PatchAsync(Deployments, "default", Marker, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
        long acknowledged = time.GetTimestamp();
        var seen = new Dictionary<string, double>(StringComparer.Ordinal);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            while (seen.Count < settings.DataPlanes.Count)
            {
                Sighting sighting = await sightings.ReadAsync(timeout.Token).ConfigureAwait(false);
                if (sighting.Change == change)
                {
                    // A watch can be quicker than the answer to the PATCH: that is no time at all.
                    seen.TryAdd(sighting.DataPlane, Math.Max(0, time.GetElapsedTime(acknowledged, sighting.At).TotalMilliseconds));
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException($"change {change} had not reached {string.Join(", ", settings.DataPlanes.Where(d => !seen.ContainsKey(d)))} after {Patience.TotalSeconds:0} s");
        }

        return seen;
    }

    private async Task WatchAsync(string dataPlane, ChannelWriter<Sighting> sightings, CancellationToken cancellationToken)
    {
        using var client = new KubeClient(KubeConfig.Load(directory.DataPlaneKubeconfig(dataPlane)));
        string ns = NamespaceMapping.Map(Tenant, Cluster, "default");
        await foreach (WatchEvent found in client.WatchAsync(Deployments, ns, new WatchQuery(), cancellationToken).ConfigureAwait(false))
        {
            if (found.Object is { } item && item.Labels.TryGetValue(Marker, out string? change))
            {
                sightings.TryWrite(new Sighting(dataPlane, int.Parse(change, CultureInfo.InvariantCulture), time.GetTimestamp()));
            }
        }
    }

    /// <summary>No replicas: the road of the change is measured, not the starting of pods.</summary>
    private static JsonObject Deployment() => new()
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "Deployment",
        ["metadata"] = new JsonObject { ["name"] = Marker },
        ["spec"] = new JsonObject
        {
            ["replicas"] = 0,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Marker } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = Marker } },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = Marker, ["image"] = "pause:3.10" }) },
            },
        },
    };
}
