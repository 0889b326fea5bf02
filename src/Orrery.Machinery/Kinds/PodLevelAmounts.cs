using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>What a pod asks for as a whole, held against what its containers ask for.</summary>
internal static class PodLevelAmounts
{
    /// <summary>
    /// What a pod that says something of itself as a whole leaves open: large pages as its containers have them, and, where it has limits, requests as its containers have them together, or as its limits
    /// (<c>pkg/apis/core/v1/defaults.go</c>, SetDefaults_Pod).
    /// </summary>
    public static void Default(JsonObject spec)
    {
        if (spec.Child("resources") is not { } resources || (resources.Child("limits") is not { Count: > 0 } && resources.Child("requests") is not { Count: > 0 }))
        {
            return;
        }

        foreach ((string name, Quantity amount) in OfContainers(spec, "limits").Where(a => ResourceAmounts.IsPageSize(a.Key)))
        {
            resources.ObjectAt("limits").Fill(name, amount.ToString());
        }

        if (resources.Child("limits") is not { Count: > 0 } limits)
        {
            return;
        }

        JsonObject requests = resources.ObjectAt("requests");
        foreach ((string name, Quantity amount) in OfContainers(spec, "requests").Where(a => a.Key is "cpu" or "memory"))
        {
            requests.Fill(name, amount.ToString());
        }

        foreach ((string name, JsonNode? amount) in limits.Where(l => l.Key is "cpu" or "memory" || ResourceAmounts.IsPageSize(l.Key)))
        {
            requests.Fill(name, amount!.DeepClone());
        }
    }

    public static void Validate(JsonObject spec, JsonObject resources, string path, Faults faults)
    {
        Dictionary<string, Quantity> requests = ResourceAmounts.Read(resources.Child("requests")), limits = ResourceAmounts.Read(resources.Child("limits"));
        foreach ((string name, Quantity amount) in OfContainers(spec, "requests"))
        {
            Quantity whole = requests.GetValueOrDefault(name);
            if (amount > whole)
            {
                faults.Invalid($"{path}.requests[{name}]", whole.ToString(), $"must be greater than or equal to aggregate container requests of {amount}");
            }
        }

        int i = 0;
        foreach (JsonObject container in spec.Items("containers"))
        {
            foreach ((string name, Quantity amount) in ResourceAmounts.Read(container.Child("resources")?.Child("limits")))
            {
                if (limits.TryGetValue(name, out Quantity most) && amount > most)
                {
                    faults.Invalid($"{path}.containers[{i}][{name}].limits", amount.ToString(), $"must be less than or equal to pod limits of {most}");
                }
            }

            i++;
        }
    }

    /// <summary>What runs side by side adds up; containers that run before the others count where they ask for more.</summary>
    private static Dictionary<string, Quantity> OfContainers(JsonObject spec, string member)
    {
        var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        Add(total, spec.Items("containers"), member);
        var beside = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var first = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (JsonObject container in spec.Items("initContainers"))
        {
            if (container.Text("restartPolicy") == "Always")
            {
                Add(total, [container], member);
                Add(beside, [container], member);
                Most(first, beside);
                continue;
            }

            var alone = new Dictionary<string, Quantity>(beside, StringComparer.Ordinal);
            Add(alone, [container], member);
            Most(first, alone);
        }

        Most(total, first);
        return total;
    }

    private static void Add(Dictionary<string, Quantity> sum, IEnumerable<JsonObject> containers, string member)
    {
        foreach ((string name, Quantity amount) in containers.SelectMany(c => ResourceAmounts.Read(c.Child("resources")?.Child(member))))
        {
            sum[name] = sum.TryGetValue(name, out Quantity before) ? before + amount : amount;
        }
    }

    private static void Most(Dictionary<string, Quantity> most, Dictionary<string, Quantity> other)
    {
        foreach ((string name, Quantity amount) in other)
        {
            if (!most.TryGetValue(name, out Quantity before) || amount > before)
            {
                most[name] = amount;
            }
        }
    }
}
