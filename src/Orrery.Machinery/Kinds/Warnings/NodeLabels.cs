using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>Labels of nodes that have others in their place. Upstream: <c>pkg/api/node/util.go</c>.</summary>
internal static class NodeLabels
{
    private static readonly Dictionary<string, (string Since, string Instead)> Replaced = new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = ("v1.14", "kubernetes.io/arch"),
        ["beta.kubernetes.io/os"] = ("v1.14", "kubernetes.io/os"),
        ["failure-domain.beta.kubernetes.io/region"] = ("v1.17", "topology.kubernetes.io/region"),
        ["failure-domain.beta.kubernetes.io/zone"] = ("v1.17", "topology.kubernetes.io/zone"),
        ["beta.kubernetes.io/instance-type"] = ("v1.17", "node.kubernetes.io/instance-type"),
    };

    /// <summary>What to use instead; null: the label is in order.</summary>
    public static string? Deprecated(string key) => Replaced.TryGetValue(key, out (string Since, string Instead) by) ? $"deprecated since {by.Since}; use \"{by.Instead}\" instead" : null;

    public static IEnumerable<string> InSelector(JsonObject? selector, string path) =>
        (selector ?? []).SelectMany(l => Deprecated(l.Key) is { } why ? (string[])[$"{path}[{l.Key}]: {why}"] : []);

    /// <param name="checksValues">Where validation leaves them alone: of what is merely preferred.</param>
    public static IEnumerable<string> InTerm(JsonObject term, string path, bool checksValues = false) => term.Items("matchExpressions").SelectMany((e, i) => (string[])
    [
        .. Deprecated(e.Text("key")) is { } why ? (string[])[$"{path}.matchExpressions[{i}].key: {e.Text("key")} is {why}"] : [],
        .. checksValues ? e.Texts("values").SelectMany((v, j) => Names.CheckLabelValue(v).Select(f => $"{path}.matchExpressions[{i}].values[{j}]: {v} is invalid, {f}")) : [],
    ]);
}
