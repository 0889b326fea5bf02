using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
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

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
