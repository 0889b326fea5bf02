using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Charts.Tests;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Helm charts as releases: fetched, pinned, rendered for each data plane, with hooks that run in it.</summary>
public sealed class ChartRoadTests
{
    private const string Mapped = "acme-shop";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Jobs = new("batch", "v1", "jobs");

    [Fact]
    public async Task Chart_WithHooks_RunsThemAroundTheChange()
    {
        await using LocalHttp repository = await RepositoryAsync();
        await using TestFleet fleet = await StartAsync(repository.Address);
        TestDataPlane plane = fleet.DataPlanes["pa2-par"];
        await InstallAsync(fleet, "shop-1", """{"title": "Hello"}""");

        // Nothing of the chart is there before its hook has run.
        KubeObject first = await Eventually.SomeAsync(() => plane.Client.FindAsync(Jobs, Mapped, "migrate", default), "the hook");
        Assert.Equal("pre-install", first.TextAt("metadata", "annotations", "step"));
        Assert.Null(await plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default));
        await EndAsync(plane, "Complete");
        await PhaseAsync(fleet, "Running");
        KubeObject settings = await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("Hello", "1.0.0", "1", Mapped), (settings.TextAt("data", "title"), settings.TextAt("data", "version"), settings.TextAt("data", "revision"), settings.TextAt("data", "namespace")));
        Assert.Equal("true", settings.TextAt("data", "deployments"));

        // The hook of the upgrade fails: the old release stays as it was.
        await SpecAsync(fleet, """{"release": "shop-2"}""");
        KubeObject second = await Eventually.SomeAsync(
            async () => await plane.Client.FindAsync(Jobs, Mapped, "migrate", default) is { IsDeleting: false } job && job.Uid != first.Uid ? job : null, "the next hook");
        Assert.Equal("pre-upgrade", second.TextAt("metadata", "annotations", "step"));
        await EndAsync(plane, "Failed");
        await PhaseAsync(fleet, "Failed");
        KubeObject failed = await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default);
        Assert.Equal("HookFailed", Conditions.Find(failed, "Ready")!.Reason);
        Assert.Contains("Job migrate failed", Conditions.Find(failed, "Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("shop-1", failed.TextAt("status", "releaseInForce"));
        Assert.Equal("1.0.0", (await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "version"));

        // Other values are another attempt.
        await SpecAsync(fleet, """{"values": {"title": "Again"}}""");
        await Eventually.SomeAsync(
            async () => await plane.Client.FindAsync(Jobs, Mapped, "migrate", default) is { IsDeleting: false } job && job.Uid != second.Uid ? job : null, "the hook again");
        await EndAsync(plane, "Complete");
        await PhaseAsync(fleet, "Running");
        settings = await plane.Client.GetAsync(ConfigMaps, Mapped, "settings", default);
        Assert.Equal(("Again", "2.0.0", "2"), (settings.TextAt("data", "title"), settings.TextAt("data", "version"), settings.TextAt("data", "revision")));

        // Away: what is to run before that runs before that.
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.SomeAsync(() => plane.Client.FindAsync(Jobs, Mapped, "farewell", default), "the hook of the deletion");
        Assert.NotNull(await plane.Client.FindAsync(ConfigMaps, Mapped, "settings", default));
        await EndAsync(plane, "Complete", "farewell");
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default) is null, "the installation is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await plane.Client.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "its namespace is gone", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Chart_ThatFailsToRender_NamesChartFileAndLine()
    {
        await using LocalHttp repository = await RepositoryAsync();
        await using TestFleet fleet = await StartAsync(repository.Address);
        await InstallAsync(fleet, "shop-1", "{}");

        await PhaseAsync(fleet, "Failed");
        KubeObject failed = await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default);
        string message = Conditions.Find(failed, "Ready")!.Message;
        Assert.Contains("chart web 1.0.0", message, StringComparison.Ordinal);
        Assert.Contains("web/templates/settings.yaml", message, StringComparison.Ordinal);
        Assert.Contains("a title is needed", message, StringComparison.Ordinal);
        Assert.Empty((await fleet.Root.ListAsync(OrreryResources.Works, "", null, default)).Items);
    }

    [Fact]
    public async Task Release_OfARange_StaysWhatItWasAtFirst()
    {
        var versions = new List<string> { "1.0.0" };
        await using LocalHttp repository = await RepositoryAsync(versions);
        await using TestFleet fleet = await StartAsync(repository.Address, ("shop-any", "^1"));
        Assert.Equal("1.0.0", (await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-any", default)).TextAt("status", "chartVersion"));
        string digest = (await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-any", default)).TextAt("status", "digest")!;

        versions.Add("1.5.0");
        await InstallAsync(fleet, "shop-any", """{"title": "x"}""");
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Jobs, Mapped, "migrate", default), "the hook");
        await EndAsync(fleet.DataPlanes["pa2-par"], "Complete");
        await PhaseAsync(fleet, "Running");
        Assert.Equal("1.0.0", (await fleet.DataPlanes["pa2-par"].Client.GetAsync(ConfigMaps, Mapped, "settings", default)).TextAt("data", "version"));
        Assert.Equal(digest, (await fleet.Root.GetAsync(OrreryResources.Releases, "", "shop-any", default)).TextAt("status", "digest"));
    }

    [Fact]
    public async Task Chart_HookOfItsDeletionDoesNotEnd_SaysSoAndGoesWhenToldTo()
    {
        await using LocalHttp repository = await RepositoryAsync();
        await using TestFleet fleet = await StartAsync(repository.Address);
        await InstallAsync(fleet, "shop-1", """{"title": "x"}""");
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(Jobs, Mapped, "migrate", default), "the hook");
        await EndAsync(fleet.DataPlanes["pa2-par"], "Complete");
        await PhaseAsync(fleet, "Running");

        await SpecAsync(fleet, """{"progressDeadlineSeconds": 1}""");
        await fleet.Root.DeleteAsync(OrreryResources.Installations, "acme", "shop", null, default);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default)).At("status", "dataPlanes") is { ValueKind: JsonValueKind.Array } planes
                && planes[0].TryGetProperty("message", out JsonElement message) && message.GetString()!.StartsWith("not done after 1 s: pre-delete hook ", StringComparison.Ordinal),
            "that it is told",
            TimeSpan.FromSeconds(60));
        Assert.NotNull(await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default));

        await fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/skip-hooks": "true"} } }"""), default);
        await Eventually.TrueAsync(async () => await fleet.Root.FindAsync(OrreryResources.Installations, "acme", "shop", default) is null, "that it is gone", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, Mapped, "settings", default) is null, "that its objects are gone", TimeSpan.FromSeconds(60));
    }

    private static byte[] Chart(string version) => PackedChart.Pack(
        ("web/Chart.yaml", $"apiVersion: v2\nname: web\nversion: {version}\n"),
        ("web/templates/settings.yaml", """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data:
              title: {{ required "a title is needed" .Values.title | quote }}
              version: {{ .Chart.Version | quote }}
              revision: {{ .Release.Revision | quote }}
              namespace: {{ .Release.Namespace | quote }}
              deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
            """),
        ("web/templates/migrate.yaml", Hook("migrate", "pre-install,pre-upgrade", """{{ if .Release.IsInstall }}pre-install{{ else }}pre-upgrade{{ end }}""")),
        ("web/templates/farewell.yaml", Hook("farewell", "pre-delete", "pre-delete")));

    private static string Hook(string name, string events, string step) => $$"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {{name}}
          annotations: {"helm.sh/hook": "{{events}}", step: "{{step}}"}
        spec:
          template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.test/migrate:1}]} }
        """;

    private static Task<LocalHttp> RepositoryAsync(IReadOnlyList<string>? versions = null) => LocalHttp.StartAsync(async context =>
    {
        IReadOnlyList<string> all = versions ?? ["1.0.0", "2.0.0"];
        if (context.Request.Path == "/index.yaml")
        {
            await context.Response.WriteAsync("apiVersion: v1\nentries:\n  web:\n" + string.Concat(all.Select(v => $"  - name: web\n    version: {v}\n    urls: [web-{v}.tgz]\n")));
            return;
        }

        string? version = all.FirstOrDefault(v => context.Request.Path == $"/web-{v}.tgz");
        context.Response.StatusCode = version is null ? 404 : 200;
        await context.Response.Body.WriteAsync(version is null ? [] : Chart(version));
    });

    private static async Task<TestFleet> StartAsync(Uri repository, params (string Name, string Version)[] releases)
    {
        TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", "{}"), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), default);
        foreach ((string name, string version) in releases.Length > 0 ? releases : [("shop-1", "1.0.0"), ("shop-2", "2.0.0")])
        {
            await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own(
                "Release", name, $$"""{"application": "shop", "version": "1", "bundle": {"helm": {"repository": "{{repository}}", "chart": "web", "version": "{{version}}"} } }"""), default);
            await fleet.ConditionAsync(OrreryResources.Releases, "", name, "Ready", "True");
        }

        return fleet;
    }

    private static Task InstallAsync(TestFleet fleet, string release, string values) => fleet.Root.CreateAsync(OrreryResources.Installations, "acme", Own(
        "Installation", "shop", $$"""{"application": "shop", "release": "{{release}}", "values": {{values}}, "placement": {"dataPlanes": ["pa2-par"]} }"""), default);

    private static Task SpecAsync(TestFleet fleet, string spec) =>
        fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, new JsonObject { ["spec"] = Json(spec) }, default);

    /// <summary>The part of the job controller.</summary>
    private static async Task EndAsync(TestDataPlane plane, string condition, string name = "migrate")
    {
        const string Time = "2026-01-01T00:00:00Z";
        string status = condition == "Complete"
            ? $$"""{"status": {"startTime": "{{Time}}", "completionTime": "{{Time}}", "succeeded": 1, "conditions": [{"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": "{{Time}}"}, {"type": "Complete", "status": "True", "lastTransitionTime": "{{Time}}"}]} }"""
            : $$"""{"status": {"startTime": "{{Time}}", "failed": 1, "conditions": [{"type": "FailureTarget", "status": "True", "lastTransitionTime": "{{Time}}", "message": "boom"}, {"type": "Failed", "status": "True", "lastTransitionTime": "{{Time}}", "message": "boom"}]} }""";
        await plane.Client.PatchAsync(Jobs, Mapped, name, PatchKind.Merge, Json(status), default, "status");
    }

    private static Task PhaseAsync(TestFleet fleet, string phase) => Eventually.TrueAsync(
        async () => await fleet.Root.GetAsync(OrreryResources.Installations, "acme", "shop", default) is var found
            && found.TextAt("status", "phase") == phase && found.NumberAt("status", "observedGeneration") == found.Generation,
        "phase " + phase,
        TimeSpan.FromSeconds(60));

    private static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
