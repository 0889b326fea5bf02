using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>What the pods and claims of some namespaces ask for, and what they were measured to use. Pure.</summary>
internal static class TenantUsage
{
    private static readonly string[] Counted = ["cpu", "memory"];

    /// <param name="pods">Of the tenant; those that have ended hold nothing.</param>
    public static JsonObject Requested(IEnumerable<KubeObject> pods, IEnumerable<KubeObject> claims)
    {
        var sums = Counted.ToDictionary(r => r, _ => Quantity.Zero, StringComparer.Ordinal);
        int running = 0;
        foreach (KubeObject pod in pods.Where(p => p.TextAt("status", "phase") is not ("Succeeded" or "Failed")))
        {
            running++;
            foreach (JsonElement container in Items(pod.At("spec", "containers")))
            {
                if (container.TryGetProperty("resources", out JsonElement resources) && resources.TryGetProperty("requests", out JsonElement requests))
                {
                    Add(sums, KindJson.Quantities(requests));
                }
            }
        }

        sums["pods"] = Quantity.FromWhole(running);
        sums["storage"] = claims.Select(c => KindJson.Quantities(c.At("spec", "resources", "requests")).GetValueOrDefault("storage")).Aggregate(Quantity.Zero, (sum, q) => sum + q);
        return KindJson.Quantities(sums);
    }

    /// <param name="metrics">PodMetrics of <c>metrics.k8s.io</c>.</param>
    public static JsonObject Used(IEnumerable<KubeObject> metrics)
    {
        var sums = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (JsonElement container in metrics.SelectMany(m => Items(m.At("containers"))))
        {
            if (container.TryGetProperty("usage", out JsonElement usage))
            {
                foreach ((string resource, Quantity amount) in KindJson.Quantities(usage).Where(u => Counted.Contains(u.Key)))
                {
                    sums[resource] = sums.TryGetValue(resource, out Quantity sum) ? sum + amount : amount;
                }
            }
        }

        return KindJson.Quantities(sums);
    }

    private static void Add(Dictionary<string, Quantity> sums, IReadOnlyDictionary<string, Quantity> more)
    {
        foreach (string resource in Counted)
        {
            if (more.TryGetValue(resource, out Quantity amount))
            {
                sums[resource] += amount;
            }
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];
}
