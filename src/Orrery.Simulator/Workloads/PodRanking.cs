using System.Globalization;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Which pods go first when there are too many (upstream: <c>ActivePodsWithRanks</c>): those that are worth least.</summary>
internal sealed class PodRanking : IComparer<KubeObject>
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    public static readonly PodRanking Instance = new();

    public int Compare(KubeObject? x, KubeObject? y)
    {
        (KubeObject a, KubeObject b) = (x!, y!);

        // 1. not assigned before assigned  2. Pending before Running  3. not ready before ready
        int order = (a.NodeName.Length > 0).CompareTo(b.NodeName.Length > 0);
        order = order != 0 ? order : Rank(a.PodPhase).CompareTo(Rank(b.PodPhase));
        order = order != 0 ? order : a.IsReadyPod.CompareTo(b.IsReadyPod);

        // 4. cheaper before dearer  5. younger before older
        order = order != 0 ? order : Cost(a).CompareTo(Cost(b));
        order = order != 0 ? order : Nullable.Compare(b.CreationTimestamp, a.CreationTimestamp);
        return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
    }

    private static int Rank(string phase) => phase switch { "Pending" => 0, "Unknown" => 1, _ => 2 };

    private static int Cost(KubeObject pod) =>
        pod.Annotations.TryGetValue(DeletionCost, out string? text) && int.TryParse(text, CultureInfo.InvariantCulture, out int cost) ? cost : 0;
}
