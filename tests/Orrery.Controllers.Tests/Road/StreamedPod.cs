using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A pod of acme/shop that runs in pa2-par, what is asked of it, and by whom.</summary>
internal static class StreamedPod
{
    /// <summary>In the virtual cluster.</summary>
    public const string Path = "/api/v1/namespaces/default/pods/web-1.pa2-par";

    /// <summary>Its namespace in the data plane.</summary>
    public const string Mapped = "acme-shop-default";

    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private static readonly KeyValuePair<string, string>[] Upgrade =
    [
        new("Connection", "Upgrade"), new("Upgrade", "websocket"), new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        new("Sec-WebSocket-Protocol", "v5.channel.k8s.io"),
    ];

    /// <summary>Makes the virtual cluster, and the pod in its data plane.</summary>
    /// <returns>The virtual cluster's administrator.</returns>
    public static async Task<KubeClient> OpenAsync(TestFleet fleet)
    {
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient plane = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}"""), default);
        await Eventually.SomeAsync(() => plane.FindAsync(ConfigMaps, Mapped, "settings", default), "the mapped namespace");
        await plane.CreateAsync(CoreResources.Pods, Mapped, Json("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]}}
            """), default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default), "mirrored pod");
        return shop;
    }

    /// <summary>Asks for a subresource of the pod, as a client of the newest protocol does.</summary>
    public static Task<HttpResponseMessage> AskAsync(KubeClient client, HttpMethod method, string subresourceAndQuery)
    {
        bool stream = subresourceAndQuery.Split('?')[0] is "exec" or "attach" or "portforward";
        return client.ForwardAsync(method, $"{Path}/{subresourceAndQuery}", stream ? Upgrade : [], stream, default);
    }

    /// <summary>Opens a stream into the pod with a bearer token.</summary>
    /// <param name="version">Of HTTP: 1 opens a connection for it, 2 has it within one.</param>
    /// <exception cref="WebSocketException">Refused; the status is in the message.</exception>
    public static async Task<ClientWebSocket> DialAsync(TestFleet fleet, string token, string subresourceAndQuery = "exec?command=cat&stdin=true", int version = 1)
    {
        ClientConfig config = fleet.ControlPlane.Config(token: token, cluster: TestFleet.Shop);
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol("v5.channel.k8s.io");
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        using var http = new HttpMessageInvoker(ClientHandler.Create(config), disposeHandler: false);
        var address = new Uri($"wss://{config.Server.Authority}{config.Server.AbsolutePath.TrimEnd('/')}{Path}/{subresourceAndQuery}");
        try
        {
            await socket.ConnectAsync(address, http, default);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Gives a user of the virtual cluster exactly these rights.</summary>
    public static Task GrantAsync(KubeClient shop, string rules, string user = "jane") => Task.WhenAll(
        shop.ApplyAsync(CoreResources.ClusterRoles, "", "reader", Json($$"""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": {{rules}} }
            """), "test", true, default),
        shop.ApplyAsync(CoreResources.ClusterRoleBindings, "", "reader", Json($$"""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "reader"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "{{user}}"}]}
            """), "test", true, default));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
