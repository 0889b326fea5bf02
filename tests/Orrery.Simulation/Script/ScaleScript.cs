using System.Diagnostics;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Script;

/// <summary>
/// Many tenants with installations on many data planes: what the regular look at everything costs when there is nothing to do, and what one more
/// tenant costs while others change. Figures are of CPU, over everything in this process; the clock is virtual.
/// </summary>
internal sealed class ScaleScript(World world, IReadOnlyList<string> planes, int tenants, int installations)
{
    public static readonly TimeSpan LevelInterval = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <summary>Made once there is a server.</summary>
    private KubeClient Root => field ??= world.ClientOf(World.ControlPlane);

    /// <summary>What was measured, a line each.</summary>
    public List<string> Said { get; } = [];

    public async Task RunAsync()
    {
        // 1. Everything is made and comes into force.
        TimeSpan began = Cpu();
        foreach (string plane in planes)
        {
            await Root.CreateAsync(OrreryResources.DataPlanes, "", Own("DataPlane", plane, "{}"), default);
        }

        await Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "product", "{}"), default);
        await ReleaseAsync("product-1", "1.0.0");
        await ReleaseAsync("product-2", "2.0.0");
        for (int tenant = 0; tenant < tenants; tenant++)
        {
            await OnboardAsync(tenant);
        }

        await UntilAsync(all => all.Count(IsRunning) == tenants * installations, "all to run");
        Said.Add(FormattableString.Invariant($"{tenants} tenants x {installations} installations on {planes.Count} data planes: all run after {world.Time.Elapsed.TotalSeconds:0} s of virtual time and {(Cpu() - began).TotalSeconds:0.0} s of CPU"));

        // 2. A minute in which nothing is looked at, then one with the regular look at everything.
        (TimeSpan quiet, int none) = await OverAsync(Window);
        await Task.Delay(LevelInterval - world.Time.Elapsed - TimeSpan.FromSeconds(20), world.Time);
        (TimeSpan resync, int writes) = await OverAsync(Window);
        Said.Add(FormattableString.Invariant($"a minute with the regular look at everything: {resync.TotalSeconds:0.00} s of CPU and {writes} steps of controllers; a minute without: {quiet.TotalSeconds:0.00} s and {none}"));

        // 3. One more tenant, while fifty others are upgraded.
        TimeSpan at = world.Time.Elapsed;
        began = Cpu();
        for (int other = 0; other < Math.Min(50, tenants); other++)
        {
            await Root.PatchAsync(OrreryResources.Installations, TenantName(other), "product-0", PatchKind.Merge, Json("""{"spec": {"release": "product-2"} }"""), default);
        }

        await OnboardAsync(tenants);
        await UntilAsync(all => all.Count(i => i.Namespace == TenantName(tenants) && IsRunning(i)) == installations, "the new tenant");
        Said.Add(FormattableString.Invariant($"one more tenant while {Math.Min(50, tenants)} others are upgraded: in force after {(world.Time.Elapsed - at).TotalSeconds:0.00} s of virtual time; all of it took {(Cpu() - began).TotalSeconds:0.00} s of CPU"));
    }

    private async Task OnboardAsync(int tenant)
    {
        await Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", TenantName(tenant), "{}"), default);
        while (await Root.FindAsync(OrreryResources.Tenants, "", TenantName(tenant), default) is not { } made || !Conditions.IsTrue(made, OrreryNames.ReadyCondition))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), world.Time);
        }

        for (int i = 0; i < installations; i++)
        {
            string plane = planes[((tenant * installations) + i) % planes.Count];
            await Root.CreateAsync(OrreryResources.Installations, TenantName(tenant), Own(
                "Installation", $"product-{i}", $$"""{"application": "product", "release": "product-1", "placement": {"dataPlanes": ["{{plane}}"]} }"""), default);
        }
    }

    private Task ReleaseAsync(string name, string version) => Root.CreateAsync(OrreryResources.Releases, "", Own(
        "Release", name,
        $$"""
        {"application": "product", "version": "{{version}}", "bundle": {"manifests": {"inline": [
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"version": "{{version}}"} },
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"key": "value"} },
          {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]} }]} } }
        """), default);

    private async Task UntilAsync(Func<IReadOnlyList<KubeObject>, bool> holds, string what)
    {
        TimeSpan until = world.Time.Elapsed + Patience;
        while (!holds((await Root.ListAsync(OrreryResources.Installations, "", new ListQuery { ResourceVersion = "0" }, default)).Items))
        {
            await Task.Delay(Look, world.Time);
            if (world.Time.Elapsed > until)
            {
                throw new TimeoutException($"waited {Patience.TotalMinutes:0} minutes of virtual time for {what}");
            }
        }
    }

    private async Task<(TimeSpan Cpu, int Steps)> OverAsync(TimeSpan window)
    {
        (TimeSpan cpu, int steps) = (Cpu(), world.StepsOf(World.Controllers));
        await Task.Delay(window, world.Time);
        return (Cpu() - cpu, world.StepsOf(World.Controllers) - steps);
    }

    private static bool IsRunning(KubeObject installation) => installation.TextAt("status", "phase") == "Running";

    private static string TenantName(int number) => $"tenant-{number}";

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    private static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Json(spec),
    };

    private static TimeSpan Cpu() => Process.GetCurrentProcess().TotalProcessorTime;
}
