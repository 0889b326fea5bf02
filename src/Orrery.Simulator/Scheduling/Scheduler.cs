using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Scheduling;

/// <summary>
/// Binds pods to nodes: of those that fit, the node with the fewest pods of the same owner, then with the fewest pods.
/// One pod at a time, so that each decision sees the one before.
/// </summary>
internal sealed class Scheduler(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private const string Name = "default-scheduler";

    private readonly EventRecorder events = cluster.Recorder(Name);

    /// <summary>Bindings that the pods' informer does not show yet, by uid. Touched by the one worker only.</summary>
    private readonly Dictionary<string, (string Node, KubeObject Pod)> assumed = new(StringComparer.Ordinal);

    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("scheduler", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1,
            LevelKeys = () => Unbound().Select(p => p.Key),
            Needs = [cluster.Pods, cluster.Nodes],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Pods.Subscribe(change =>
        {
            if (change.Current is { } pod && IsMine(pod))
            {
                host.Queue.Add(change.Key);
            }
            else if (change.Latest.NodeName.Length > 0 && (change.IsDeleted || change.Latest.IsFinishedPod))
            {
                // Room was made: who waits may fit now.
                AddWaiting(host);
            }
        });
        cluster.Nodes.Subscribe(_ => AddWaiting(host));
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Pods.Get(key) is not { } pod || !IsMine(pod))
        {
            return ReconcileResult.Done;
        }

        // 1. what is on each node, with what was decided but is not shown yet
        foreach (string uid in assumed.Where(a => cluster.Pods.Get(a.Value.Pod.Key) is not { } p || p.Uid != a.Key || p.NodeName.Length > 0).Select(a => a.Key).ToList())
        {
            assumed.Remove(uid);
        }

        if (assumed.ContainsKey(pod.Uid))
        {
            return ReconcileResult.Done;
        }

        ILookup<string, KubeObject> byNode = cluster.Pods.All().Where(p => p.NodeName.Length > 0 && !p.IsFinishedPod).Select(p => (Node: p.NodeName, Pod: p))
            .Concat(assumed.Values).ToLookup(p => p.Node, p => p.Pod);

        // 2. which nodes fit
        var refusals = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var fits = new List<string>();
        IReadOnlyList<KubeObject> nodes = cluster.Nodes.All();
        foreach (KubeObject node in nodes.Where(n => Conditions.IsTrue(n, "Ready")))
        {
            if (NodeFit.WhyNot(pod, node, [.. byNode[node.Name]]) is { } why)
            {
                refusals[why] = refusals.GetValueOrDefault(why) + 1;
            }
            else
            {
                fits.Add(node.Name);
            }
        }

        // 3. the best of them
        string? owner = pod.ControllerUid;
        string? best = fits
            .OrderBy(n => byNode[n].Count(p => owner is not null && p.ControllerUid == owner))
            .ThenBy(n => byNode[n].Count())
            .ThenBy(n => n, StringComparer.Ordinal)
            .FirstOrDefault();
        if (best is null)
        {
            await RefuseAsync(pod, nodes.Count, refusals, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await BindAsync(pod, best, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task BindAsync(KubeObject pod, string node, CancellationToken cancellationToken)
    {
        var binding = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
        };
        try
        {
            await cluster.Client.CreateAsync(Known.Pods, pod.Namespace, binding, cancellationToken, name: pod.Name, subresource: "binding").ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return;
        }

        assumed[pod.Uid] = (node, pod);
        events.Normal(pod, "Scheduled", $"Successfully assigned {pod.Namespace}/{pod.Name} to {node}");
    }

    private async Task RefuseAsync(KubeObject pod, int nodes, SortedDictionary<string, int> refusals, CancellationToken cancellationToken)
    {
        string message = string.Create(CultureInfo.InvariantCulture, $"0/{nodes} nodes are available: ")
            + string.Join(", ", refusals.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Value} {r.Key}"))) + ".";
        JsonObject status = pod.CopyAt("status");
        if (Conditions.Set(status, "PodScheduled", "False", "Unschedulable", message, cluster.Time.GetUtcNow()))
        {
            await cluster.WriteStatusAsync(cluster.Pods, pod, status, cancellationToken).ConfigureAwait(false);
            events.Warning(pod, "FailedScheduling", message);
        }
    }

    private void AddWaiting(ReconcilerHost<ObjectKey> host)
    {
        foreach (KubeObject pod in Unbound())
        {
            host.Queue.Add(pod.Key);
        }
    }

    private IEnumerable<KubeObject> Unbound() => cluster.Pods.ByIndex("node", "").Where(IsMine);

    private static bool IsMine(KubeObject pod) =>
        pod.NodeName.Length == 0 && pod.IsActivePod && pod.TextAt("spec", "schedulerName") is null or Name;
}
