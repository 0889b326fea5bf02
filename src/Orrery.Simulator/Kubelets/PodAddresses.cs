using System.Globalization;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>Gives each pod an address of its node's range, <c>10.244.{node}.0/24</c>, that no living pod of the node has.</summary>
internal sealed class PodAddresses(SimulatedCluster cluster)
{
    private const int Range = 253;

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> last = new(StringComparer.Ordinal);

    /// <summary>Addresses given to pods whose status does not show them yet, by address.</summary>
    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);

    public string Take(KubeObject pod, int ordinal)
    {
        lock (gate)
        {
            IReadOnlyList<KubeObject> present = cluster.Pods.ByIndex("node", pod.NodeName);
            var used = present.Select(p => p.TextAt("status", "podIP")).ToHashSet(StringComparer.Ordinal);
            var uids = present.Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
            foreach (string stale in given.Where(g => used.Contains(g.Key) || !uids.Contains(g.Value)).Select(g => g.Key).ToList())
            {
                given.Remove(stale);
            }

            for (int i = 1; i <= Range; i++)
            {
                int host = (last.GetValueOrDefault(pod.NodeName) + i - 1) % Range;
                string address = string.Create(CultureInfo.InvariantCulture, $"10.{244 + (ordinal / 256)}.{ordinal % 256}.{host + 2}");
                if (!used.Contains(address) && given.TryAdd(address, pod.Uid))
                {
                    last[pod.NodeName] = host + 1;
                    return address;
                }
            }
        }

        throw new InvalidOperationException($"node {pod.NodeName} has no pod address left");
    }
}
