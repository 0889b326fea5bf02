using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;
using static Orrery.Controllers.Tests.Road.ChartFleet;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What Helm does around a release besides rendering it, done in a data plane: rollbacks, tests, what is kept, and the order of it all.</summary>
public sealed class HelmRoadTests
{
    [Fact]
    public async Task Return_ToAnEarlierRelease_RunsItsRollbackHooks()
    {
        await using ChartFleet shop = await StartAsync(
            "Denied",
            [ConfigMap("settings", "{version: one}"), JobHook("undo", "pre-rollback"), JobHook("undone", "post-rollback")],
            [ConfigMap("settings", "{version: two}"), JobHook("undo", "pre-rollback")]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");
        await shop.ReleaseAsync("shop-2");
        KubeObject upgraded = await shop.RunsAsync("shop-2");
        Assert.Equal("Upgraded", upgraded.TextAt("reason"));
        Assert.Null(await shop.Plane.Client.FindAsync(Jobs, Mapped, "undo", default));

        // Back: what changes stands between the two hooks.
        await shop.ReleaseAsync("shop-1");
        KubeObject undo = await shop.SomeAsync(Jobs, "undo");
        Assert.Equal("two", (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "version"));
        Assert.Equal("Rollback", (await shop.StatusAsync()).TextAt("attempt", "kind"));
        await shop.EndJobAsync("undo");
        await shop.SomeAsync(Jobs, "undone");
        Assert.Equal("one", (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "version"));
        await shop.EndJobAsync("undone");
        KubeObject back = await shop.RunsAsync("shop-1");
        Assert.Equal(("RolledBack", 3L), (back.TextAt("reason"), back.NumberAt("revision")));

        // On again is an upgrade, though that release ran before.
        await shop.ReleaseAsync("shop-2");
        Assert.Equal("Upgraded", (await shop.RunsAsync("shop-2")).TextAt("reason"));
        Assert.Equal(undo.Uid, (await shop.Plane.Client.GetAsync(Jobs, Mapped, "undo", default)).Uid);
    }

    [Fact]
    public async Task Tests_AskedFor_RunEachTimeAndSayHowTheyEnded()
    {
        const string Check = """
            apiVersion: v1
            kind: Pod
            metadata: {name: check, annotations: {"helm.sh/hook": test}}
            spec: {restartPolicy: Never, containers: [{name: main, image: example.test/check:1}]}
            """;
        await using ChartFleet shop = await StartAsync("Denied", [ConfigMap("settings", "{a: b}"), ("templates/tests/check.yaml", Check)]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");
        Assert.Null(await shop.Plane.Client.FindAsync(Pods, Mapped, "check", default));

        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/test": "a"}}}""");
        KubeObject first = await shop.SomeAsync(Pods, "check");
        await shop.EndPodAsync("check", "Succeeded");
        Assert.Equal(("Succeeded", "1 tests passed"), await TestedAsync(shop, "a"));

        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/test": "b"}}}""");
        await shop.SomeAsync(Pods, "check", first.Uid);
        await shop.EndPodAsync("check", "Failed");
        (string? phase, string? message) = await TestedAsync(shop, "b");
        Assert.Equal("Failed", phase);
        Assert.Contains("Pod check failed: as told", message, StringComparison.Ordinal);
        Assert.Equal(("Running", 1L), ((await shop.StatusAsync()).TextAt("phase"), (await shop.StatusAsync()).NumberAt("revision")));
    }

    /// <summary>Tests that are to go once they have ended, with somebody who still reads what they wrote, and without.</summary>
    [Theory]
    [InlineData("Succeeded", "hook-succeeded")]
    [InlineData("Failed", "hook-failed")]
    public async Task Tests_ThatGoOnceTheyHaveEnded_StayAsLongAsTheyAreKept(string phase, string policy)
    {
        string check = $$$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: check, annotations: {"helm.sh/hook": test, "helm.sh/hook-delete-policy": "{{{policy}}}"}}
            spec: {restartPolicy: Never, containers: [{name: main, image: example.test/check:1}]}
            """;
        await using ChartFleet shop = await StartAsync("Denied", [ConfigMap("settings", "{a: b}"), ("templates/tests/check.yaml", check)]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");

        // 1. Kept, also when it is looked at once more.
        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/test": "a", "orrery.dev/keep-tests": "a"}}}""");
        await shop.SomeAsync(Pods, "check");
        await shop.EndPodAsync("check", phase);
        Assert.Equal(phase, (await TestedAsync(shop, "a")).Phase);
        await shop.PatchAsync("""{"spec": {"progressDeadlineSeconds": 599}}""");
        await shop.RunsAsync("shop-1");
        KubeObject kept = (await shop.Plane.Client.FindAsync(Pods, Mapped, "check", default))!;
        Assert.False(kept.IsDeleting);

        // 2. Read.
        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/keep-tests": null}}}""");
        await Eventually.TrueAsync(async () => await shop.Plane.Client.FindAsync(Pods, Mapped, "check", default) is null, "it goes", TimeSpan.FromSeconds(60));

        // 3. What was kept of another run is none of this one's.
        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/test": "b", "orrery.dev/keep-tests": "a"}}}""");
        await shop.SomeAsync(Pods, "check", kept.Uid);
        await shop.EndPodAsync("check", phase);
        Assert.Equal(phase, (await TestedAsync(shop, "b")).Phase);
        await Eventually.TrueAsync(async () => await shop.Plane.Client.FindAsync(Pods, Mapped, "check", default) is null, "it goes", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Objects_ThatSayKeep_OutliveUpgradeAndInstallation()
    {
        const string Keep = """{"helm.sh/resource-policy": " Keep"}""";
        await using ChartFleet shop = await StartAsync(
            "Denied", [ConfigMap("data", "{a: b}", Keep), ConfigMap("more", "{c: d}", Keep), ConfigMap("rest", "{e: f}")], [ConfigMap("more", "{c: d}", Keep), ConfigMap("rest", "{e: f}")]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");
        string data = (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "data", default)).Uid;
        string more = (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "more", default)).Uid;

        await shop.ReleaseAsync("shop-2");
        await shop.RunsAsync("shop-2");
        await shop.Fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(async () => await shop.Plane.Client.FindAsync(ConfigMaps, Mapped, "rest", default) is null, "the rest is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await shop.Fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default) is null, "the installation is gone", TimeSpan.FromSeconds(60));
        Assert.Equal(data, (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "data", default)).Uid);
        Assert.Equal(more, (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "more", default)).Uid);

        // Purging was asked for by now, or will be; the namespace stays either way.
        await Eventually.TrueAsync(
            async () => (await shop.Fleet.Root.ListAsync(OrreryResources.Observations, "", null, default)).Items.Any(o => o.Annotations.ContainsKey(OrreryNames.PurgeRequestAnnotation)), "the purge is asked for", TimeSpan.FromSeconds(60));
        Assert.False((await shop.Plane.Client.GetAsync(CoreResources.Namespaces, "", Mapped, default)).IsDeleting);

        // Another installation of that name meets it only when somebody says so.
        await shop.InstallAsync("shop-1");
        await shop.PhaseAsync("Failed");
        Assert.Contains("keeps what an earlier installation acme/shop left", Conditions.Find(await shop.InstallationAsync(), "Ready")!.Message, StringComparison.Ordinal);
        await shop.Plane.Client.PatchAsync(CoreResources.Namespaces, "", Mapped, PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/incarnation": null}}}"""), default);
        await shop.PatchAsync("""{"metadata": {"annotations": {"orrery.dev/retry": "1"}}}""");
        await shop.RunsAsync("shop-1");
        Assert.Equal(data, (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "data", default)).Uid);
    }

    [Fact]
    public async Task Objects_OfOneRelease_ComeInHelmsOrder()
    {
        GroupVersionResource[] kinds = [new("", "v1", "serviceaccounts"), new("", "v1", "secrets"), ConfigMaps, new("rbac.authorization.k8s.io", "v1", "roles"), new("", "v1", "services")];
        string[] names = ["ServiceAccount", "Secret", "ConfigMap", "Role", "Service"];
        string All(int from) => string.Concat(names.Reverse().Select((kind, i) => $$"""
            ---
            apiVersion: {{(kind == "Role" ? "rbac.authorization.k8s.io/v1" : "v1")}}
            kind: {{kind}}
            metadata: {name: a{{(char)('a' + i)}}-{{from}}}
            {{(kind == "Service" ? "spec: {ports: [{port: 80}]}" : kind == "Role" ? "rules: []" : "")}}

            """));
        await using ChartFleet shop = await StartAsync("Denied", [("templates/all.yaml", All(1) + All(2) + All(3))]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");

        long last = 0;
        foreach (GroupVersionResource kind in kinds)
        {
            List<long> made = [.. (await shop.Plane.Client.ListAsync(kind, Mapped, null, default)).Items.Where(o => o.Labels.ContainsKey(OrreryNames.InstallationLabel))
                .Select(o => long.Parse(o.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture))];
            Assert.Equal(3, made.Count);
            Assert.True(made.Min() > last, $"{kind.Resource} came at {made.Min()}, and what comes before it at {last}");
            last = made.Max();
        }
    }

    [Fact]
    public async Task Lookup_Allowed_SeesTheInstallationsNamespaceAndNothingElse()
    {
        // The second question follows from the first answer; without it the chart fails.
        const string Template = """
            {{- $found := lookup "v1" "ConfigMap" .Release.Namespace "settings" }}
            {{- $next := lookup "v1" "ConfigMap" (default .Release.Namespace .Values.foreign) (dig "data" "next" "nobody" $found) }}
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data:
              next: deeper
              former: {{ dig "data" "secret" "none" $found | quote }}
              deeper: {{ dig "data" "word" "none" $next | quote }}
              count: {{ len (dig "items" list (lookup "v1" "ConfigMap" .Release.Namespace "")) | gt 0 | quote }}
              secret: {{ dig "data" "secret" (printf "made-in-%d" .Release.Revision) $found }}
              type: {{ kindOf (dig "metadata" "generation" 1 $found) }}
            """;
        await using ChartFleet shop = await StartAsync("Allowed", [("templates/settings.yaml", Template)]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");
        KubeObject settings = await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("made-in-1", "none", "none"), (settings.TextAt("data", "secret"), settings.TextAt("data", "former"), settings.TextAt("data", "deeper")));

        // What it made once it finds again.
        await shop.Plane.Client.CreateAsync(ConfigMaps, Mapped, Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "deeper"}, "data": {"word": "yes"}}"""), default);
        await shop.PatchAsync("""{"spec": {"values": {"again": true}}}""");
        await Eventually.TrueAsync(async () => (await shop.StatusAsync()) is var status && status.NumberAt("revision") == 2 && status.TextAt("phase") == "Running", "revision 2", TimeSpan.FromSeconds(60));
        settings = await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("made-in-1", "made-in-1", "yes"), (settings.TextAt("data", "secret"), settings.TextAt("data", "former"), settings.TextAt("data", "deeper")));

        // Nothing of anybody else.
        await shop.PatchAsync("""{"spec": {"values": {"foreign": "kube-system"}}}""");
        await shop.PhaseAsync("Failed");
        string message = Conditions.Find(await shop.InstallationAsync(), "Ready")!.Message;
        Assert.Contains("web/templates/settings.yaml:2", message, StringComparison.Ordinal);
        Assert.Contains("configmaps \"deeper\" is forbidden: a tenant's installation looks up what is in its own namespace, here acme-shop", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lookup_Denied_FindsNothing()
    {
        await using ChartFleet shop = await StartAsync("Denied", [ConfigMap("settings", """{kind: {{ lookup "v1" "Namespace" "" .Release.Namespace | len | quote }}}""")]);
        await shop.InstallAsync("shop-1");
        await shop.RunsAsync("shop-1");
        Assert.Equal("0", (await shop.Plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "kind"));
    }

    private static async Task<(string? Phase, string? Message)> TestedAsync(ChartFleet shop, string run)
    {
        await Eventually.TrueAsync(async () => (await shop.StatusAsync()).TextAt("test", "run") == run && (await shop.StatusAsync()).TextAt("test", "phase") is "Succeeded" or "Failed", $"tests {run} ended", TimeSpan.FromSeconds(60));
        KubeObject status = await shop.StatusAsync();
        return (status.TextAt("test", "phase"), status.TextAt("test", "message"));
    }
}
