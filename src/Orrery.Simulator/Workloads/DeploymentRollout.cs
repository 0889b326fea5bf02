using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>
/// One step of a rollout: how many replicas each ReplicaSet should have now. Never more than replicas + maxSurge in
/// all, never fewer than replicas - maxUnavailable available (upstream: <c>deployment/rolling.go</c>).
/// </summary>
internal sealed class DeploymentRollout
{
    private readonly KubeObject current;
    private readonly IReadOnlyList<KubeObject> old;
    private readonly int wanted;
    private readonly int maxUnavailable;
    private readonly bool recreate;

    public DeploymentRollout(KubeObject deployment, KubeObject current, IReadOnlyList<KubeObject> old)
    {
        this.current = current;
        this.old = old;
        wanted = deployment.IntAt(1, "spec", "replicas");
        recreate = deployment.TextAt("spec", "strategy", "type") == "Recreate";
        if (!recreate)
        {
            MaxSurge = ObjectViews.Resolve(deployment.At("spec", "strategy", "rollingUpdate", "maxSurge"), 1, wanted, roundUp: true);
            maxUnavailable = Math.Min(wanted, ObjectViews.Resolve(deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable"), 0, wanted, roundUp: false));
            if (MaxSurge == 0 && maxUnavailable == 0)
            {
                // Both round to zero: one must move, or nothing does.
                maxUnavailable = 1;
            }
        }
    }

    public int MaxSurge { get; }

    /// <param name="oldPodsLeft">Any pod of an old ReplicaSet is still there, also one that is stopping.</param>
    public IEnumerable<(KubeObject Set, int Replicas)> Plan(bool oldPodsLeft)
    {
        if (recreate)
        {
            return [.. old.Select(s => (s, 0)), (current, oldPodsLeft ? Spec(current) : wanted)];
        }

        int size = NewSize();
        var plan = new List<(KubeObject, int)> { (current, size) };
        plan.AddRange(OldSizes(size));
        return plan;
    }

    private int NewSize()
    {
        int size = Spec(current);
        if (size >= wanted)
        {
            return wanted;
        }

        int room = wanted + MaxSurge - (size + old.Sum(Spec));
        return room <= 0 ? size : size + Math.Min(room, wanted - size);
    }

    private List<(KubeObject, int)> OldSizes(int newSize)
    {
        var sizes = old.Where(s => Spec(s) > 0).ToDictionary(s => s, Spec);
        int least = wanted - maxUnavailable;

        // 1. what may go at all: the new one's missing pods are unavailable already
        int newUnavailable = newSize - Available(current);
        int mayGo = newSize + sizes.Values.Sum() - least - newUnavailable;
        if (mayGo <= 0)
        {
            return [];
        }

        // 2. unhealthy ones first: they help nobody
        foreach (KubeObject set in sizes.Keys.ToList())
        {
            int gone = Math.Min(mayGo, Math.Max(0, sizes[set] - Available(set)));
            sizes[set] -= gone;
            mayGo -= gone;
        }

        // 3. then healthy ones, as far as enough stay available, oldest set first
        int spare = old.Sum(s => Math.Min(Available(s), sizes.GetValueOrDefault(s))) + Available(current) - least;
        foreach (KubeObject set in sizes.Keys.ToList())
        {
            int gone = Math.Clamp(spare, 0, sizes[set]);
            sizes[set] -= gone;
            spare -= gone;
        }

        return [.. sizes.Select(s => (s.Key, s.Value))];
    }

    private static int Spec(KubeObject set) => set.IntAt(0, "spec", "replicas");

    private static int Available(KubeObject set) => set.IntAt(0, "status", "availableReplicas");
}
