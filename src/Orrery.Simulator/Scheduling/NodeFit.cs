using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Scheduling;

/// <summary>Whether a pod may run on a node. The texts are those a FailedScheduling event is made of.</summary>
internal static class NodeFit
{
    /// <param name="onNode">The unfinished pods of that node.</param>
    /// <returns>Null when the pod fits; otherwise why not.</returns>
    public static string? WhyNot(KubeObject pod, KubeObject node, IReadOnlyList<KubeObject> onNode) =>
        WhyRefused(pod, node) ?? WhyTooSmall(pod, node, onNode);

    /// <summary>As <see cref="WhyNot"/>, however full the node is.</summary>
    public static string? WhyRefused(KubeObject pod, KubeObject node)
    {
        if (node.At("spec", "unschedulable") is { ValueKind: JsonValueKind.True } && !Tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule"))
        {
            return "node(s) were unschedulable";
        }

        if (node.At("spec", "taints") is { ValueKind: JsonValueKind.Array } taints)
        {
            foreach (JsonElement taint in taints.EnumerateArray())
            {
                string key = Text(taint, "key"), value = Text(taint, "value"), effect = Text(taint, "effect");
                if (effect is "NoSchedule" or "NoExecute" && !Tolerates(pod, key, value, effect))
                {
                    return $"node(s) had untolerated taint {{{key}: {value}}}";
                }
            }
        }

        return MatchesSelector(pod, node) && MatchesAffinity(pod, node) ? null : "node(s) didn't match Pod's node affinity/selector";
    }

    private static string? WhyTooSmall(KubeObject pod, KubeObject node, IReadOnlyList<KubeObject> onNode)
    {
        if (node.TextAt("status", "allocatable", "pods") is { } most && onNode.Count >= int.Parse(most, CultureInfo.InvariantCulture))
        {
            return "Too many pods";
        }

        foreach (string resource in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            long wanted = Requested(pod, resource);
            if (wanted > 0 && node.TextAt("status", "allocatable", resource) is { } has
                && onNode.Sum(p => Requested(p, resource)) + wanted > Quantity.Parse(has).MilliValue)
            {
                return $"Insufficient {resource}";
            }
        }

        return null;
    }

    /// <summary>What a pod's containers ask for, in thousandths.</summary>
    private static long Requested(KubeObject pod, string resource)
    {
        long sum = 0;
        if (pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } containers)
        {
            foreach (JsonElement container in containers.EnumerateArray())
            {
                if (container.TryGetProperty("resources", out JsonElement resources)
                    && resources.TryGetProperty("requests", out JsonElement requests)
                    && requests.TryGetProperty(resource, out JsonElement amount))
                {
                    sum += Quantity.Parse(amount.ToString()).MilliValue;
                }
            }
        }

        return sum;
    }

    private static bool Tolerates(KubeObject pod, string key, string value, string effect) =>
        pod.At("spec", "tolerations") is { ValueKind: JsonValueKind.Array } tolerations && tolerations.EnumerateArray().Any(t =>
            (Text(t, "key") == key || (Text(t, "key").Length == 0 && Text(t, "operator") == "Exists"))
            && (Text(t, "effect").Length == 0 || Text(t, "effect") == effect)
            && (Text(t, "operator") == "Exists" || Text(t, "value") == value));

    private static bool MatchesSelector(KubeObject pod, KubeObject node) =>
        pod.At("spec", "nodeSelector") is not { ValueKind: JsonValueKind.Object } selector
        || selector.EnumerateObject().All(s => node.Labels.TryGetValue(s.Name, out string? value) && value == s.Value.GetString());

    private static bool MatchesAffinity(KubeObject pod, KubeObject node) =>
        pod.At("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms") is not { ValueKind: JsonValueKind.Array } terms
        || terms.EnumerateArray().Any(t => MatchesTerm(t, node));

    /// <summary>A term without any requirement matches nothing, as upstream.</summary>
    private static bool MatchesTerm(JsonElement term, KubeObject node)
    {
        bool any = false;
        foreach (string list in (ReadOnlySpan<string>)["matchExpressions", "matchFields"])
        {
            if (!term.TryGetProperty(list, out JsonElement requirements) || requirements.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (JsonElement requirement in requirements.EnumerateArray())
            {
                any = true;
                string? value = list == "matchFields" ? node.Name : node.Labels.GetValueOrDefault(Text(requirement, "key"));
                if (!Matches(requirement, value))
                {
                    return false;
                }
            }
        }

        return any;
    }

    private static bool Matches(JsonElement requirement, string? value)
    {
        List<string> values = requirement.TryGetProperty("values", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(v => v.GetString() ?? "")]
            : [];
        return Text(requirement, "operator") switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is null || !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => Compare(value, values) > 0,
            "Lt" => Compare(value, values) < 0,
            _ => false,
        };
    }

    /// <returns>Zero, which neither Gt nor Lt takes, where either is no number.</returns>
    private static int Compare(string? value, List<string> values) =>
        long.TryParse(value, CultureInfo.InvariantCulture, out long left) && values.Count == 1
        && long.TryParse(values[0], CultureInfo.InvariantCulture, out long right) ? left.CompareTo(right) : 0;

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
