using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;

namespace Orrery.Controllers.Tests.Road;

/// <summary>The API of a data plane, reached through the control plane: for operators who may, with what the satellite may.</summary>
public sealed class DataPlaneProxyRoadTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task Proxy_AnyVerbWatchAndError_IsThatOfTheDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        using KubeClient through = Through(fleet, "pa2-par", UserGroups.Masters);

        // 1. Writes with a body, and reads; only the one data plane is asked.
        await through.CreateAsync(ConfigMaps, "default", Named("a"), default);
        KubeObject made = await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, "default", "a", default);
        KubeObject patched = await through.PatchAsync(ConfigMaps, "default", "a", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } }, default);
        Assert.Equal((made.Uid, "v"), (patched.Uid, patched.TextAt("data", "k")));
        Assert.Null(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(ConfigMaps, "default", "a", default));

        // 2. A watch comes as it happens.
        await using Stream watch = await through.OpenAsync("/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Db", default);
        using var lines = new StreamReader(watch);
        await fleet.DataPlanes["pa2-par"].Client.CreateAsync(ConfigMaps, "default", Named("b"), default);
        Assert.Equal("ADDED", JsonNode.Parse((await lines.ReadLineAsync())!)!["type"]!.GetValue<string>());

        // 3. A refusal is the data plane's own.
        StatusException missing = await Assert.ThrowsAsync<StatusException>(() => through.GetAsync(ConfigMaps, "default", "missing", default));
        Assert.Equal((404, "configmaps \"missing\" not found"), (missing.Code, missing.Message));
        await through.DeleteAsync(ConfigMaps, "default", "a", null, default);
        Assert.Null(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, "default", "a", default));
    }

    [Fact]
    public async Task Proxy_RightsInRoot_DecideByVerbAndName()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        await fleet.Root.ApplyAsync(CoreResources.ClusterRoles, "", "looker", Json("""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "looker"},
             "rules": [{"apiGroups": ["orrery.dev"], "resources": ["dataplanes/proxy"], "resourceNames": ["pa2-par"], "verbs": ["get"]}]}
            """), "test", true, default);
        await fleet.Root.ApplyAsync(CoreResources.ClusterRoleBindings, "", "looker", Json("""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "looker"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "looker"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "lookers"}]}
            """), "test", true, default);
        using KubeClient allowed = Through(fleet, "pa2-par", "lookers");
        using KubeClient elsewhere = Through(fleet, "ny8-nyc", "lookers");

        Assert.Equal("default", (await allowed.GetAsync(CoreResources.Namespaces, "", "default", default)).Name);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => allowed.CreateAsync(ConfigMaps, "default", Named("a"), default))).Code);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => elsewhere.GetAsync(CoreResources.Namespaces, "", "default", default))).Code);

        // A stream opens with a GET and is more than reading.
        HttpResponseMessage stream = await allowed.ForwardAsync(
            HttpMethod.Get, "/api/v1/namespaces/default/pods/x/exec?command=sh", [new("Connection", "Upgrade"), new("Upgrade", "websocket")], upgrade: true, default);
        Assert.Equal(403, (int)stream.StatusCode);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        ClientConfig config = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate("operator", ["lookers"], ClusterScope.Root));
        using var http = new HttpMessageInvoker(ClientHandler.Create(config));
        WebSocketException within = await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(
            new Uri($"wss://{config.Server.Authority}/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/api/v1/namespaces/default/pods/x/exec?command=sh"), http, default));
        Assert.Contains("403", within.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_WhoAsks_IsTheSatelliteWhateverTheClientSays()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        using KubeClient through = Through(fleet, "pa2-par", UserGroups.Masters);
        var review = new ByteArrayContent("""{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}"""u8.ToArray());

        HttpResponseMessage answer = await through.ForwardAsync(
            HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            [new("X-Remote-User", "mallory"), new("X-Remote-Group", "system:masters"), new("Content-Type", "application/json")], upgrade: false, default, review);
        JsonNode body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal("orrery-satellite", body["status"]!["userInfo"]!["username"]!.GetValue<string>());
    }

    [Fact]
    public async Task Proxy_SatelliteAway_IsA503ThatNamesTheDataPlane()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.StopSatelliteAsync("pa2-par");
        using KubeClient through = Through(fleet, "pa2-par", UserGroups.Masters);

        StatusException away = await Assert.ThrowsAsync<StatusException>(() => through.GetAsync(CoreResources.Namespaces, "", "default", default));
        Assert.Equal(503, away.Code);
        Assert.Contains("data plane \"pa2-par\", whose satellite", away.Message, StringComparison.Ordinal);
    }

    /// <summary>A client as any other, whose server is the data plane's address in the control plane.</summary>
    private static KubeClient Through(TestFleet fleet, string dataPlane, string group)
    {
        ClientConfig root = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate("operator", [group], ClusterScope.Root));
        return new KubeClient(root with { Server = new Uri(root.Server, $"/apis/orrery.dev/v1alpha1/dataplanes/{dataPlane}/proxy") });
    }

    private static JsonObject Named(string name) => Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
