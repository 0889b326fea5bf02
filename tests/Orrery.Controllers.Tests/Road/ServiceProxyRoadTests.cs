using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>HTTP to pods and Services of a virtual cluster, wherever they run: <c>kubectl get --raw …/services/web:http/proxy/…</c>.</summary>
public sealed class ServiceProxyRoadTests
{
    private const string Base = "/api/v1/namespaces/default";
    private static readonly GroupVersionResource Services = new("", "v1", "services");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Proxy_ToAServiceAndToAPod_ReachesPodsOfEveryDataPlane()
    {
        var kubelet = new TestKubelet("proxy");
        await using TestFleet fleet = await TestFleet.StartAsync([kubelet], "pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par", "ny8-nyc");
        await shop.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}"""), default);
        foreach ((string name, TestDataPlane plane) in fleet.DataPlanes)
        {
            await Eventually.SomeAsync(() => plane.Client.FindAsync(ConfigMaps, "acme-shop-default", "settings", default), "the mapped namespace in " + name);
            await PodAsync(plane.Client, "web-1", "True");
            await PodAsync(plane.Client, "web-2", "False");
        }

        await shop.CreateAsync(Services, "default", Json("""
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
             "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}, {"name": "admin", "port": 81, "targetPort": 9000}]}}
            """), default);
        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items.Count(p => Conditions.IsTrue(p, "Ready")) == 2, "ready pods are mirrored");

        // 1. A Service: its ready pods in turn, the port by name, number and named target.
        HashSet<string> asked = [];
        for (int i = 0; i < 4; i++)
        {
            asked.Add(await shop.GetTextAsync($"{Base}/services/web:http/proxy/cart/items?id=1&q=a%20b", default));
        }

        Assert.Equal(["GET acme-shop-default/web-1:8080/cart/items?id=1&q=a%20b \n"], asked);
        Assert.Equal("GET acme-shop-default/web-1:9000/ \n", await shop.GetTextAsync($"{Base}/services/web:81/proxy/", default));
        Assert.Equal("GET acme-shop-default/https:web-1:9000/x \n", await shop.GetTextAsync($"{Base}/services/https:web:admin/proxy/x", default));
        Assert.Equal((503, "no service port \"nope\" found for service \"web\""), await RefusedAsync(shop, $"{Base}/services/web:nope/proxy/"));

        // 2. A pod, with method, body, status and headers both ways; not the user's credential.
        using var user = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.AdminToken(TestFleet.Shop), cluster: TestFleet.Shop));
        using HttpResponseMessage answer = await user.ForwardAsync(
            HttpMethod.Put, $"{Base}/pods/web-2.ny8-nyc:8080/proxy/order", [new("X-Said", "by the client"), new("Cookie", "secret")], upgrade: false, default, new ByteArrayContent(Encoding.ASCII.GetBytes("n=1")));
        Assert.Equal("PUT acme-shop-default/web-2:8080/order n=1\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal((207, "of the pod", "by the client"), ((int)answer.StatusCode, answer.Headers.GetValues("X-Answer").Single(), kubelet.Headers["X-Said"]));
        Assert.False(kubelet.Headers.ContainsKey("Authorization") || kubelet.Headers.ContainsKey("Cookie"));

        // A client that the Service is to know again is sent to the same pod each time.
        await ReadyAsync(fleet, shop, "web-2");
        await shop.PatchAsync(Services, "default", "web", PatchKind.Merge, Json("""{"spec": {"sessionAffinity": "ClientIP"} }"""), default);
        HashSet<string> same = [];
        for (int i = 0; i < 8; i++)
        {
            same.Add(await shop.GetTextAsync($"{Base}/services/web:admin/proxy/", default));
        }

        Assert.Single(same);
        await shop.PatchAsync(Services, "default", "web", PatchKind.Merge, Json("""{"spec": {"sessionAffinity": "None"} }"""), default);
        for (int i = 0; i < 8; i++)
        {
            same.Add(await shop.GetTextAsync($"{Base}/services/web:admin/proxy/", default));
        }

        Assert.Equal(2, same.Count);

        // What speaks another protocol than HTTP is passed on as it comes.
        foreach ((string target, int version) in from t in (string[])["pods/web-1.pa2-par:8080", "services/web:http"] from v in (int[])[1, 2] select (t, v))
        {
            using ClientWebSocket socket = await DialAsync(fleet, $"{Base}/{target}/proxy/live", version);
            await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, default);
            byte[] echo = new byte[16];
            WebSocketReceiveResult got = await socket.ReceiveAsync(echo, default);
            Assert.Equal(("hello", "chat.example.test"), (Encoding.UTF8.GetString(echo, 0, got.Count), socket.SubProtocol));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }

        // 3. RBAC of the virtual cluster decides; nothing is selected, nothing is found.
        using var jane = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.Token("jane", [], TestFleet.Shop), cluster: TestFleet.Shop));
        Assert.Equal(403, (await RefusedAsync(jane, $"{Base}/services/web:http/proxy/")).Code);
        await shop.CreateAsync(Services, "default", Json("""{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}, "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}}"""), default);
        Assert.Equal((503, "no endpoints available for service \"empty\""), await RefusedAsync(shop, $"{Base}/services/empty/proxy/"));
    }

    private static async Task ReadyAsync(TestFleet fleet, KubeClient shop, string pod)
    {
        foreach (TestDataPlane plane in fleet.DataPlanes.Values)
        {
            await plane.Client.PatchAsync(
                CoreResources.Pods, "acme-shop-default", pod, PatchKind.Merge, Json("""{"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}]} }"""), default, "status");
        }

        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Pods, "default", new ListQuery { LabelSelector = "app=web" }, default)).Items.Count(p => Conditions.IsTrue(p, "Ready")) == 4, "all are ready");
    }

    private static async Task<ClientWebSocket> DialAsync(TestFleet fleet, string path, int version)
    {
        string token = fleet.ControlPlane.AdminToken(TestFleet.Shop);
        ClientConfig config = fleet.ControlPlane.Config(token: token, cluster: TestFleet.Shop);
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol("chat.example.test");
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        using var http = new HttpMessageInvoker(ClientHandler.Create(config), disposeHandler: false);
        await socket.ConnectAsync(new Uri("wss://" + config.Server.Authority + config.Server.AbsolutePath.TrimEnd('/') + path), http, default);
        return socket;
    }

    private static async Task PodAsync(KubeClient plane, string name, string ready)
    {
        await plane.CreateAsync(CoreResources.Pods, "acme-shop-default", Json($$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "labels": {"app": "web"} },
             "spec": {"containers": [{"name": "c", "image": "example.test/web:1", "ports": [{"name": "web", "containerPort": 8080}]}]} }
            """), default);
        await plane.PatchAsync(
            CoreResources.Pods, "acme-shop-default", name, PatchKind.Merge,
            Json($$"""{"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "{{ready}}", "lastTransitionTime": "2026-01-02T03:04:05Z"}]} }"""), default, "status");
    }

    private static async Task<(int Code, string Message)> RefusedAsync(KubeClient client, string path)
    {
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => client.GetTextAsync(path, default));
        return (refused.Code, refused.Message);
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
