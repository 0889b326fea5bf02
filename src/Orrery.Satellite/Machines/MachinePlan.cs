using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Machines;

/// <summary>Which nodes a tenant keeps, takes and leaves. Pure, and the same for the same cluster.</summary>
/// <param name="Kept">Nodes that are the tenant's already and are wanted.</param>
/// <param name="Taken">Nodes of nobody that are to be its.</param>
/// <param name="Left">Nodes that are the tenant's and are wanted no more: of another class, or needed by nothing for a while.</param>
/// <param name="Idle">Of those kept, nodes beyond the least of their pool on which nothing runs.</param>
/// <param name="Short">For each pool that has too few machines: what is missing.</param>
internal sealed record MachinePlan(
    IReadOnlyList<(KubeObject Node, MachinePool Pool)> Kept,
    IReadOnlyList<(KubeObject Node, MachinePool Pool)> Taken,
    IReadOnlyList<KubeObject> Left,
    IReadOnlyList<KubeObject> Idle,
    IReadOnlyList<string> Short)
{
    /// <param name="idleSince">A node that is idle since then or longer is given back.</param>
    public static MachinePlan Of(
        string tenant, IReadOnlyList<MachinePool> pools, IReadOnlyList<KubeObject> nodes, IReadOnlyList<KubeObject> pods, Func<KubeObject, string, bool> isTenants, DateTimeOffset idleSince)
    {
        List<KubeObject> all = [.. nodes.Where(n => !n.IsDeleting).OrderBy(n => n.Name, StringComparer.Ordinal)];
        var mine = all.Where(n => n.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == tenant).ToList();
        var free = all.Where(n => !n.Labels.ContainsKey(OrreryNames.TenantLabel) && IsUsable(n) && !HoldsOthers(n, tenant, pods, isTenants)).ToList();
        bool waiting = pods.Any(p => isTenants(p, tenant) && FindsNoRoom(p));
        List<(KubeObject, MachinePool)> kept = [], taken = [];
        List<KubeObject> idle = [];
        List<string> lacking = [];
        foreach (MachinePool pool in pools)
        {
            // 1. What is there already: by the name that it was taken under first, then whatever else is of the kind.
            List<KubeObject> own = [.. mine.Where(n => pool.Has(n.Labels))
                .OrderByDescending(n => n.Labels.GetValueOrDefault(OrreryNames.MachinePoolLabel) == pool.Name)
                .ThenBy(n => n.Annotations.ContainsKey(OrreryNames.LeavingAnnotation)).ThenBy(n => n.Name, StringComparer.Ordinal).Take(pool.Max)];

            // 2. What is beyond the least and holds nothing; for long enough, and it is not wanted any more. While pods wait, all are.
            foreach (KubeObject spare in waiting ? [] : own.Where(n => IsUsable(n) && !pods.Any(p => p.TextAt("spec", "nodeName") == n.Name && MachineKeeper.MustMove(p) && isTenants(p, tenant)))
                .Reverse().Take(Math.Max(0, own.Count(IsUsable) - pool.Min)).ToList())
            {
                if (IdleSince(spare) <= idleSince)
                {
                    own.Remove(spare);
                }
                else
                {
                    idle.Add(spare);
                }
            }

            kept.AddRange(own.Select(n => (n, pool)));
            mine.RemoveAll(own.Contains);

            // 3. Up to the least always; one more at a time, up to the most, while pods find no room.
            int ready = own.Count(IsUsable);
            int wanted = Math.Max(pool.Min - ready, waiting && own.Count < pool.Max && ready == own.Count ? 1 : 0);
            List<KubeObject> more = [.. free.Where(n => pool.Has(n.Labels)).Take(Math.Min(wanted, Math.Max(0, pool.Max - own.Count)))];
            taken.AddRange(more.Select(n => (n, pool)));
            free.RemoveAll(more.Contains);
            if (ready + more.Count < pool.Min)
            {
                lacking.Add($"pool {pool.Name} has {ready + more.Count} of {pool.Min} machines{(pool.Labels.Count > 0 ? $" ({string.Join(", ", pool.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"))})" : "")}");
            }
        }

        return new MachinePlan(kept, taken, mine, idle, lacking);
    }

    /// <returns>Null for one that is not known to be idle.</returns>
    public static DateTimeOffset? IdleSince(KubeObject node) =>
        DateTimeOffset.TryParse(node.Annotations.GetValueOrDefault(OrreryNames.IdleSinceAnnotation), CultureInfo.InvariantCulture, out DateTimeOffset since) ? since : null;

    private static bool IsUsable(KubeObject node) =>
        Conditions.IsTrue(node, "Ready")
        && (node.At("spec", "unschedulable") is not { ValueKind: JsonValueKind.True } || node.Annotations.GetValueOrDefault(OrreryNames.LeavingAnnotation) == "true");

    /// <summary>A machine that runs what is another's is not taken: it would have to be driven off.</summary>
    private static bool HoldsOthers(KubeObject node, string tenant, IReadOnlyList<KubeObject> pods, Func<KubeObject, string, bool> isTenants) =>
        pods.Any(p => p.TextAt("spec", "nodeName") == node.Name && MachineKeeper.MustMove(p) && p.Namespace != "kube-system" && !isTenants(p, tenant));

    private static bool FindsNoRoom(KubeObject pod) =>
        !pod.IsDeleting && pod.TextAt("spec", "nodeName") is null && Conditions.Find(pod, "PodScheduled") is { Status: Conditions.False, Reason: "Unschedulable" };
}
