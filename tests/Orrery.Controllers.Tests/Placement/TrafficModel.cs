using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Tests.Placement;

/// <summary>A pod and the labels of its namespace, as a network plug-in sees them.</summary>
internal sealed record TrafficEnd(string Namespace, IReadOnlyDictionary<string, string> NamespaceLabels, IReadOnlyDictionary<string, string> PodLabels);

/// <summary>What one network policy lets through by itself, by the documented rules: the judge of what its mapping must keep. Addresses are left out.</summary>
internal static class TrafficModel
{
    /// <param name="direction"><c>ingress</c> or <c>egress</c>.</param>
    /// <param name="at">The pod that the policy may select.</param>
    /// <returns>Null when the policy does not select the pod in that direction.</returns>
    public static bool? Allows(JsonObject policy, string direction, TrafficEnd at, TrafficEnd other, int port)
    {
        JsonObject spec = policy["spec"]!.AsObject();
        if (at.Namespace != policy.Namespace || !LabelSelector.FromJson(spec["podSelector"] as JsonObject ?? []).Matches(at.PodLabels)
            || (spec["policyTypes"] is JsonArray types && !types.Any(t => ((string)t!).Equals(direction, StringComparison.OrdinalIgnoreCase))))
        {
            return null;
        }

        return Objects(spec[direction]).Any(rule => OnPort(rule, port) && Reaches(rule[direction == "ingress" ? "from" : "to"], at, other));
    }

    private static bool Reaches(JsonNode? peers, TrafficEnd at, TrafficEnd other) =>
        peers is not JsonArray { Count: > 0 } list || list.OfType<JsonObject>().Any(p => IsPeer(p, at, other));

    private static bool IsPeer(JsonObject peer, TrafficEnd at, TrafficEnd other)
    {
        if (peer["ipBlock"] is not null)
        {
            return false;
        }

        bool inNamespace = peer["namespaceSelector"] is JsonObject namespaces ? LabelSelector.FromJson(namespaces).Matches(other.NamespaceLabels) : other.Namespace == at.Namespace;
        return inNamespace && (peer["podSelector"] is not JsonObject pods || LabelSelector.FromJson(pods).Matches(other.PodLabels));
    }

    private static bool OnPort(JsonObject rule, int port) =>
        rule["ports"] is not JsonArray { Count: > 0 } ports || ports.OfType<JsonObject>().Any(p => p["port"] is not { } number || (int)number == port);

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => list is JsonArray items ? items.OfType<JsonObject>() : [];
}
