using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Reporting;

/// <summary>What a satellite says of its cluster as a whole. Pure.</summary>
internal static class ClusterFacts
{
    /// <summary>Resources that are summed; a cluster's own extended resources follow when something reads them.</summary>
    private static readonly string[] Summed = ["cpu", "memory", "ephemeral-storage", "pods"];

    public static JsonObject Nodes(IReadOnlyList<KubeObject> nodes) => new()
    {
        ["total"] = nodes.Count,
        ["ready"] = nodes.Count(n => Conditions.IsTrue(n, "Ready")),
    };

    /// <param name="part"><c>capacity</c> or <c>allocatable</c>.</param>
    public static JsonObject Sum(IReadOnlyList<KubeObject> nodes, string part)
    {
        var sums = new JsonObject();
        foreach (string resource in Summed)
        {
            Quantity? sum = null;
            foreach (KubeObject node in nodes)
            {
                if (node.At("status", part, resource) is { } value && Quantity.TryParse(Text(value), out Quantity amount))
                {
                    sum = sum is { } s ? s + amount : amount;
                }
            }

            if (sum is { } total)
            {
                sums[resource] = total.ToString();
            }
        }

        return sums;
    }

    /// <summary>
    /// That another satellite reports to the same DataPlane, and what to do. A clone of a cluster has the same names and uids, so that none can know which of them is the right one: whoever operates them
    /// sees it by what both say.
    /// </summary>
    /// <param name="own">Status of the DataPlane as this satellite says it.</param>
    /// <param name="other">As the other one does; null where that is not known.</param>
    public static string Duplicated(string dataPlane, KubeObject own, KubeObject? other)
    {
        string here = Describe(own), there = other is null ? "" : Describe(other);
        return $"two satellites report to this DataPlane with one Secret. {SecondSatellite.Remedy(dataPlane)}. "
            + (there.Length == 0 || there == here ? $"Their cluster: {here}" : $"Their clusters: {here}; {there}");
    }

    private static string Describe(KubeObject status) =>
        $"{status.TextAt("address")}, Kubernetes {status.TextAt("kubernetesVersion") ?? "unknown"}, {status.NumberAt("nodes", "ready") ?? 0} of {status.NumberAt("nodes", "total") ?? 0} nodes ready";

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
