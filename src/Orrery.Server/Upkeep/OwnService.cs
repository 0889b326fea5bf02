using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Keeps the Service <c>kubernetes</c> in root's <c>default</c>, and its endpoints, pointing at this server. Upstream:
/// <c>pkg/controlplane/controller/kubernetesservice</c>.
/// </summary>
internal sealed class OwnService(ObjectStore objects, Writer writer, ServiceRange range)
{
    private const string Name = "kubernetes";
    private const string Namespace = "default";
    private const string Manager = "kube-apiserver";

    private static readonly ResourceDefinition Services = BuiltinResources.Instance.Require("", "v1", "services");
    private static readonly ResourceDefinition Endpoints = BuiltinResources.Instance.Require("", "v1", "endpoints");
    private static readonly ResourceDefinition Slices = BuiltinResources.Instance.Require("discovery.k8s.io", "v1", "endpointslices");

    /// <param name="address">Where clients within the cluster reach this server.</param>
    public async ValueTask EnsureAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        // 1. The Service. Its address is the first of the range, as clients expect.
        await EnsureAsync(Services, Service(port), json => ((JsonObject)json["spec"]!["ports"]![0]!)["targetPort"] = port, cancellationToken);

        // 2. Where it leads. No endpoint may be the machine of whoever asks: one that listens there alone has none, as upstream.
        if (IPAddress.IsLoopback(address))
        {
            return;
        }

        await EnsureAsync(Endpoints, Endpoint(address, port), json => json["subsets"] = Endpoint(address, port)["subsets"]!.DeepClone(), cancellationToken);
        await EnsureAsync(Slices, Slice(address, port), json =>
        {
            json["endpoints"] = Slice(address, port)["endpoints"]!.DeepClone();
            json["ports"] = Slice(address, port)["ports"]!.DeepClone();
        }, cancellationToken);
    }

    private async ValueTask EnsureAsync(ResourceDefinition resource, JsonObject wanted, Action<JsonObject> correct, CancellationToken cancellationToken)
    {
        if (objects.Exists(resource, ClusterName.Root, Namespace, Name))
        {
            await writer.UpdateAsync(resource, ClusterName.Root, Namespace, Name, "", Manager, correct, cancellationToken);
        }
        else
        {
            await writer.EnsureAsync(objects, resource, ClusterName.Root, Namespace, wanted, Manager, cancellationToken);
        }
    }

    private JsonObject Service(int port) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = range.First,
            ["type"] = "ClusterIP",
            ["sessionAffinity"] = "None",
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["protocol"] = "TCP", ["port"] = 443, ["targetPort"] = port }),
        },
    };

    private static JsonObject Endpoint(IPAddress address, int port) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } },
        ["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address.ToString() }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = port, ["protocol"] = "TCP" }),
        }),
    };

    private static JsonObject Slice(IPAddress address, int port) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = Name } },
        ["addressType"] = address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true },
        }),
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = port, ["protocol"] = "TCP" }),
    };
}
