using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Installations;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>From a release to objects in data planes and away again, through real servers and satellites.</summary>
public sealed class InstallationRoadTests
{
    private const string Mapped = "acme-shop";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

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

        // What ends a busy time (a namespace that is counted, a condition that follows) is over once a while has passed without a change; the next one tells.
        KubeClient[] both = [fleet.Root, fleet.DataPlanes["pa2-par"].Client];
        await Eventually.TrueAsync(async () => (await ChangesAsync(both, TimeSpan.FromSeconds(2))).Count == 0, "it has settled", TimeSpan.FromSeconds(60));
        Assert.Equal([], await ChangesAsync(both, TimeSpan.FromSeconds(7)));
    }

    /// <summary>What is written in clusters within a while; Leases aside, by which processes say that they live. Satellites look at everything every five seconds.</summary>
    private static async Task<IReadOnlyList<string>> ChangesAsync(IReadOnlyList<KubeClient> clusters, TimeSpan within)
    {
        var changes = new ConcurrentBag<string>();
        var watches = new List<Task>();
        foreach (KubeClient cluster in clusters)
        {
            foreach (ApiResource resource in (await new Resources(cluster).AllAsync(default)).Resources.Where(r => r.Verbs.Contains("watch") && r.Resource.Resource != "leases"))
            {
                KubeList now = await cluster.ListAsync(resource.Resource, "", null, default);
                watches.Add(WatchAsync(cluster, resource, new WatchQuery { ResourceVersion = now.ResourceVersion, Timeout = within }));
            }
        }

        await Task.WhenAll(watches);
        return [.. changes.Order(StringComparer.Ordinal)];

        async Task WatchAsync(KubeClient cluster, ApiResource resource, WatchQuery query)
        {
            await foreach (WatchEvent change in cluster.WatchAsync(resource.Resource, "", query, default))
            {
                if (change.Type != WatchEventType.Bookmark)
                {
                    changes.Add($"{change.Type} {resource.Kind} {change.Object.Namespace}/{change.Object.Name}");
                }
            }
        }
    }

    [Fact]
    public async Task Upgrade_ThatADataPlaneWouldRefuse_ChangesNothingAndSaysWhy()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"), Deployment("web", "web"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await ReadyAsync(fleet, "web");
        await PhaseAsync(fleet, "Running");

        // The selector of a Deployment cannot change: the cluster refuses that one object, so nothing of the release may come into force.
        await ReleaseAsync(fleet, "shop-2", ConfigMap("settings", "two"), Deployment("web", "other"), ConfigMap("new", "y"));
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        await PhaseAsync(fleet, "Failed");
        KubeObject failed = await InstallationAsync(fleet);
        Assert.Equal("shop-1", failed.TextAt("status", "releaseInForce"));
        Assert.Equal("shop-2", failed.TextAt("status", "wantedRelease"));
        Assert.Equal("Refused", Conditions.Find(failed, "Ready")!.Reason);
        Assert.Contains("Deployment web", Conditions.Find(failed, "Ready")!.Message, StringComparison.Ordinal);
        Assert.Contains("immutable", Conditions.Find(failed, "Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("one", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
        Assert.Null(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "new", default));

        // Back to the former: nothing was changed, so it runs at once, and no trial is left.
        await SpecAsync(fleet, """{"release": "shop-1"}""");
        await PhaseAsync(fleet, "Running");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items is { Count: 2 } works && works.All(w => w.At("spec", "trial") is null), "two Works without trials");
    }

    [Fact]
    public async Task Upgrade_ThatCannotBeRendered_ChangesNothingAndNamesTheValue()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "$(values.site.title)"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "values": {"site": {"title": "Hello"}}, "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Running");

        await SpecAsync(fleet, """{"values": {"site": null}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Equal("RenderFailed", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Reason);
        Assert.Contains("values.site.title", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("Hello", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));

        await SpecAsync(fleet, """{"values": {"site": {"title": "Again"}}}""");
        await PhaseAsync(fleet, "Running");
        Assert.Equal("Again", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key"));
    }

    [Fact]
    public async Task Values_FromASecret_ChangeWithIt()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "$(values.password)"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "valuesFrom": [{"kind": "Secret", "name": "site"}], "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Pending");
        Assert.Equal("ValuesMissing", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Reason);

        await fleet.Root.CreateAsync(Secrets, "acme", Json("""{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "site"}, "stringData": {"values.yaml": "password: a"}}"""), default);
        await PhaseAsync(fleet, "Running");
        await fleet.Root.PatchAsync(Secrets, "acme", "site", PatchKind.Merge, Json("""{"stringData": {"values.yaml": "password: b"}}"""), default);
        await Eventually.TrueAsync(
            async () => (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "key") == "b", "the new value", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Overrides_OfImagesReplicasAndPatches_AreInForce()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", Deployment("web", "web"));
        await InstallAsync(fleet, """
            {"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]},
             "overrides": {"images": [{"name": "example.test/web", "newTag": "9"}], "replicas": [{"name": "web", "count": 3}],
                           "patches": [{"kind": "Deployment", "name": "web", "strategic": {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}}}}}]}}
            """);

        KubeObject web = await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default), "the deployment");
        Assert.Equal(3, web.NumberAt("spec", "replicas"));
        Assert.Equal("example.test/web:9", web.At("spec", "template", "spec", "containers")!.Value[0].GetProperty("image").GetString());
        Assert.Equal("1", web.At("spec", "template", "spec", "containers")!.Value[0].GetProperty("env")[0].GetProperty("value").GetString());

        await SpecAsync(fleet, """{"overrides": {"images": [{"name": "example.test/wob", "newTag": "9"}]}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Contains("no container of the release has the image example.test/wob", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Installation_OfATenantsOwnNamespaceOnly_HoldsNothingClusterWide()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", """{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "everything"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}""");
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Failed");
        Assert.Contains("no namespaced kind ClusterRole", Conditions.Find(await InstallationAsync(fleet), "Ready")!.Message, StringComparison.Ordinal);

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

    [Fact]
    public async Task Move_LeavesTheOldPlaceOnceTheReleaseRunsInTheNewOne()
    {
        await using TestFleet fleet = await StartAsync("pa2-par", "ny8-nyc");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"), Deployment("web", "web"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["ny8-nyc"]}}""");
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await PhaseAsync(fleet, "Running");

        // 1. It begins in the new place and is not ready there, whoever begins anew meanwhile.
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["pa2-par"]}}""");
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Deployments, Mapped, "web", default), "web in pa2-par");
        Assert.StartsWith("it stays until shop-1 runs on pa2-par (", await LeavingAsync(fleet, "ny8-nyc"), StringComparison.Ordinal);
        string until = (await LeavingAsync(fleet, "ny8-nyc"))[^20..];
        await fleet.StopControllersAsync();
        await fleet.StartControllersAsync();
        await fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, Json("""{"spec": {"values": {"seen": "again"}}}"""), default);
        await Eventually.TrueAsync(async () => await InstallationAsync(fleet) is var found && found.NumberAt("status", "observedGeneration") == found.Generation, "the controllers look again", TimeSpan.FromSeconds(60));
        Assert.EndsWith(until, await LeavingAsync(fleet, "ny8-nyc"), StringComparison.Ordinal);
        Assert.NotNull(await fleet.DataPlanes["ny8-nyc"].Client.FindAsync(Deployments, Mapped, "web", default));

        // 2. Ready there: the old place is left.
        await ReadyAsync(fleet, "web", "pa2-par");
        await GoneAsync(fleet, "ny8-nyc", "settings");
        await PhaseAsync(fleet, "Running");

        // 3. Back, to a place where it never gets ready, with little patience.
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc"], "move": {"timeoutSeconds": 1}}}""");
        await GoneAsync(fleet, "pa2-par", "settings");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(CoreResources.Events, "acme", null, default)).Items.Any(
                e => e.TextAt("reason") == "MoveTimedOut" && e.TextAt("message")!.StartsWith("pa2-par: it leaves although it does not run on ny8-nyc yet: ", StringComparison.Ordinal)),
            "that it was not waited for is told", TimeSpan.FromSeconds(60));

        // 4. A data plane that is drained waits however long it takes.
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await PhaseAsync(fleet, "Running");
        await SpecAsync(fleet, """{"placement": {"dataPlanes": ["ny8-nyc", "pa2-par"], "move": {"timeoutSeconds": 0}}}""");
        await ReadyAsync(fleet, "web", "pa2-par");
        await PhaseAsync(fleet, "Running");
        await fleet.DataPlanes["ny8-nyc"].Client.PatchAsync(Deployments, Mapped, "web", PatchKind.Merge, Json("""{"status": {"availableReplicas": 0, "readyReplicas": 0}}"""), default, "status");
        await PhaseAsync(fleet, "Degraded");
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", "pa2-par", PatchKind.Merge, Json("""{"spec": {"drained": true}}"""), default);
        Assert.Equal("it stays until shop-1 runs on ny8-nyc (Degraded)", await LeavingAsync(fleet, "pa2-par"));
        await ReadyAsync(fleet, "web", "ny8-nyc");
        await GoneAsync(fleet, "pa2-par", "settings");
    }

    [Fact]
    public async Task ReleaseAndApplication_InUse_AreNotDeletedUntilNobodyUsesThem()
    {
        await using TestFleet fleet = await StartAsync("pa2-par");
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"));
        await ReleaseAsync(fleet, "shop-2", ConfigMap("settings", "two"));
        await InstallAsync(fleet, """{"application": "shop", "release": "shop-1", "placement": {"dataPlanes": ["pa2-par"]}}""");
        await PhaseAsync(fleet, "Running");

        // 1. Refused, with who uses it and what to do.
        await Eventually.TrueAsync(async () => await UsersAsync(OrreryResources.Releases, "shop-1") == "acme/shop" && await UsersAsync(OrreryResources.Applications, "shop") == "acme/shop", "who uses them is known");
        Assert.Equal(
            "releases.orrery.dev \"shop-1\" is forbidden: ValidatingAdmissionPolicy 'orrery-releases-in-use' with binding 'orrery-releases-in-use' denied request: "
            + "it is used by the installations acme/shop; give them another release first",
            (await RefusalAsync(OrreryResources.Releases, "shop-1")).Message);
        Assert.Contains("it is used by the installations acme/shop; delete them first", (await RefusalAsync(OrreryResources.Applications, "shop")).Message, StringComparison.Ordinal);

        // 2. Where nothing refuses (a cluster without such policies), it waits and says for whom.
        foreach (string guarded in (string[])["orrery-releases-in-use", "orrery-applications-in-use"])
        {
            await fleet.Root.DeleteAsync(CoreResources.ValidatingAdmissionPolicyBindings, "", guarded, null, default);
        }

        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await fleet.Root.DeleteAsync(OrreryResources.Releases, "", "shop-1", null, default);
                return true;
            }
            catch (StatusException e) when (e.Reason == StatusReason.Forbidden)
            {
                return false;
            }
        }, "the deletion is taken", TimeSpan.FromSeconds(60));
        await fleet.ConditionAsync(OrreryResources.Releases, "", "shop-1", OrreryNames.InUseCondition, "True");
        KubeObject waiting = await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-1", default);
        Assert.Equal("it is deleted, and goes once these installations no longer use it: acme/shop", Conditions.Find(waiting, OrreryNames.InUseCondition)!.Message);
        Assert.Equal("Running", (await InstallationAsync(fleet)).TextAt("status", "phase"));

        // 3. It goes once it is neither wanted nor in force, and the application with the last installation.
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        await InForceAsync(fleet, "shop-2");
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Releases, "", "shop-1", default) is null, "the former release is gone", TimeSpan.FromSeconds(60));
        await fleet.Root.DeleteAsync(OrreryResources.Applications, "", "shop", null, default);
        await fleet.ConditionAsync(OrreryResources.Applications, "", "shop", OrreryNames.InUseCondition, "True");
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Applications, "", "shop", default) is null, "the application is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(
            async () => await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-2", default) is var free && !free.Finalizers.Any() && free.At("status", "usedBy") is null, "nobody uses it", TimeSpan.FromSeconds(60));

        async Task<string> UsersAsync(GroupVersionResource resource, string name) =>
            (await fleet.Root.GetAsync(resource, "", name, default)).At("status", "usedBy") is { } users ? string.Join(',', users.EnumerateArray().Select(u => u.GetString())) : "";

        async Task<StatusException> RefusalAsync(GroupVersionResource resource, string name) =>
            await Assert.ThrowsAsync<StatusException>(() => fleet.Root.DeleteAsync(resource, "", name, null, default));
    }

    [Fact]
    public async Task Release_OnceMade_CannotBeChanged()
    {
        await using TestFleet fleet = await StartAsync();
        await ReleaseAsync(fleet, "shop-1", ConfigMap("settings", "one"));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fleet.Root.PatchAsync(
            OrreryResources.Releases, "", "shop-1", PatchKind.Merge, Json("""{"spec": {"version": "1.0.1"}}"""), default));
        Assert.Contains("a release cannot be changed", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<TestFleet> StartAsync(params string[] dataPlanes)
    {
        TestFleet fleet = await TestFleet.StartAsync(dataPlanes);
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", "{}"), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), default);
        return fleet;
    }

    private static async Task ReleaseAsync(TestFleet fleet, string name, params string[] manifests)
    {
        string version = name.Split('-')[1] + ".0.0";
        await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own(
            "Release", name, $$"""{"application": "shop", "version": "{{version}}", "bundle": {"manifests": {"inline": [{{string.Join(',', manifests)}}]} } }"""), default);
        await fleet.ConditionAsync(OrreryResources.Releases, "", name, "Ready", "True");
    }

    private static Task InstallAsync(TestFleet fleet, string spec) => fleet.Root.CreateAsync(OrreryResources.Installations, "acme", Own("Installation", "shop", spec), default);

    private static Task SpecAsync(TestFleet fleet, string spec) =>
        fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, new JsonObject { ["spec"] = Json(spec) }, default);

    private static Task<KubeObject> InstallationAsync(TestFleet fleet) => fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default);

    private static async Task PhaseAsync(TestFleet fleet, string phase)
    {
        string seen = "";
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                KubeObject found = await InstallationAsync(fleet);
                seen = found.At("status")?.GetRawText() ?? "nothing";
                return found.TextAt("status", "phase") == phase && found.NumberAt("status", "observedGeneration") == found.Generation;
            }, "phase " + phase, TimeSpan.FromSeconds(20));
        }
        catch (Exception)
        {
            TestContext.Current.SendDiagnosticMessage("last seen: " + seen);
            throw;
        }
    }

    private static Task InForceAsync(TestFleet fleet, string release) => Eventually.TrueAsync(
        async () => await InstallationAsync(fleet) is var found && found.TextAt("status", "releaseInForce") == release && found.TextAt("status", "phase") == "Running", release + " in force", TimeSpan.FromSeconds(60));

    /// <summary>The part of a Deployment's controller.</summary>
    private static async Task ReadyAsync(TestFleet fleet, string name, string plane = "pa2-par")
    {
        KubeObject made = await Eventually.SomeAsync(() => fleet.DataPlanes[plane].Client.FindAsync(Deployments, Mapped, name, default), name);
        await fleet.DataPlanes[plane].Client.PatchAsync(
            Deployments, Mapped, name, PatchKind.Merge, Json($$"""{"status": {"observedGeneration": {{made.Generation}}, "replicas": 1, "availableReplicas": 1, "readyReplicas": 1, "updatedReplicas": 1} }"""), default, "status");
    }

    /// <summary>What is said of a data plane that it leaves.</summary>
    private static Task<string> LeavingAsync(TestFleet fleet, string plane) => Eventually.SomeAsync(
        async () => (await InstallationAsync(fleet)).At("status", "dataPlanes") is { } planes
            ? planes.EnumerateArray().Where(p => p.GetProperty("name").GetString() == plane && p.GetProperty("phase").GetString() == "Leaving").Select(p => p.GetProperty("message").GetString()).FirstOrDefault()
            : null,
        $"it leaves {plane}");

    private static Task GoneAsync(TestFleet fleet, string plane, string name) => Eventually.TrueAsync(
        async () => await fleet.DataPlanes[plane].Client.FindAsync(ConfigMaps, Mapped, name, default) is null, $"{name} gone from {plane}", TimeSpan.FromSeconds(60));

    private static string ConfigMap(string name, string value) => $$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}"}, "data": {"key": "{{value}}"} }""";

    private static string Deployment(string name, string app) => $$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}"},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "{{app}}"} },
                  "template": {"metadata": {"labels": {"app": "{{app}}"} }, "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]} } } }
        """;

    private static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
