using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Starts a control plane of its own with simulated data planes in processes of their own, and gives it many tenants with three installations each: what the
/// controllers' look at everything costs when there is nothing to do, and how soon one more tenant is ready and runs while fifty others change.
/// </summary>
internal sealed class ControlPlaneBench(DataDirectory directory, int planes, int tenants, int onboarded, Progress progress, TimeProvider time)
{
    private const int EachProcess = 25;
    private const int Installations = 3;
    private const int Changing = 50;
    private const string Application = "product";

    /// <summary>The controllers' own interval is minutes; what one look costs does not depend on it.</summary>
    private static readonly TimeSpan LevelInterval = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);
    private static readonly ParallelOptions Few = new() { MaxDegreeOfParallelism = 8 };

    public async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        directory.Create();
        var settings = new Settings { DataPlanes = [], Port = Ports.Free(), LevelInterval = (int)LevelInterval.TotalSeconds };
        settings.Save(directory);
        Credentials.EnsureControlPlane(directory, settings, time);
        OrreryProcess server = Processes.Of(directory, settings).Single(p => p.Name == Processes.ControlPlane);
        var fleet = new List<Process>();
        try
        {
            _ = server.Start();
            using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
            await UntilAsync("the kind Installation", () => IsServedAsync(root, cancellationToken), cancellationToken).ConfigureAwait(false);
            BenchTarget target = BenchTarget.Own((directory, settings));

            // 1. Data planes, ready, and what is installed.
            progress.Say($"{planes} data planes");
            await Parallel.ForEachAsync(Enumerable.Range(0, planes), Few, async (i, _) => await CreateAsync(root, OrreryResources.DataPlanes, "", "DataPlane", FleetProcess.NameOf(i), "{}", cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            for (int from = 0; from < planes; from += EachProcess)
            {
                fleet.Add(FleetProcess.Start(directory, from, Math.Min(EachProcess, planes - from)));
            }

            await UntilAsync("every data plane", async () => await CountAsync(root, OrreryResources.DataPlanes, d => Conditions.IsTrue(d, OrreryNames.ReadyCondition), cancellationToken).ConfigureAwait(false) == planes, cancellationToken).ConfigureAwait(false);
            await CreateAsync(root, OrreryResources.Applications, "", "Application", Application, "{}", cancellationToken).ConfigureAwait(false);
            await ReleaseAsync(root, 1, cancellationToken).ConfigureAwait(false);
            await ReleaseAsync(root, 2, cancellationToken).ConfigureAwait(false);

            // 2. Tenants.
            progress.Say($"{tenants} tenants with {Installations} installations each");
            long began = time.GetTimestamp();
            await Parallel.ForEachAsync(Enumerable.Range(0, tenants), Few, async (i, _) => await OnboardAsync(root, i, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            await UntilAsync("all installations", async () => await CountAsync(root, OrreryResources.Installations, IsRunning, cancellationToken).ConfigureAwait(false) == tenants * Installations, cancellationToken).ConfigureAwait(false);
            TimeSpan rollout = time.GetElapsedTime(began);

            // 3. Nothing to do, over one interval: every controller looks at everything once.
            await Settling.MemoryAsync(target, u => u.Resident, TimeSpan.FromSeconds(30), time, cancellationToken).ConfigureAwait(false);
            progress.Say("a look at everything");
            TimeSpan before = target.Usage().Cpu;
            await Task.Delay(LevelInterval, time, cancellationToken).ConfigureAwait(false);
            TimeSpan resync = target.Usage().Cpu - before;

            // 4. One more tenant after the other, while others are upgraded.
            progress.Say($"{onboarded} more tenants while {Math.Min(Changing, tenants)} others change");
            (List<double> ready, List<double> running, double changes) = await AddAsync(root, cancellationToken).ConfigureAwait(false);
            return
            [
                new(ControlPlaneMeasures.Rollout, rollout.TotalSeconds),
                new(ControlPlaneMeasures.Resync, resync.TotalSeconds),
                new(ControlPlaneMeasures.ReadyMedian, Quantile(ready, 0.5)),
                new(ControlPlaneMeasures.Ready, Quantile(ready, 0.99)),
                new(ControlPlaneMeasures.RunningMedian, Quantile(running, 0.5)),
                new(ControlPlaneMeasures.Running, Quantile(running, 0.99)),
                new(ControlPlaneMeasures.Changes, changes),
                new(ControlPlaneMeasures.Resident, target.Usage().Resident / 1e6),
            ];
        }
        finally
        {
            await HeldProcesses.EndAsync(fleet, Grace, time).ConfigureAwait(false);
            await server.StopAsync(Grace, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<(List<double> Ready, List<double> Running, double Changes)> AddAsync(KubeClient root, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long began = time.GetTimestamp();
        Task<int> changing = ChangeAsync(root, stop.Token);
        List<double> ready = [], running = [];
        for (int i = 0; i < onboarded; i++)
        {
            int number = tenants + i;
            long start = time.GetTimestamp();
            TimeSpan served = await OnboardAsync(root, number, cancellationToken).ConfigureAwait(false);
            await UntilAsync($"tenant {number}", async () =>
                (await root.ListAsync(OrreryResources.Installations, TenantName(number), null, cancellationToken).ConfigureAwait(false)).Items.Count(IsRunning) == Installations, cancellationToken).ConfigureAwait(false);
            ready.Add(served.TotalSeconds);
            running.Add(time.GetElapsedTime(start).TotalSeconds);
        }

        TimeSpan took = time.GetElapsedTime(began);
        await stop.CancelAsync().ConfigureAwait(false);
        return (ready, running, await changing.ConfigureAwait(false) / took.TotalSeconds);
    }

    /// <summary>Upgrades one installation of each of fifty tenants, and back, over and over: each five seconds all of them once.</summary>
    private async Task<int> ChangeAsync(KubeClient root, CancellationToken cancellationToken)
    {
        int others = Math.Min(Changing, tenants), made = 0;
        TimeSpan pause = TimeSpan.FromSeconds(5) / others;
        for (int release = 2; !cancellationToken.IsCancellationRequested; release = 3 - release)
        {
            for (int i = 0; i < others && !cancellationToken.IsCancellationRequested; i++)
            {
                var patch = new JsonObject { ["spec"] = new JsonObject { ["release"] = ReleaseName(release) } };
                await root.PatchAsync(OrreryResources.Installations, TenantName(i), InstallationName(0), PatchKind.Merge, patch, CancellationToken.None).ConfigureAwait(false);
                made++;
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return made;
    }

    /// <returns>After what time the tenant was ready.</returns>
    private async Task<TimeSpan> OnboardAsync(KubeClient root, int number, CancellationToken cancellationToken)
    {
        string name = TenantName(number);
        long start = time.GetTimestamp();
        await CreateAsync(root, OrreryResources.Tenants, "", "Tenant", name, "{}", cancellationToken).ConfigureAwait(false);
        await UntilAsync($"tenant {name}", async () => Conditions.IsTrue(await root.GetAsync(OrreryResources.Tenants, "", name, cancellationToken).ConfigureAwait(false), OrreryNames.ReadyCondition), cancellationToken).ConfigureAwait(false);
        TimeSpan ready = time.GetElapsedTime(start);
        for (int i = 0; i < Installations; i++)
        {
            string plane = FleetProcess.NameOf(((number * Installations) + i) % planes);
            await CreateAsync(
                root, OrreryResources.Installations, name, "Installation", InstallationName(i),
                $$"""{"application": "{{Application}}", "release": "{{ReleaseName(1)}}", "placement": {"dataPlanes": ["{{plane}}"]} }""", cancellationToken).ConfigureAwait(false);
        }

        return ready;
    }

    private static Task ReleaseAsync(KubeClient root, int number, CancellationToken cancellationToken) => CreateAsync(
        root, OrreryResources.Releases, "", "Release", ReleaseName(number),
        $$"""
        {"application": "{{Application}}", "version": "{{number}}.0.0", "bundle": {"manifests": {"inline": [
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"version": "{{number}}"} },
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"key": "value"} },
          {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]} }]} } }
        """,
        cancellationToken);

    private static Task CreateAsync(KubeClient root, GroupVersionResource resource, string ns, string kind, string name, string spec, CancellationToken cancellationToken) => root.CreateAsync(
        resource, ns, new JsonObject { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = JsonNode.Parse(spec) }, cancellationToken);

    private static async Task<bool> IsServedAsync(KubeClient root, CancellationToken cancellationToken)
    {
        try
        {
            await root.ListAsync(OrreryResources.Installations, "", null, cancellationToken).ConfigureAwait(false);
            await root.ListAsync(OrreryResources.Tenants, "", null, cancellationToken).ConfigureAwait(false);
            await root.ListAsync(OrreryResources.DataPlanes, "", null, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or StatusException { Code: 404 or 503 })
        {
            return false;
        }
    }

    private static async Task<int> CountAsync(KubeClient root, GroupVersionResource resource, Func<KubeObject, bool> holds, CancellationToken cancellationToken) =>
        (await root.ListAsync(resource, "", new ListQuery { ResourceVersion = "0" }, cancellationToken).ConfigureAwait(false)).Items.Count(holds);

    private async Task UntilAsync(string what, Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (!await holds().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new CommandFailedException($"waited {Patience.TotalMinutes:0} minutes for {what}");
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsRunning(KubeObject installation) => installation.TextAt("status", "phase") == "Running";

    private static double Quantile(List<double> values, double share)
    {
        values.Sort();
        return values[Math.Max(0, (int)Math.Ceiling(share * values.Count) - 1)];
    }

    private static string TenantName(int number) => string.Create(CultureInfo.InvariantCulture, $"tenant-{number}");

    private static string InstallationName(int number) => string.Create(CultureInfo.InvariantCulture, $"{Application}-{number}");

    private static string ReleaseName(int number) => string.Create(CultureInfo.InvariantCulture, $"{Application}-{number}");
}
