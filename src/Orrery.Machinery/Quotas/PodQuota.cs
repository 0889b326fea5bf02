using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Pods: <c>evaluator/core/pods.go</c>.</summary>
internal sealed class PodQuota(GroupResource resource) : QuotaEvaluator(resource)
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    };

    /// <summary>A limit on one of these asks every container to say its own amount.</summary>
    private static readonly string[] MustBeSaid = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

    public override bool Handles(bool isCreate, string subresource) => isCreate ? subresource.Length == 0 : subresource == "resize";

    public override IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(name =>
        IsCount(name) || Names.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal)
        || (name.StartsWith("requests.", StringComparison.Ordinal) && IsExtended(name["requests.".Length..])));

    public override bool IsIn(QuotaScope scope, JsonObject item) => scope.MatchesPod(item);

    public override ResourceList Usage(JsonObject item, DateTimeOffset now)
    {
        ResourceList usage = One();
        if (!IsCharged(item, now))
        {
            usage.Remove("pods");
            return usage;
        }

        JsonObject spec = item.ObjectAt("spec");
        JsonObject? status = item.Child("status");
        Charge(usage, PodAmounts.Requests(spec, status), PodAmounts.Limits(spec, status));
        return usage;
    }

    public override string? Missing(IEnumerable<string> limited, JsonObject item)
    {
        string[] wanted = [.. MustBeSaid.Intersect(limited, StringComparer.Ordinal)];
        JsonObject spec = item.ObjectAt("spec");
        if (wanted.Length == 0 || spec.Child("resources") is { Count: > 0 })
        {
            return null;
        }

        var silent = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (JsonObject container in spec.Items("containers").Concat(spec.Items("initContainers")))
        {
            var said = new ResourceList();
            Charge(said, PodAmounts.Of(container, "requests"), PodAmounts.Of(container, "limits"));
            foreach (string name in wanted.Where(n => !said.ContainsKey(n)))
            {
                (silent.TryGetValue(name, out SortedSet<string>? containers) ? containers : silent[name] = new(StringComparer.Ordinal)).Add(container.Text("name"));
            }
        }

        return silent.Count == 0 ? null : $"must specify {string.Join("; ", silent.Select(s => $"{s.Key} for: {string.Join(',', s.Value)}"))}";
    }

    private static void Charge(ResourceList usage, ResourceList requests, ResourceList limits)
    {
        foreach ((string name, Quantity amount) in requests)
        {
            if (name is "cpu" or "memory" or "ephemeral-storage" || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                usage[name] = amount;
                usage["requests." + name] = amount;
            }
            else if (IsExtended(name))
            {
                usage["requests." + name] = amount;
            }
        }

        foreach (string name in new[] { "cpu", "memory", "ephemeral-storage" })
        {
            if (limits.TryGetValue(name, out Quantity amount))
            {
                usage["limits." + name] = amount;
            }
        }
    }

    /// <summary>A resource that some vendor's device plugin counts, or a class of devices by its own name.</summary>
    private static bool IsExtended(string name) => name.StartsWith(DeviceQuota.ImplicitName, StringComparison.Ordinal) ||
        (name.Contains('/', StringComparison.Ordinal) && !name.Contains("kubernetes.io/", StringComparison.Ordinal) && !name.StartsWith("requests.", StringComparison.Ordinal));

    /// <summary>A pod that has ended, or that should long have gone, uses nothing but its place among objects.</summary>
    private static bool IsCharged(JsonObject pod, DateTimeOffset now) =>
        pod.TextAt("status", "phase") is not ("Failed" or "Succeeded")
        && !(pod.NumberAt("metadata", "deletionGracePeriodSeconds") is { } grace
            && DateTimeOffset.TryParse(pod.TextAt("metadata", "deletionTimestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset deleted)
            && now > deleted.AddSeconds(grace));
}
