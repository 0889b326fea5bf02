using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Clusters;

/// <summary>
/// The Service <c>kubernetes</c> in <c>default</c> and where it leads: what clients take for granted in every cluster. Upstream:
/// <c>pkg/controlplane/controller/kubernetesservice</c> and <c>pkg/controlplane/reconcilers</c>.
/// </summary>
internal static class OwnServiceObjects
{
    public const string Name = "kubernetes";
    public const string Namespace = "default";

    /// <summary>The ends of their keys in any cluster.</summary>
    public const string KeySuffix = $"{Namespace}/{Name}";

    public static readonly GroupResource Services = new("", "services");
    public static readonly GroupResource Endpoints = new("", "endpoints");
    public static readonly GroupResource Slices = new("discovery.k8s.io", "endpointslices");
    public static readonly GroupResource Ranges = new("networking.k8s.io", "servicecidrs");
    public static readonly GroupResource Addresses = new("networking.k8s.io", "ipaddresses");

    /// <summary>Complete, but for what tells one cluster's from another's.</summary>
    /// <param name="range">Of which the Service has the first address, as clients expect.</param>
    /// <param name="host">
    /// Address or name at which clients reach the server. A name has a slice alone, as Endpoints hold addresses. No endpoint may be the machine of whoever asks: what is reached there
    /// alone has none, as upstream.
    /// </param>
    /// <param name="port">Of <paramref name="host"/>.</param>
    public static IReadOnlyDictionary<GroupResource, JsonObject> Make(ServiceRange range, string host, int port)
    {
        var objects = new Dictionary<GroupResource, JsonObject> { [Services] = Service(range, port) };
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            if (!IPAddress.IsLoopback(address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            {
                objects[Endpoints] = Endpoint(address, port);
                objects[Slices] = Slice(address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4", address.ToString(), port);
            }
        }
        else if (host != "localhost")
        {
            objects[Slices] = Slice("FQDN", host, port);
        }

        return objects;
    }

    /// <summary>What says where its address, and those of all other Services, are taken from.</summary>
    public static IReadOnlyDictionary<GroupResource, JsonObject> MakeAddressing(IReadOnlyList<ServiceRange> ranges) => new Dictionary<GroupResource, JsonObject>
    {
        [Ranges] = ServiceRanges.Default(ranges),
        [Addresses] = AddressRecords.Make(ranges[0].First, Namespace, Name),
    };

    private static JsonObject Service(ServiceRange range, int port) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = Metadata(("component", "apiserver"), ("provider", "kubernetes")),
        ["spec"] = new JsonObject
        {
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["protocol"] = "TCP", ["port"] = 443, ["targetPort"] = port }),
            ["clusterIP"] = range.First,
            ["clusterIPs"] = new JsonArray(range.First),
            ["type"] = "ClusterIP",
            ["sessionAffinity"] = "None",
            ["ipFamilies"] = new JsonArray(range.Family),
            ["ipFamilyPolicy"] = "SingleStack",
            ["internalTrafficPolicy"] = "Cluster",
        },
        ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
    };

    private static JsonObject Endpoint(IPAddress address, int port) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Endpoints",
        ["metadata"] = Metadata(("endpointslice.kubernetes.io/skip-mirror", "true")),
        ["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address.ToString() }),
            ["ports"] = Ports(port),
        }),
    };

    private static JsonObject Slice(string type, string address, int port)
    {
        JsonObject metadata = Metadata(("kubernetes.io/service-name", Name));
        metadata.Insert(2, "generation", 1);
        return new()
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = metadata,
            ["addressType"] = type,
            ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true } }),
            ["ports"] = Ports(port),
        };
    }

    private static JsonObject Metadata(params (string Key, string Value)[] labels) => new()
    {
        ["name"] = Name,
        ["namespace"] = Namespace,
        ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
    };

    private static JsonArray Ports(int port) => new(new JsonObject { ["name"] = "https", ["port"] = port, ["protocol"] = "TCP" });
}
