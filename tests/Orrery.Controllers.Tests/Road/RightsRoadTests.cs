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
    private const string Lacks = "the cluster does not let the satellite everywhere: ";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    /// <summary>As the manifest of a satellite grants them.</summary>
    private static readonly AccessRight[] All = [.. SatelliteRights.Workloads, .. SatelliteRights.Pods, new("", ["configmaps", "secrets"], ["update"])];

    [Fact]
    public async Task RightTakenAway_IsNamedWhereItIsMissed_AndNothingElseSuffers()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("log")]);
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions { SubresourceHandlers = [new TestKubelet("log")] });
        SatelliteAgent agent = await JoinAsync(fleet, cluster, All);
        var stop = new CancellationTokenSource();
        Task satellite = agent.RunAsync(stop.Token);
        try
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
            await PermittedAsync(fleet, "True", "the satellite may do in the cluster all that it may need");
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
                TimeSpan.FromSeconds(60));
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
            await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.theirs", default), "mirrored pod", TimeSpan.FromSeconds(60));
            await GrantAsync(cluster.Admin, Without("pods/log", "get"));
            StatusException log = await Assert.ThrowsAsync<StatusException>(() => shop.GetTextAsync("/api/v1/namespaces/default/pods/web-1.theirs/log", default));
            Assert.Equal((403, "pods \"web-1.theirs\" is forbidden: data plane \"theirs\" does not let its satellite use pods/log"), (log.Code, log.Message));

            // 4. To look at what is reported: what was told before stays, all else goes on.
            await GrantAsync(cluster.Admin, Without("events", "list watch"));
            await MakeAsync(shop, ConfigMaps, "beside-events");
            await ThereAsync(cluster.Admin, ConfigMaps, "beside-events");
            Assert.NotNull(await shop.FindAsync(CoreResources.Pods, "default", "web-1.theirs", default));
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
            await PermittedAsync(fleet, "False", Lacks + "list, watch events");

            // 5. Machines: that none can be taken is said before any tenant has one.
            await GrantAsync(cluster.Admin, Without("nodes", "patch"));
            await PermittedAsync(fleet, "False", Lacks + "patch nodes");

            // 6. Namespaces: one that starts without them applies nothing and takes nothing for gone, and says so.
            await stop.CancelAsync();
            await satellite;
            stop.Dispose();
            await GrantAsync(cluster.Admin, Without("namespaces", "get list watch"));
            stop = new CancellationTokenSource();
            satellite = agent.RunAsync(stop.Token);
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "False");
            ConditionState degraded = Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "theirs", default), "Degraded")!;
            Assert.Equal(
                ("NamespacesForbidden", "nothing new is applied, as the namespaces cannot be read: namespaces is forbidden: User \"orrery-satellite\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope"),
                (degraded.Reason, degraded.Message));
            await PermittedAsync(fleet, "False", Lacks + "get, list, watch namespaces");
            await MakeAsync(shop, ConfigMaps, "unheard");
            await RefusedAsync(fleet, "unheard", "Forbidden", "cannot list resource \"namespaces\"");
            Assert.Null(await cluster.Admin.FindAsync(ConfigMaps, Mapped, "unheard", default));
            Assert.NotNull(await shop.FindAsync(CoreResources.Pods, "default", "web-1.theirs", default));
            await GrantAsync(cluster.Admin, All);
            await ThereAsync(cluster.Admin, ConfigMaps, "unheard");
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
            await PermittedAsync(fleet, "True", "the satellite may do in the cluster all that it may need");
        }
        finally
        {
            await stop.CancelAsync();
            await satellite;
            stop.Dispose();
        }
    }

    /// <summary>What becomes of a kind that it may write and not list it cannot see, nor when it is to go: it is not begun with, rather than taken for deleted by hand every five seconds.</summary>
    [Fact]
    public async Task KindThatMayNotBeListed_IsNotApplied_AndSeldomAskedFor_UntilItMay()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await using TestServer cluster = await TestServer.StartAsync(new TestServerOptions());
        var way = new RoughWay();
        SatelliteAgent agent = await JoinAsync(fleet, cluster, Without("secrets", "list watch"), way);
        using var stop = new CancellationTokenSource();
        Task satellite = agent.RunAsync(stop.Token);
        try
        {
            await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "theirs", "Ready", "True");
            KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "theirs");
            await MakeAsync(shop, Secrets, "key");
            await MakeAsync(shop, ConfigMaps, "beside");
            await ThereAsync(cluster.Admin, ConfigMaps, "beside");

            // 1. Said, by what is missing, and asked for ever less.
            await RefusedAsync(fleet, "key", "Forbidden", "what there is of its kind cannot be followed: secrets is forbidden: User \"orrery-satellite\" cannot list resource \"secrets\"");
            await PermittedAsync(fleet, "False", Lacks + "list, watch secrets");
            int Asked() => way.Asked.Count(a => a.Method == "GET" && a.Address.AbsolutePath == "/api/v1/secrets");
            long start = TimeProvider.System.GetTimestamp();
            way.Asked.Clear();
            var window = TimeSpan.FromSeconds(25);
            await Eventually.TrueAsync(() => TimeProvider.System.GetElapsedTime(start) > window && Asked() > 0, "half a minute passes, and it is asked for", TimeSpan.FromMinutes(3));
            Assert.InRange(Asked(), 1, 4 * (TimeProvider.System.GetElapsedTime(start) / window));
            Assert.DoesNotContain(way.Asked, a => a.Method == "PATCH" && a.Address.AbsolutePath.Contains("/secrets/", StringComparison.Ordinal));
            Assert.DoesNotContain((await cluster.Admin.ListAsync(CoreResources.Events, Mapped, null, default)).Items, e => e.TextAt("reason")!.StartsWith("Drift", StringComparison.Ordinal));

            // 2. As soon as it may.
            using var since = new SeenTime(TimeProvider.System);
            await GrantAsync(cluster.Admin, All);
            await ThereAsync(cluster.Admin, Secrets, "key");
            Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        }
        finally
        {
            await stop.CancelAsync();
            await satellite;
        }
    }

    /// <summary>A satellite of a data plane by that name, which has these rights in its cluster and no others.</summary>
    private static async Task<SatelliteAgent> JoinAsync(TestFleet fleet, TestServer cluster, AccessRight[] rights, RoughWay? way = null)
    {
        await GrantAsync(cluster.Admin, rights);
        await cluster.Admin.ApplyAsync(CoreResources.ClusterRoleBindings, "", "satellite", Json("""
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "satellite"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "satellite"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "orrery-satellite"}]}
            """), "test", true, default);
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "theirs"}, "spec": {} }"""), default);
        ClientConfig inside = cluster.Config(cluster.Certificate("orrery-satellite", [], ClusterScope.Root));
        return new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = "theirs",
            ControlPlane = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("theirs"), [OrreryNames.SatelliteGroup], ClusterScope.Root)),
            Cluster = way is null ? inside : inside with { Carrier = () => way.To(ClientHandler.Create(inside)) },
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            EmptyNamespaceGrace = TimeSpan.FromMilliseconds(300),
            Loggers = fleet.Loggers,
        });
    }

    private static AccessRight[] Without(string resource, string verbs) =>
    [
        .. All.Select(r => r.Group == "" ? r with { Resources = [.. r.Resources.Except([resource])] } : r).Where(r => r.Resources.Count > 0),
        .. All.Where(r => r.Group == "" && r.Resources.Contains(resource)).Select(r => new AccessRight(r.Group, [resource], [.. r.Verbs.Except(verbs.Split(' '))])).Where(r => r.Verbs.Count > 0),
    ];

    private static Task GrantAsync(KubeClient cluster, AccessRight[] rights) => cluster.ApplyAsync(
        CoreResources.ClusterRoles, "", "satellite",
        new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRole",
            ["metadata"] = new JsonObject { ["name"] = "satellite" },
            ["rules"] = new JsonArray([.. rights.Select(r => (JsonNode)new JsonObject { ["apiGroups"] = new JsonArray(r.Group), ["resources"] = List(r.Resources), ["verbs"] = List(r.Verbs) })]),
        },
        "test", true, default);

    private static Task PermittedAsync(TestFleet fleet, string status, string message) => Eventually.TrueAsync(
        async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "theirs", default), "Permitted") is { } permitted && permitted.Status == status && permitted.Message == message,
        $"Permitted={status}: {message}",
        TimeSpan.FromSeconds(60));

    private static JsonArray List(IEnumerable<string> words) => new([.. words.Select(w => (JsonNode)w)]);

    private static Task MakeAsync(KubeClient shop, GroupVersionResource resource, string name) => shop.CreateAsync(
        resource, "default", Json($$"""{"apiVersion": "v1", "kind": "{{(resource == Secrets ? "Secret" : "ConfigMap")}}", "metadata": {"name": "{{name}}"} }"""), default);

    private static Task ThereAsync(KubeClient cluster, GroupVersionResource resource, string name) =>
        Eventually.SomeAsync(() => cluster.FindAsync(resource, Mapped, name, default), $"{name} is applied", TimeSpan.FromSeconds(60));

    private static Task RefusedAsync(TestFleet fleet, string source, string reason, string message) => Eventually.TrueAsync(
        async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-theirs", null, default)).Items.Any(w =>
            w.TextAt("spec", "source", "name") == source && Conditions.Find(w, "Applied") is { Status: "False" } applied && applied.Reason == reason && applied.Message.Contains(message, StringComparison.Ordinal)),
        $"{source}: {reason}",
        TimeSpan.FromSeconds(60));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
