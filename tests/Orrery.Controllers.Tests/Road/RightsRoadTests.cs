using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>
/// A satellite in a cluster whose owner takes rights away from it, one after the other: what it then cannot do is said, with the right that is missing, nothing else
/// suffers, and what was held up is done once the right is back.
/// </summary>
public sealed class RightsRoadTests
{
    private const string Mapped = "acme-shop-default";
    private const string Write = "get list watch create patch delete";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    /// <summary>As the manifest of a satellite grants them, as far as they are used here.</summary>
    private static readonly (string Group, string Resources, string Verbs)[] All =
    [
        ("", "configmaps", Write + " update"), ("", "secrets", Write + " update"), ("", "services serviceaccounts pods persistentvolumeclaims", Write), ("apps", "*", Write), ("batch", "*", Write),
        ("autoscaling", "*", Write), ("policy", "*", Write), ("networking.k8s.io", "*", Write), ("", "namespaces", Write), ("", "nodes", "list watch patch"),
        ("", "resourcequotas limitranges", "list watch create patch delete"), ("", "events", "list watch create patch"), ("discovery.k8s.io", "endpointslices", "list watch"), ("", "pods/log", "get"),
    ];

    [Fact]
    public async Task RightTakenAway_IsNamedWhereItIsMissed_AndNothingElseSuffers()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")]);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new TestKubelet("log")] });
        await GrantAsync(cluster.Admin, All);
        await cluster.Admin.ApplyAsync(CoreResources.ClusterRoleBindings, "", "satellite", Json("""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "satellite"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "satellite"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "orrery-satellite"}]}
            """), "test", true, default);
        using var stop = new CancellationTokenSource();
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "theirs"}, "spec": {} }"""), default);
        Task satellite = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "theirs",
            ControlPlane = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("theirs"), [OrreryNames.SatelliteGroup], ClusterScope.Root)),
            Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [], ClusterScope.Root)),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
        }).RunAsync(stop.Token);
        try
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
            KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "theirs");
            await MakeAsync(shop, ConfigMaps, "first");
            await ThereAsync(cluster.Admin, ConfigMaps, "first");

            // 1. To make an object, to change it, and to delete it.
            await GrantAsync(cluster.Admin, Without("secrets", "create patch"));
            await MakeAsync(shop, Secrets, "key");
            await RefusedAsync(fleet, "key", "Forbidden", "secrets \"key\" is forbidden: User \"orrery-satellite\" cannot patch resource \"secrets\"");
            await MakeAsync(shop, ConfigMaps, "beside-secrets");
            await ThereAsync(cluster.Admin, ConfigMaps, "beside-secrets");
            await GrantAsync(cluster.Admin, All);
            await ThereAsync(cluster.Admin, Secrets, "key");

            await GrantAsync(cluster.Admin, Without("configmaps", "delete"));
            await shop.DeleteAsync(ConfigMaps, "default", "beside-secrets", null, default);
            await MakeAsync(shop, Secrets, "beside-deletion");
            await ThereAsync(cluster.Admin, Secrets, "beside-deletion");
            Assert.NotNull(await cluster.Admin.FindAsync(ConfigMaps, Mapped, "beside-secrets", default));
            await Eventually.TrueAsync(
                async () => (await cluster.Admin.ListAsync(CoreResources.Events, Mapped, null, default)).Items.Any(e => e.TextAt("reason") == "RemovalRefused"
                    && e.TextAt("involvedObject", "name") == "beside-secrets" && e.TextAt("message")!.Contains("cannot delete resource \"configmaps\"", StringComparison.Ordinal)),
                "that it cannot be deleted is said",
                TimeSpan.FromSeconds(30));
            await GrantAsync(cluster.Admin, All);
            await Eventually.TrueAsync(async () => await cluster.Admin.FindAsync(ConfigMaps, Mapped, "beside-secrets", default) is null, "it is deleted after all", TimeSpan.FromSeconds(60));

            // 2. To make namespaces.
            await GrantAsync(cluster.Admin, Without("namespaces", "create"));
            await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "back"} }"""), default);
            await shop.CreateAsync(ConfigMaps, "back", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "in-back"} }"""), default);
            await RefusedAsync(fleet, "in-back", "Forbidden", "cannot create resource \"namespaces\"");
            await MakeAsync(shop, ConfigMaps, "beside-namespaces");
            await ThereAsync(cluster.Admin, ConfigMaps, "beside-namespaces");
            await GrantAsync(cluster.Admin, All);
            await Eventually.SomeAsync(() => cluster.Admin.FindAsync(ConfigMaps, "acme-shop-back", "in-back", default), "its namespace is made after all", TimeSpan.FromSeconds(60));

            // 3. Logs: who asks is told, by the name of the data plane.
            await cluster.Admin.CreateAsync(CoreResources.Pods, Mapped, Json("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }"""), default);
            await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.theirs", default), "mirrored pod", TimeSpan.FromSeconds(30));
            await GrantAsync(cluster.Admin, Without("pods/log", "get"));
            StatusException log = await Assert.ThrowsAsync<StatusException>(() => shop.GetTextAsync("/api/v1/namespaces/default/pods/web-1.theirs/log", default));
            Assert.Equal((403, "pods \"web-1.theirs\" is forbidden: data plane \"theirs\" does not let its satellite use pods/log"), (log.Code, log.Message));

            // 4. To look at what is reported: what was told before stays, all else goes on.
            await GrantAsync(cluster.Admin, Without("events", "list watch"));
            await MakeAsync(shop, ConfigMaps, "beside-events");
            await ThereAsync(cluster.Admin, ConfigMaps, "beside-events");
            Assert.NotNull(await shop.FindAsync(CoreResources.Pods, "default", "web-1.theirs", default));
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
        }
        finally
        {
            await stop.CancelAsync();
            await satellite;
        }
    }

    private static (string, string, string)[] Without(string resource, string verbs) =>
        [.. All.Select(r => r.Resources == resource ? (r.Group, r.Resources, string.Join(' ', r.Verbs.Split(' ').Except(verbs.Split(' ')))) : r).Where(r => r.Item3.Length > 0)];

    private static Task GrantAsync(KubeClient cluster, (string Group, string Resources, string Verbs)[] rights) => cluster.ApplyAsync(
        CoreResources.ClusterRoles, "", "satellite",
        new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRole",
            ["metadata"] = new JsonObject { ["name"] = "satellite" },
            ["rules"] = new JsonArray([.. rights.Select(r => (JsonNode)new JsonObject { ["apiGroups"] = new JsonArray(r.Group), ["resources"] = List(r.Resources), ["verbs"] = List(r.Verbs) })]),
        },
        "test", true, default);

    private static JsonArray List(string words) => new([.. words.Split(' ').Select(w => (JsonNode)w)]);

    private static Task MakeAsync(KubeClient shop, GroupVersionResource resource, string name) => shop.CreateAsync(
        resource, "default", Json($$"""{"apiVersion": "v1", "kind": "{{(resource == Secrets ? "Secret" : "ConfigMap")}}", "metadata": {"name": "{{name}}"} }"""), default);

    private static Task ThereAsync(KubeClient cluster, GroupVersionResource resource, string name) =>
        Eventually.SomeAsync(() => cluster.FindAsync(resource, Mapped, name, default), $"{name} is applied", TimeSpan.FromSeconds(60));

    private static Task RefusedAsync(TestFleet fleet, string source, string reason, string message) => Eventually.TrueAsync(
        async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-theirs", null, default)).Items.Any(w =>
            w.TextAt("spec", "source", "name") == source && Conditions.Find(w, "Applied") is { Status: "False" } applied && applied.Reason == reason && applied.Message.Contains(message, StringComparison.Ordinal)),
        $"{source}: {reason}",
        TimeSpan.FromSeconds(30));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
