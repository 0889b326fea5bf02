using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Tests.Tenants;

/// <summary>A namespace of a data plane with one pod in it that has no labels.</summary>
internal sealed record TrafficPlace(string Namespace, IReadOnlyDictionary<string, string> Labels, string PodAddress);

/// <summary>
/// Decides as a network that honours NetworkPolicies does (the field docs of networking.k8s.io/v1): a pod that no policy selects for a
/// direction is open in it, otherwise some rule of some policy must let the traffic through; both ends must agree.
/// </summary>
internal sealed class TrafficRules(IReadOnlyList<TrafficPlace> places, IReadOnlyList<JsonObject> policies)
{
    public bool Allows(string from, string to, string protocol = "TCP", int port = 8080)
    {
        TrafficPlace source = places.Single(p => p.Namespace == from), target = places.Single(p => p.Namespace == to);
        return Opens(source, "Egress", target, target.PodAddress, protocol, port) && Opens(target, "Ingress", source, source.PodAddress, protocol, port);
    }

    /// <summary>To an address outside the cluster.</summary>
    public bool AllowsOut(string from, string address) => Opens(places.Single(p => p.Namespace == from), "Egress", null, address, "TCP", 443);

    /// <summary>From an address outside the cluster.</summary>
    public bool AllowsIn(string address, string to) => Opens(places.Single(p => p.Namespace == to), "Ingress", null, address, "TCP", 8080);

    private bool Opens(TrafficPlace pod, string direction, TrafficPlace? other, string address, string protocol, int port)
    {
        JsonObject[] selecting = [.. policies.Where(p => p.Namespace == pod.Namespace && Matches(p["spec"]!["podSelector"]!.AsObject(), new Dictionary<string, string>())
            && p["spec"]!["policyTypes"]!.AsArray().Any(t => (string?)t == direction))];
        return selecting.Length == 0 || selecting.SelectMany(p => p["spec"]![direction.ToLowerInvariant()] as JsonArray ?? []).OfType<JsonObject>()
            .Any(rule => PortMatches(rule, protocol, port) && PeerMatches(rule, direction == "Egress" ? "to" : "from", pod, other, address));
    }

    private static bool PortMatches(JsonObject rule, string protocol, int port) => rule["ports"] is not JsonArray { Count: > 0 } ports
        || ports.OfType<JsonObject>().Any(p => ((string?)p["protocol"] ?? "TCP") == protocol && ((int?)p["port"] is null || (int?)p["port"] == port));

    private static bool PeerMatches(JsonObject rule, string member, TrafficPlace pod, TrafficPlace? other, string address) =>
        rule[member] is not JsonArray { Count: > 0 } peers || peers.OfType<JsonObject>().Any(peer =>
            peer["ipBlock"] is JsonObject block
                ? In((string)block["cidr"]!, address) && !(block["except"] as JsonArray ?? []).Any(e => In((string)e!, address))
                : other is not null
                    && (peer["namespaceSelector"] is JsonObject namespaces ? Matches(namespaces, other.Labels) : other.Namespace == pod.Namespace)
                    && (peer["podSelector"] is not JsonObject pods || Matches(pods, new Dictionary<string, string>())));

    private static bool In(string cidr, string address) => IPNetwork.Parse(cidr) is var network && IPAddress.Parse(address) is var ip
        && network.BaseAddress.AddressFamily == ip.AddressFamily && network.Contains(ip);

    private static bool Matches(JsonObject selector, IReadOnlyDictionary<string, string> labels) => LabelSelector.FromJson(selector).Matches(labels);
}
