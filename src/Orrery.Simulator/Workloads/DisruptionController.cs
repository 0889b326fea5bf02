using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Says on each PodDisruptionBudget how many of its pods may be disrupted now (upstream: <c>pkg/controller/disruption</c>).</summary>
internal sealed class DisruptionController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    /// <summary>A pod whose eviction was allowed counts as disrupted until it is seen to go, or for so long (upstream: <c>DeletionTimeout</c>).</summary>
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("disruption", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1,
            LevelKeys = () => cluster.Budgets.All().Select(b => b.Key),
            Needs = [cluster.Budgets, cluster.Pods, cluster.ReplicaSets, cluster.ReplicationControllers, cluster.Deployments, cluster.StatefulSets],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Budgets.Subscribe(change => host.Queue.Add(change.Key));
        cluster.Pods.Subscribe(change =>
        {
            foreach (KubeObject budget in cluster.Budgets.InNamespace(ClusterName.Root, change.Key.Namespace))
            {
                host.Queue.Add(budget.Key);
            }
        });
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Budgets.Get(key) is not { IsDeleting: false } budget)
        {
            return ReconcileResult.Done;
        }

        // 1. Pods, how many there should be, and how many of them must be healthy.
        LabelSelector selector = budget.SelectorAt("spec", "selector");
        List<KubeObject> pods = [.. cluster.Pods.InNamespace(ClusterName.Root, budget.Namespace).Where(p => !p.IsFinishedPod && selector.Matches(p.Labels))];
        int expected = Expected(budget, pods);
        int desired = budget.At("spec", "maxUnavailable") is { } most
            ? Math.Max(0, expected - ObjectViews.Resolve(most, 0, expected, roundUp: true))
            : ObjectViews.Resolve(budget.At("spec", "minAvailable"), 1, expected, roundUp: true);

        // 2. Those on their way out do not count.
        DateTimeOffset now = cluster.Time.GetUtcNow();
        JsonObject disrupted = StillLeaving(budget, pods, now);
        int healthy = pods.Count(p => p.IsReadyPod && !p.IsDeleting && !disrupted.ContainsKey(p.Name));
        int allowed = Math.Max(0, pods.Count > 0 ? healthy - desired : 0);
        JsonObject status = budget.CopyAt("status");
        status["currentHealthy"] = healthy;
        status["desiredHealthy"] = desired;
        status["expectedPods"] = expected;
        status["disruptionsAllowed"] = allowed;
        status["observedGeneration"] = budget.Generation;
        status.Remove("disruptedPods");
        if (disrupted.Count > 0)
        {
            status["disruptedPods"] = disrupted;
        }

        Conditions.Set(
            status, "DisruptionAllowed", allowed > 0 ? Conditions.True : Conditions.False, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now, budget.Generation);
        await cluster.WriteStatusAsync(cluster.Budgets, budget, status, cancellationToken).ConfigureAwait(false);
        return disrupted.Count > 0 ? ReconcileResult.After(DeletionTimeout) : ReconcileResult.Done;
    }

    /// <summary>A share is of what their controllers want; a plain number is of the pods that there are.</summary>
    private int Expected(KubeObject budget, List<KubeObject> pods)
    {
        bool byCount = budget.At("spec", "maxUnavailable") is null && budget.At("spec", "minAvailable") is not { ValueKind: JsonValueKind.String };
        if (byCount)
        {
            return pods.Count;
        }

        return pods.GroupBy(Scaled, (owner, group) => owner?.IntAt(1, "spec", "replicas") ?? group.Count(), UidComparer.Instance).Sum();
    }

    /// <summary>What says how many pods there are to be: a Deployment where a ReplicaSet has one.</summary>
    private KubeObject? Scaled(KubeObject pod)
    {
        KubeObject? owner = Find(cluster.ReplicaSets, pod) ?? Find(cluster.ReplicationControllers, pod) ?? Find(cluster.StatefulSets, pod);
        return owner is null ? null : Find(cluster.Deployments, owner) ?? owner;
    }

    private static KubeObject? Find(Informer owners, KubeObject owned) =>
        owned.ControllerReference is { } reference && owners.Get(ClusterName.Root, owned.Namespace, reference.GetProperty("name").GetString()!) is { } found
            && found.Uid == owned.ControllerUid ? found : null;

    private sealed class UidComparer : IEqualityComparer<KubeObject?>
    {
        public static readonly UidComparer Instance = new();

        public bool Equals(KubeObject? x, KubeObject? y) => x?.Uid == y?.Uid;

        public int GetHashCode(KubeObject? obj) => (obj?.Uid ?? "").GetHashCode(StringComparison.Ordinal);
    }

    private static JsonObject StillLeaving(KubeObject budget, List<KubeObject> pods, DateTimeOffset now)
    {
        var leaving = new JsonObject();
        foreach ((string name, JsonNode? at) in budget.CopyAt("status", "disruptedPods"))
        {
            if (pods.Exists(p => p.Name == name && !p.IsDeleting) && at is not null && DateTimeOffset.TryParse(at.GetValue<string>(), out DateTimeOffset since) && now - since < DeletionTimeout)
            {
                leaving[name] = at.DeepClone();
            }
        }

        return leaving;
    }
}
