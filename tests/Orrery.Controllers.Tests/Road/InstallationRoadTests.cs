using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Installations;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.InstallationFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>From a release to objects in data planes and away again, through real servers and satellites.</summary>
public sealed class InstallationRoadTests
{
    [Fact]
    public async Task Installation_FromInstallToUninstall_IsWhereItsPlacementSays()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"), ConfigMap("old", "x"));

        // Something else has the name already that the Work of the settings usually gets.
        KubeObject shop = KubeObject.From(Json("""{"metadata": {"namespace": "acme", "name": "shop"} }"""));
        JsonObject settings = Json(ConfigMap("settings", "one"));
        settings.Metadata["namespace"] = Mapped;
        await fleet.Root.CreateAsync(OrreryResources.Works, "dp-pa2-par", Json($$$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work", "metadata": {"name": "{{{InstallationWorks.NameOf(shop, settings)}}}"},
             "spec": {"source": {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "namespace": "vendor", "name": "gone"},
                      "manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "vendor"} } } }
            """), default);
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par", "ny8-nyc"]}}""");
        await PhaseAsync(fleet, "Running");

        foreach (string plane in fleet.DataPlanes.Keys)
        {
            KubeObject made = await fleet.DataPlanes[plane].Client.GetAsync(ConfigMaps, Mapped, "settings", default);
            Assert.Equal("one", made.TextAt("data", "key"));
            Assert.Equal("acme", made.Labels[OrreryNames.TenantLabel]);
            Assert.Equal("shop", made.Labels[OrreryNames.InstallationLabel]);
        }

        Assert.NotNull(await fleet.Root.FindAsync(OrreryResources.Works, "dp-pa2-par", InstallationWorks.NameOf(shop, settings, isTaken: true), default));
        Assert.NotNull(await fleet.Root.FindAsync(OrreryResources.Works, "dp-ny8-nyc", InstallationWorks.NameOf(shop, settings), default));
        await fleet.Root.DeleteAsync(OrreryResources.Works, "dp-pa2-par", InstallationWorks.NameOf(shop, settings), null, default);

        // Another release: what it lacks goes, what it has anew comes.
        await ReleaseAsync(fleet, "shop-2", ConfigMap("settings", "two"), ConfigMap("new", "y"));
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        await InForceAsync(fleet, "shop-2");
        Assert.Equal("two", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "new", default));
        await GoneAsync(fleet, "pa2-par", "old");
        Assert.Equal(2, (await InstallationAsync(fleet)).At("status", "dataPlanes")!.Value[0].GetProperty("revision").GetInt32());

        // Elsewhere: it leaves one data plane and stays in the other.
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["pa2-par"]}}""");
        await GoneAsync(fleet, "ny8-nyc", "settings");
        await Eventually.TrueAsync(async () => (await InstallationAsync(fleet)).TextAt("status", "summary") == "1/1", "one data plane of one");

        // Gone: exactly its own.
        await fleet.DataPlanes["pa2-par"].Client.CreateAsync(ConfigMaps, "default", JsonNode.Parse(ConfigMap("bystander", "z"))!.AsObject(), default);
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default) is null, "the installation is gone", TimeSpan.FromSeconds(60));
        await GoneAsync(fleet, "pa2-par", "settings");
        await GoneAsync(fleet, "pa2-par", "new");
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, "default", "bystander", default));
        await Eventually.TrueAsync(async () => await fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "its namespace is gone", TimeSpan.FromSeconds(60));
        Assert.Empty((await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items);
    }

    /// <summary>Three tenants with two installations each and nothing to do: while data planes look at everything again and again, nobody writes or tells anything.</summary>
    [Fact]
    public async Task Installations_OfWhichAllIsInForce_CauseNoWritesAndNoEvents()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"));
        foreach (string tenant in (string[])["acme", "globex", "initech"])
        {
            if (tenant != "acme")
            {
                await fleet.Root.CreateAsync(OrreryResources.Tenants, "", new JsonObject { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "Tenant", ["metadata"] = new JsonObject { ["name"] = tenant } }, default);
                await fleet.ConditionAsync(OrreryResources.Tenants, "", tenant, "Ready", "True");
            }

            foreach (string name in (string[])["shop", "news"])
            {
                await fleet.Root.CreateAsync(OrreryResources.Installations, tenant, JsonNode.Parse($$"""
                    {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "metadata": {"name": "{{name}}"}, "spec": {"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par", "ny8-nyc"]} } }
                    """)!.AsObject(), default);
            }
        }

        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Installations, "", null, default)).Items.Count(i => i.TextAt("status", "phase") == "Running") == 6, "all run", TimeSpan.FromSeconds(60));

        // What a tenant uses is looked at twice a minute: where nothing is used that is written once, after its Tenancy is there.
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Tenancies, "", null, default)).Items is { Count: 6 } tenancies && tenancies.All(t => t.At("status", "usage") is not null), "it is told what each tenant uses", TimeSpan.FromMinutes(2));

        // What ends a busy time (a namespace that is counted, a condition that follows) is over once everything was looked at without a change; the next while tells. One in which a busy machine let
        // nothing be heard of a data plane tells nothing: that is written down, and told of all that runs there. Nor does one that follows it, before all is quiet again.
        KubeClient[] both = [fleet.Root, fleet.DataPlanes["pa2-par"].Client];
        string[] from = [.. await Task.WhenAll(both.Select(NowAsync))];
        bool isQuiet = false;
        await Eventually.TrueAsync(
            async () =>
            {
                (string End, IReadOnlyList<(string Change, bool OfADataPlane)>? Changes)[] seen = await Task.WhenAll(both.Select((cluster, i) => ChangesAsync(cluster, from[i])));
                from = [.. seen.Select(s => s.End)];
                IReadOnlyList<(string Change, bool OfADataPlane)>? changes = seen.Any(s => s.Changes is null) ? null : [.. seen.SelectMany(s => s.Changes!)];
                bool tells = isQuiet && changes is not null && !changes.Any(c => c.OfADataPlane);
                Assert.True(!tells || changes!.Count == 0, string.Join('\n', changes?.Select(c => c.Change) ?? []));
                isQuiet = changes?.Count == 0;
                return tells;
            },
            "two whiles in a row, the first without a change and the second without one of a data plane",
            TimeSpan.FromMinutes(5));
    }

    /// <summary>
    /// What is written in a cluster within a while from a revision on, to the revision at its end, from which the next goes on: nothing is between the two. Leases aside, by which processes say that they
    /// live, and what tenants use, which is written down every minute. Satellites look at everything every five seconds.
    /// </summary>
    /// <returns>Null changes where a busy machine did not look until the end.</returns>
    private static async Task<(string End, IReadOnlyList<(string Change, bool OfADataPlane)>? Changes)> ChangesAsync(KubeClient cluster, string from)
    {
        TimeSpan within = TimeSpan.FromSeconds(7), margin = TimeSpan.FromSeconds(3);
        var changes = new ConcurrentBag<(long Revision, string Change, bool OfADataPlane)>();
        Task[] watches = [.. (await new Resources(cluster).AllAsync(default)).Resources
            .Where(r => r.Verbs.Contains("watch") && r.Resource.Resource is not ("leases" or "tenantusages"))
            .Select(r => WatchAsync(r, new WatchQuery { ResourceVersion = from, Timeout = within + margin }))];
        await Task.Delay(within, TimeProvider.System);

        // A watch that outlasts it has told all that was written before.
        string end = await NowAsync(cluster);
        bool isWhole = !watches.Any(w => w.IsCompleted);
        await Task.WhenAll(watches);
        return (end, isWhole ? [.. changes.Where(c => c.Revision <= Revision(end)).OrderBy(c => c.Revision).Select(c => (c.Change, c.OfADataPlane))] : null);

        async Task WatchAsync(ApiResource resource, WatchQuery query)
        {
            await foreach (WatchEvent change in cluster.WatchAsync(resource.Resource, "", query, default))
            {
                if (change.Type != WatchEventType.Bookmark)
                {
                    changes.Add((
                        Revision(change.Object.ResourceVersion), $"{change.Object.ResourceVersion} {change.Type} {resource.Kind} {change.Object.Namespace}/{change.Object.Name}", resource.Kind == "DataPlane"));
                }
            }
        }
    }

    private static async Task<string> NowAsync(KubeClient cluster) => (await cluster.ListAsync(ConfigMaps, "default", null, default)).ResourceVersion;

    private static long Revision(string resourceVersion) => long.Parse(resourceVersion, CultureInfo.InvariantCulture);

    [Fact]
    public async Task Installation_OfATenantsOwnNamespaceOnly_HoldsNothingClusterWide()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", """{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "everything"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}""");
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Contains("where its class lists ClusterRole.rbac.authorization.k8s.io (clusterKinds)", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);

        await SpecAsync(fleet, """{"values": {}}""");
        JsonObject wide = Own("Installation", "wide", """{"application": "shop", "release": "shop-1", "scope": "DataPlane", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await fleet.Root.CreateAsync(OrreryResources.Installations, "acme", (JsonObject)wide.DeepClone(), default);
        await fleet.ConditionAsync(OrreryResources.Installations, "acme", "wide", "Resolved", "False");
        Assert.Equal("TenantsNamespace", Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "wide", default), "Resolved")!.Reason);
        Assert.Null(await fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.ClusterRoles, "", "everything", default));

        // The vendor's own, for the data plane as a whole.
        await fleet.Root.CreateAsync(OrreryResources.Installations, "default", wide, default);
        await fleet.ConditionAsync(OrreryResources.Installations, "default", "wide", "Ready", "True");
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.ClusterRoles, "", "everything", default));
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "default", "wide", null, default);
        await Eventually.TrueAsync(
            async () => await fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.ClusterRoles, "", "everything", default) is null, "the role is gone", TimeSpan.FromSeconds(60));

        // The tenant's, once its class lets it have that kind; and it goes with the installation.
        await fleet.Root.CreateAsync(OrreryResources.TenantClasses, "", Own("TenantClass", "wide", """{"clusterKinds": ["ClusterRole.rbac.authorization.k8s.io"]}"""), default);
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["class"] = "wide" } }, default);
        await SpecAsync(fleet, """{"values": {"again": true}}""");
        KubeObject role = await Eventually.SomeAsync(
            () => fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.ClusterRoles, "", "everything", default), "the tenant's role", TimeSpan.FromSeconds(60));
        Assert.Equal("acme", role.Labels[OrreryNames.TenantLabel]);
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(
            async () => await fleet.DataPlanes["pa2-par"].Client.FindAsync(CoreResources.ClusterRoles, "", "everything", default) is null, "it is gone again", TimeSpan.FromSeconds(60));
    }
}
