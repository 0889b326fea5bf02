using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Charts.Tests;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A fleet of one data plane, with the tenant acme, the application shop, and a repository that holds versions of one chart.</summary>
internal sealed class ChartFleet : IAsyncDisposable
{
    public const string Mapped = "acme-shop";
    public static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    public static readonly GroupVersionResource Jobs = new("batch", "v1", "jobs");
    public static readonly GroupVersionResource Pods = new("", "v1", "pods");

    private readonly LocalHttp repository;

    private ChartFleet(LocalHttp repository, TestFleet fleet) => (this.repository, Fleet) = (repository, fleet);

    public TestFleet Fleet { get; }

    public TestDataPlane Plane => Fleet.DataPlanes["pa2-par"];

    /// <summary>Release shop-N is version N.0.0 of the chart web, with the N-th set of files besides its Chart.yaml.</summary>
    public static async Task<ChartFleet> StartAsync(string lookup, params (string Path, string Content)[][] versions)
    {
        LocalHttp repository = await LocalHttp.StartAsync(async context =>
        {
            if (context.Request.Path == "/index.yaml")
            {
                await context.Response.WriteAsync("apiVersion: v1\nentries:\n  web:\n" + string.Concat(versions.Select((_, i) => $"  - name: web\n    version: {i + 1}.0.0\n    urls: [web-{i + 1}.tgz]\n")));
                return;
            }

            int at = int.Parse(context.Request.Path.Value!["/web-".Length..^".tgz".Length], System.Globalization.CultureInfo.InvariantCulture);
            await context.Response.Body.WriteAsync(PackedChart.Pack([("web/Chart.yaml", $"apiVersion: v2\nname: web\nversion: {at}.0.0\n"), .. versions[at - 1].Select(f => ("web/" + f.Path, f.Content))]));
        });
        TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        await fleet.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", "{}"), default);
        await fleet.ConditionAsync(OrreryResources.Tenants, "", "acme", "Ready", "True");
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), default);
        for (int i = 1; i <= versions.Length; i++)
        {
            await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own("Release", $"shop-{i}", $$"""
                {"application": "shop", "version": "{{i}}", "bundle": {"helm": {"repository": "{{repository.Address}}", "chart": "web", "version": "{{i}}.0.0", "lookup": "{{lookup}}"} } }
                """), default);
            await fleet.ConditionAsync(OrreryResources.Releases, "", $"shop-{i}", "Ready", "True");
        }

        return new ChartFleet(repository, fleet);
    }

    public Task InstallAsync(string release, string values = "{}", string ns = "acme", string scope = "Tenant") => Fleet.Root.CreateAsync(OrreryResources.Installations, ns, Own(
        "Installation", "shop", $$"""{"application": "shop", "release": "{{release}}", "scope": "{{scope}}", "values": {{values}}, "placement": {"dataPlanes": ["pa2-par"]} }"""), default);

    public Task ReleaseAsync(string release) => PatchAsync($$"""{"spec": {"release": "{{release}}"} }""");

    public Task PatchAsync(string patch) => Fleet.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, Json(patch), default);

    public Task<KubeObject> InstallationAsync(string ns = "acme") => Fleet.Root.GetAsync(OrreryResources.Installations, ns, "shop", default);

    /// <summary>What the status says of the data plane.</summary>
    public async Task<KubeObject> StatusAsync(string ns = "acme") => new((await InstallationAsync(ns)).At("status", "dataPlanes")!.Value[0]);

    public async Task<KubeObject> RunsAsync(string release, string ns = "acme")
    {
        await Eventually.TrueAsync(
            async () => await InstallationAsync(ns) is var found && found.TextAt("status", "phase") == "Running" && found.TextAt("status", "releaseInForce") == release
                && found.NumberAt("status", "observedGeneration") == found.Generation,
            release + " runs",
            TimeSpan.FromSeconds(60));
        return await StatusAsync(ns);
    }

    public async Task PhaseAsync(string phase) => await Eventually.TrueAsync(
        async () => await InstallationAsync() is var found && found.TextAt("status", "phase") == phase && found.NumberAt("status", "observedGeneration") == found.Generation, "phase " + phase, TimeSpan.FromSeconds(60));

    /// <summary>An object of the data plane, once there is one that is not that of a former run.</summary>
    public Task<KubeObject> SomeAsync(GroupVersionResource resource, string name, string former = "") => Eventually.SomeAsync(
        async () => await Plane.Client.FindAsync(resource, Mapped, name, default) is { IsDeleting: false } found && found.Uid != former ? found : null, $"{resource.Resource} {name}", TimeSpan.FromSeconds(60));

    /// <summary>The part of the job controller.</summary>
    public async Task EndJobAsync(string name)
    {
        const string Time = "2026-01-01T00:00:00Z";
        await Plane.Client.PatchAsync(Jobs, Mapped, name, PatchKind.Merge, Json($$"""
            {"status": {"startTime": "{{Time}}", "completionTime": "{{Time}}", "succeeded": 1, "conditions": [
              {"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": "{{Time}}"}, {"type": "Complete", "status": "True", "lastTransitionTime": "{{Time}}"}]} }
            """), default, "status");
    }

    /// <summary>The part of the kubelet.</summary>
    public Task EndPodAsync(string name, string phase) => Plane.Client.PatchAsync(
        Pods, Mapped, name, PatchKind.Merge, Json($$"""{"status": {"phase": "{{phase}}", "message": "as told"} }"""), default, "status");

    public static (string Path, string Content) ConfigMap(string name, string data, string annotations = "{}") =>
        ($"templates/{name}.yaml", $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {annotations}}}\ndata: {data}\n");

    public static (string Path, string Content) JobHook(string name, string events, string policy = "before-hook-creation") => ($"templates/{name}.yaml", $$"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {{name}}
          annotations: {"helm.sh/hook": "{{events}}", "helm.sh/hook-delete-policy": "{{policy}}"}
        spec:
          template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.test/hook:1}]} }
        """);

    public static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    public static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await repository.DisposeAsync();
    }
}
