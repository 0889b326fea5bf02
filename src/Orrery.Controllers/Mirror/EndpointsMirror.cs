using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>The Endpoints object of a Service in a virtual cluster: what its slices of all data planes say, for clients that know no slices. Pure.</summary>
internal static class EndpointsMirror
{
    /// <summary>Addresses that one object holds; what is beyond is left out and said so, as upstream.</summary>
    private const int Most = 1000;

    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>Label of those that are made here.</summary>
    public const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    /// <param name="slices">Those of the Service, as they stand in the virtual cluster.</param>
    public static JsonObject Build(KubeObject service, IEnumerable<KubeObject> slices)
    {
        // 1. Addresses that share their ports are one subset; whoever is ready comes first where there is no room for all.
        Address[] all = [.. slices.SelectMany(AddressesOf).OrderByDescending(a => a.IsReady).ThenBy(a => a.Ip, StringComparer.Ordinal)];
        var subsets = new JsonArray();
        foreach (IGrouping<string, Address> subset in all.Take(Most).GroupBy(a => a.Ports).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var made = new JsonObject();
            Put(made, "addresses", subset.Where(a => a.IsReady));
            Put(made, "notReadyAddresses", subset.Where(a => !a.IsReady));
            if (JsonNode.Parse(subset.Key) is JsonArray { Count: > 0 } ports)
            {
                made["ports"] = ports;
            }

            subsets.Add((JsonNode)made);
        }

        // 2. Named and labelled as the Service, and gone with it.
        JsonObject labels = service.At("metadata", "labels") is { } own ? KubeJson.ToNode(own)!.AsObject() : [];
        labels[ManagedBy] = OrreryNames.Manager;
        JsonObject annotations = all.Length > Most ? new JsonObject { [OverCapacity] = "truncated" } : [];
        var metadata = new JsonObject { ["name"] = service.Name, ["namespace"] = service.Namespace, ["labels"] = labels, ["annotations"] = annotations };
        PodOwner.Put(metadata, service, new GroupKind("", "Service"));
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Endpoints", ["metadata"] = metadata, ["subsets"] = subsets };
    }

    private static void Put(JsonObject subset, string member, IEnumerable<Address> addresses)
    {
        JsonNode[] entries = [.. addresses.Select(a => (JsonNode)a.Entry)];
        if (entries.Length > 0)
        {
            subset[member] = new JsonArray(entries);
        }
    }

    private static IEnumerable<Address> AddressesOf(KubeObject slice)
    {
        string ports = PortsOf(slice).ToJsonString();
        foreach (JsonElement endpoint in Items(slice.At("endpoints")))
        {
            bool ready = !Is(endpoint, "ready", false);
            if (!ready && Is(endpoint, "terminating", true))
            {
                continue;
            }

            foreach (JsonElement ip in endpoint.TryGetProperty("addresses", out JsonElement addresses) ? Items(addresses) : [])
            {
                yield return new Address(ip.GetString() ?? "", ready, ports, Entry(endpoint, ip.GetString() ?? ""));
            }
        }
    }

    private static JsonObject Entry(JsonElement endpoint, string ip)
    {
        var entry = new JsonObject { ["ip"] = ip };
        foreach (string member in (ReadOnlySpan<string>)["hostname", "nodeName", "targetRef"])
        {
            if (endpoint.TryGetProperty(member, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                entry[member] = KubeJson.ToNode(value);
            }
        }

        return entry;
    }

    /// <summary>A port that a slice leaves open is one that no Endpoints can say.</summary>
    private static JsonArray PortsOf(KubeObject slice)
    {
        var ports = new JsonArray();
        foreach (JsonElement port in Items(slice.At("ports")).Where(p => p.TryGetProperty("port", out JsonElement number) && number.ValueKind == JsonValueKind.Number))
        {
            var made = new JsonObject();
            foreach (string member in (ReadOnlySpan<string>)["name", "port", "protocol", "appProtocol"])
            {
                if (port.TryGetProperty(member, out JsonElement value) && value.ValueKind != JsonValueKind.Null && value.GetRawText() != "\"\"")
                {
                    made[member] = KubeJson.ToNode(value);
                }
            }

            ports.Add((JsonNode)made);
        }

        return ports;
    }

    private static bool Is(JsonElement endpoint, string condition, bool value) =>
        endpoint.TryGetProperty("conditions", out JsonElement conditions) && conditions.TryGetProperty(condition, out JsonElement found)
        && found.ValueKind == (value ? JsonValueKind.True : JsonValueKind.False);

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    private sealed record Address(string Ip, bool IsReady, string Ports, JsonObject Entry);
}
