using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Nodes;

/// <summary>Registers the simulated nodes and keeps them Ready; a node deleted by hand registers again, as a kubelet does.</summary>
internal sealed class NodeController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private readonly EventRecorder events = cluster.Recorder("kubelet");

    public static IReadOnlyList<string> NamesOf(SimulationOptions options) =>
        [.. Enumerable.Range(1, options.Nodes).Select(i => string.Create(CultureInfo.InvariantCulture, $"{options.Name}-node-{i}"))];

    public ReconcilerHost<ObjectKey> Host()
    {
        ObjectKey[] keys = [.. NamesOf(cluster.Options).Select(n => new ObjectKey(ClusterName.Root, "", n))];
        var host = new ReconcilerHost<ObjectKey>("node", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1, LevelKeys = () => keys, Needs = [cluster.Nodes], Time = cluster.Time, Loggers = cluster.Options.Loggers,
        });
        cluster.Nodes.Subscribe(change =>
        {
            if (keys.Contains(change.Key))
            {
                host.Queue.Add(change.Key);
            }
        });
        foreach (ObjectKey key in keys)
        {
            host.Queue.Add(key);
        }

        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        KubeObject? node = cluster.Nodes.Get(key);
        if (node is null)
        {
            try
            {
                node = await cluster.CreateAsync(cluster.Nodes, NodeShape.Register(key.Name, cluster.Options), cancellationToken).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.IsAlreadyExists)
            {
                // The informer is yet to say so, and will wake this key.
                return ReconcileResult.Done;
            }
        }

        JsonObject status = NodeShape.Status(node, cluster.Options, Ordinal(key.Name), cluster.Time.GetUtcNow());
        bool wasReady = Conditions.IsTrue(node, "Ready");
        KubeObject written = await cluster.WriteStatusAsync(cluster.Nodes, node, status, cancellationToken).ConfigureAwait(false);
        if (!wasReady)
        {
            events.Normal(written, "NodeReady", $"Node {key.Name} status is now: NodeReady");
        }

        return ReconcileResult.Done;
    }

    private static int Ordinal(string name) => int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
}
