using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.KubeApiServer.Proxies;
using Orrery.Server;
using Orrery.Testing;

namespace Orrery.Tests.KubeApiServer;

/// <summary>A server with both proxies, and objects that lead to a listener of the test.</summary>
internal static class ProxiedPods
{
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");
    private static readonly GroupVersionResource Services = new("", "v1", "services");
    private static readonly GroupVersionResource Slices = new("discovery.k8s.io", "v1", "endpointslices");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<TestServer> StartAsync(AddressForwarder forwarder, Func<ApiServerOptions, ApiServerOptions>? configure = null) => TestServer.StartAsync(
        new TestServerOptions { SubresourceHandlers = [new PodAddressProxy(forwarder), new ServiceAddressProxy(forwarder)], Configure = configure ?? (o => o) }, Token);

    public static async Task PodAsync(TestServer server, string name, string address, int port)
    {
        await server.Admin.CreateAsync(Pods, "default", Json("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":" + port + "}]}]}}"), Token);
        if (address.Length > 0)
        {
            // As a kubelet says it.
            JsonObject status = Json("{\"status\":{\"podIP\":\"" + address + "\",\"podIPs\":[{\"ip\":\"" + address + "\"}]}}");
            await server.Admin.PatchAsync(Pods, "default", name, PatchKind.Merge, status, Token, "status");
        }
    }

    public static async Task ServiceAsync(TestServer server, string name, string address, int port)
    {
        await server.Admin.CreateAsync(Services, "default", Json("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"ports\":[{\"name\":\"main\",\"port\":80}]}}"), Token);
        JsonObject slice = Json("{\"metadata\":{\"name\":\"" + name + "-1\",\"labels\":{\"kubernetes.io/service-name\":\"" + name + "\"}},\"addressType\":\"IPv4\"}");
        slice["ports"] = new JsonArray(new JsonObject { ["name"] = "main", ["port"] = port });
        slice["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = "default", ["name"] = name } });
        await server.Admin.CreateAsync(Slices, "default", slice, Token);
    }

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;
}
