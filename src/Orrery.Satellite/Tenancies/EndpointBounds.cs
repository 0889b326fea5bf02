using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>
/// Where a tenant's own Endpoints and EndpointSlices may lead: where its network is held apart, to what is outside the cluster alone. Its pods are held to that by their policies; whoever else goes by
/// a Service, an ingress controller above all, is not, and would be led to any pod or node (CVE-2021-25740). Pure.
/// </summary>
internal static class EndpointBounds
{
    /// <returns>What it may not; null when it may all, and for any other kind.</returns>
    public static string? Hold(JsonObject manifest, Tenancy tenancy)
    {
        if (!tenancy.IsolatesNetwork)
        {
            return null;
        }

        IEnumerable<JsonNode?> addresses = manifest.GroupVersionKind switch
        {
            { Group: "", Kind: "Endpoints" } => Objects(manifest["subsets"]).SelectMany(s => Objects(s["addresses"]).Concat(Objects(s["notReadyAddresses"]))).Select(a => a["ip"]),
            { Group: "discovery.k8s.io", Kind: "EndpointSlice" } => Objects(manifest["endpoints"]).SelectMany(e => e["addresses"] as JsonArray ?? []),
            _ => [],
        };
        return addresses.Select(a => (string?)a ?? "").FirstOrDefault(a => !TrafficBounds.IsOutside(a)) is { } inside
            ? $"address \"{inside}\" is not outside the cluster, where alone the tenant's Services may lead by themselves"
            : null;
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();
}
