using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Machines;

/// <summary>
/// Disruption budgets that are wanted here and that the cluster does not hold evictions to yet: the Work has just come or changed, or the cluster or its owner refused it. To the tenant
/// the budget is there since it was made, and a Work is applied in no order with others, so that pods may run before their budget is in the cluster.
/// </summary>
internal sealed class AwaitedBudgets(WorksByNamespace works, AppliedObjects applied)
{
    /// <returns>Name of the first such budget that a pod falls under, and why it is not in force where that is known; null when the cluster knows all of them.</returns>
    public string? Of(KubeObject pod) => works.Of(pod.Namespace)
        .Where(w => Selects(w, pod) && !IsInForce(w, applied.Of(w.Name).Select(a => a.Live).FirstOrDefault(l => !l.IsDeleting)))
        .Select(Told)
        .FirstOrDefault();

    /// <summary>Whether a Work wants a budget that counts the pod.</summary>
    internal static bool Selects(KubeObject work, KubeObject pod)
    {
        if (work.IsDeleting || Withdrawal.Of(work) is not null || work.TextAt("spec", "manifest", "kind") != "PodDisruptionBudget"
            || work.TextAt("spec", "manifest", "apiVersion") is not { } version || !version.StartsWith("policy/", StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            return LabelSelector.FromJson(SpecOf(work)?["selector"] as JsonObject).Matches(pod.Labels);
        }
        catch (FormatException)
        {
            // No cluster takes such a budget: it is the Work's status that says so, and no pod is ever counted by it.
            return false;
        }
    }

    /// <summary>Whether the cluster has the budget as the Work says it now. The report of it may be on its way still, and is not in a copy; what is reported may read another way there.</summary>
    /// <param name="live">What is there of the Work and is to stay.</param>
    internal static bool IsInForce(KubeObject work, KubeObject? live) =>
        live is not null && (work.NumberAt("status", "observedGeneration") == work.Generation || (live.At("spec") is { } spec && Drift.Holds(SpecOf(work), spec)));

    private static JsonNode? SpecOf(KubeObject work) =>
        work.At("spec", "manifest", "spec") is { ValueKind: JsonValueKind.Object } spec ? KubeJson.ToNode(spec) : null;

    private static string Told(KubeObject work) => work.TextAt("spec", "manifest", "metadata", "name")
        + (Conditions.Find(work, OrreryNames.AppliedCondition) is { Status: Conditions.False, Message.Length: > 0 } refused ? $" ({refused.Message})" : "");
}
