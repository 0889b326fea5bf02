using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Starts a control plane of its own and connects many satellites to it, in processes of their own: what they cost while nothing happens, how soon a change is
/// applied, and how all of them come back when the control plane was killed.
/// </summary>
internal sealed class SatellitesBench(DataDirectory directory, int count, bool takesWorks, int changes, Progress progress, TimeProvider time)
{
    /// <summary>Satellites of one process: those that take Works have clients and caches of their own.</summary>
    private int EachProcess => takesWorks ? 250 : 1_000;

    private const int Placed = 20;
    private const string Marker = "bench";
    private static readonly ClusterName Cluster = new("bench", "satellites");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(20);
    private const int QuietLooks = 3;

    /// <summary>Of those that are spent until it costs no less than nine tenths of the one before, twice in a row.</summary>
    private const int MostWarmingLooks = 9;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    /// <summary>For what takes longer the more there are.</summary>
    private TimeSpan Long => Patience * Math.Max(1, count / 2_000);

    public async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        directory.Create();
        var settings = new Settings { DataPlanes = [], Port = Ports.Free() };
        settings.Save(directory);
        Credentials.EnsureControlPlane(directory, settings, time);
        OrreryProcess server = Processes.Of(directory, settings).Single(p => p.Name == Processes.ControlPlane);
        var crowds = new List<Process>();
        var figures = new List<Figure>();
        try
        {
            // 1. A control plane with its data planes, none of them heard yet. Only what has been idle for a while has given back what a burst left, and is done with it.
            BenchTarget target = await StartAsync(server, settings, cancellationToken).ConfigureAwait(false);
            using var root = new KubeClient(target.Config with { RequestTimeout = TimeSpan.FromMinutes(2) });
            progress.Say($"{count} data planes to make");
            await using FleetWatch fleet = await MakeDataPlanesAsync(root, cancellationToken).ConfigureAwait(false);
            progress.Say("all are made; what the control plane costs without satellites");
            long before = await Settling.KeptAsync(target, u => u.Anonymous, Settle, time, cancellationToken).ConfigureAwait(false);
            (TimeSpan alone, TimeSpan aloneInAll) = await CpuAsync(target, cancellationToken).ConfigureAwait(false);

            // 2. All of them connected, and nothing to do.
            progress.Say($"{count} satellites to connect");
            for (int from = 0; from < count; from += EachProcess)
            {
                crowds.Add(CrowdProcess.Start(directory, from, Math.Min(EachProcess, count - from), takesWorks));
            }

            await fleet.ReadyAsync(count, "", Long, cancellationToken).ConfigureAwait(false);
            progress.Say("all are ready; what they cost");
            long after = await Settling.KeptAsync(target, u => u.Anonymous, Settle, time, cancellationToken).ConfigureAwait(false);
            await WarmAsync(target, cancellationToken).ConfigureAwait(false);
            (TimeSpan connected, TimeSpan connectedInAll) = await CpuAsync(target, cancellationToken).ConfigureAwait(false);
            double beats = count * Quiet.TotalSeconds / 10;
            figures.Add(new Figure(SatelliteMeasures.Memory, (after - before) / 1024.0 / count));
            if (connected > alone)
            {
                figures.Add(new Figure(SatelliteMeasures.Heartbeat, (connected - alone).TotalMicroseconds / beats));
            }
            else
            {
                progress.Say("so few cannot be told from what the control plane does anyway: no figure of a heartbeat");
            }

            figures.Add(new Figure(SatelliteMeasures.AloneCpu, 100 * aloneInAll / Quiet / QuietLooks));
            figures.Add(new Figure(SatelliteMeasures.IdleCpu, 100 * connectedInAll / Quiet / QuietLooks));
            figures.Add(new Figure(SatelliteMeasures.Resident, target.Usage().Resident / 1e6));

            // 3. Changes.
            if (takesWorks)
            {
                progress.Say($"{changes} changes on {Math.Min(Placed, count)} data planes each");
                figures.AddRange(await ChangeAsync(root, settings, cancellationToken).ConfigureAwait(false));
            }

            // 4. Killed, and all of them at the door at once.
            progress.Say("the control plane is killed");
            figures.AddRange(await ComeBackAsync(server, settings, root, fleet, cancellationToken).ConfigureAwait(false));
            return figures;
        }
        finally
        {
            await HeldProcesses.EndAsync(crowds, Grace, time).ConfigureAwait(false);
            await server.StopAsync(Grace, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<BenchTarget> StartAsync(OrreryProcess server, Settings settings, CancellationToken cancellationToken)
    {
        _ = server.Start();
        using var client = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
        await Waiting.UntilAsync("the control plane", Patience, time, async () => await AnswersAsync(client, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return BenchTarget.Own((directory, settings));
    }

    private static async Task<bool> AnswersAsync(KubeClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.GetTextAsync("/readyz", cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (IsAway(e, cancellationToken))
        {
            return false;
        }
    }

    /// <summary>A connection that does not open in time ends as if it were cancelled.</summary>
    private static bool IsAway(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or StatusException or IOException or TimeoutException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private async Task<FleetWatch> MakeDataPlanesAsync(KubeClient root, CancellationToken cancellationToken)
    {
        await Waiting.UntilAsync(
            "the kind DataPlane", Patience, time, async () => await IsServedAsync(root, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (i, token) =>
        {
            var body = new JsonObject { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = CrowdProcess.NameOf(i) }, ["spec"] = new JsonObject() };
            _ = await root.CreateAsync(OrreryResources.DataPlanes, "", body, token).ConfigureAwait(false);
        }).ConfigureAwait(false);

        // The controllers give each its namespace and its satellite's access.
        var fleet = new FleetWatch(root.Config, time);
        try
        {
            await fleet.ReportedAsync(count, Long, cancellationToken).ConfigureAwait(false);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<bool> IsServedAsync(KubeClient root, CancellationToken cancellationToken)
    {
        try
        {
            _ = await root.ListAsync(OrreryResources.DataPlanes, "", null, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StatusException e) when (e.Code is 404 or 503)
        {
            return false;
        }
    }

    /// <returns>
    /// What is used in <see cref="Quiet"/>, as the middle one of some looks has it, and in all of them. A single collection of what a burst has left costs as much as a thousand heartbeats, and is none of theirs.
    /// </returns>
    private async Task<(TimeSpan Usual, TimeSpan InAll)> CpuAsync(BenchTarget target, CancellationToken cancellationToken)
    {
        var looks = new List<TimeSpan>();
        for (int look = 0; look < QuietLooks; look++)
        {
            looks.Add(await UsedAsync(target, cancellationToken).ConfigureAwait(false));
        }

        return (looks.Order().ElementAt(QuietLooks / 2), looks.Aggregate(TimeSpan.Zero, (sum, look) => sum + look));
    }

    /// <summary>What the first heartbeats and bookmarks run is compiled in the minutes after, once in the life of a process: returns once that is over.</summary>
    private async Task WarmAsync(BenchTarget target, CancellationToken cancellationToken)
    {
        TimeSpan former = TimeSpan.MaxValue;
        for (int look = 0, warm = 0; look < MostWarmingLooks && warm < 2; look++)
        {
            TimeSpan used = await UsedAsync(target, cancellationToken).ConfigureAwait(false);
            warm = used >= former * 0.9 ? warm + 1 : 0;
            former = used;
        }
    }

    private async Task<TimeSpan> UsedAsync(BenchTarget target, CancellationToken cancellationToken)
    {
        TimeSpan before = target.Usage().Cpu;
        await Task.Delay(Quiet, time, cancellationToken).ConfigureAwait(false);
        return target.Usage().Cpu - before;
    }

    private async Task<IReadOnlyList<Figure>> ChangeAsync(KubeClient root, Settings settings, CancellationToken cancellationToken)
    {
        string[] placed = [.. Enumerable.Range(0, Math.Min(Placed, count)).Select(i => CrowdProcess.NameOf(i * Math.Max(1, count / Placed)))];
        await BenchCluster.MakeAsync(root, Cluster, placed, time, cancellationToken).ConfigureAwait(false);
        using var tenant = new KubeClient(KubeConfig.Load(await VirtualClusterAccess.WriteKubeconfigAsync(directory, settings, Cluster, time, cancellationToken).ConfigureAwait(false)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var seen = Channel.CreateUnbounded<(int Change, string DataPlane, long At)>();
        Task watching = WatchAsync(root, seen.Writer, stop.Token);
        var took = new List<double>();
        for (int change = 0; change <= changes; change++)
        {
            var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = Marker }, ["data"] = new JsonObject { [Marker] = change.ToString(CultureInfo.InvariantCulture) } };
            _ = await tenant.ApplyAsync(ConfigMaps, "default", Marker, body, Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
            long acknowledged = time.GetTimestamp();
            var at = new HashSet<string>(StringComparer.Ordinal);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            while (at.Count < placed.Length)
            {
                (int which, string dataPlane, long when) = await seen.Reader.ReadAsync(limit.Token).ConfigureAwait(false);
                if (which == change && at.Add(dataPlane) && change > 0)
                {
                    took.Add(Math.Max(0, time.GetElapsedTime(acknowledged, when).TotalMilliseconds));
                }
            }
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        took.Sort();
        return [new(SatelliteMeasures.AppliedMedian, took[took.Count / 2]), new(SatelliteMeasures.Applied, took[Math.Max(0, (int)Math.Ceiling(0.99 * took.Count) - 1)])];
    }

    /// <summary>Each change that a satellite says is applied.</summary>
    private async Task WatchAsync(KubeClient root, ChannelWriter<(int Change, string DataPlane, long At)> seen, CancellationToken cancellationToken)
    {
        await foreach (WatchEvent found in root.WatchAsync(OrreryResources.Works, "", new WatchQuery(), cancellationToken).ConfigureAwait(false))
        {
            KubeObject work = found.Object;
            if (work.TextAt("spec", "manifest", "data", Marker) is { } change && work.NumberAt("status", "observedGeneration") == work.Generation)
            {
                seen.TryWrite((int.Parse(change, CultureInfo.InvariantCulture), work.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..], time.GetTimestamp()));
            }
        }
    }

    private async Task<IReadOnlyList<Figure>> ComeBackAsync(OrreryProcess server, Settings settings, KubeClient root, FleetWatch fleet, CancellationToken cancellationToken)
    {
        string former = fleet.Holder(CrowdProcess.NameOf(0));
        using (var running = Process.GetProcessById(server.RunningPid() ?? throw new CommandFailedException("the control plane has ended")))
        {
            running.Kill();
            await running.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }

        long killed = time.GetTimestamp();
        BenchTarget target = await StartAsync(server, settings, cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<(int Asked, int Failed, string Last)> tenant = AskAsync(stop.Token);
        await fleet.ReadyAsync(count, former, Long, cancellationToken).ConfigureAwait(false);
        TimeSpan took = time.GetElapsedTime(killed);
        TimeSpan cpu = target.Usage().Cpu;
        await stop.CancelAsync().ConfigureAwait(false);
        (int asked, int failed, string last) = await tenant.ConfigureAwait(false);
        string metrics = await root.GetTextAsync("/metrics", cancellationToken).ConfigureAwait(false);
        double lists = metrics.Split('\n').Where(l => l.StartsWith("apiserver_request_total", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"works\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        progress.Say($"all are back; meanwhile {asked} requests of others, {failed} of them answered 5xx or not at all{(failed > 0 ? $", the last: {last}" : "")}");
        return [new(SatelliteMeasures.Back, took.TotalSeconds), new(SatelliteMeasures.BackCpu, cpu.TotalSeconds), new(SatelliteMeasures.Lists, lists), new(SatelliteMeasures.Failures, failed)];
    }

    /// <summary>What somebody else sees meanwhile.</summary>
    private async Task<(int Asked, int Failed, string Last)> AskAsync(CancellationToken cancellationToken)
    {
        using var client = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
        int asked = 0, failed = 0;
        string last = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                asked++;
                _ = await client.ListAsync(ConfigMaps, "default", null, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not StatusException { Code: < 500 } && IsAway(e, cancellationToken))
            {
                failed++;
                last = e.Message;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                asked--;
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (asked, failed, last);
    }
}

/// <summary>What <see cref="SatellitesBench"/> measures.</summary>
internal static class SatelliteMeasures
{
    public static readonly Measure Memory = new("satellite-memory", "memory a connected satellite", "KiB", 64, null);
    public static readonly Measure Heartbeat = new("heartbeat", "heartbeat, CPU", "µs", 40, null);
    public static readonly Measure AloneCpu = new("alone-cpu", "control plane without satellites, of a core", "%", null, null);
    public static readonly Measure IdleCpu = new("idle-cpu", "  with all of them, of a core", "%", null, null);
    public static readonly Measure Resident = new("resident", "control plane, memory", "MB", null, null);
    public static readonly Measure AppliedMedian = new("applied-p50", "change to applied, p50", "ms", null, null);
    public static readonly Measure Applied = new("applied-p99", "change to applied, p99", "ms", 1_000, null);
    public static readonly Measure Back = new("back", "killed to all ready again", "s", 60, null);
    public static readonly Measure BackCpu = new("back-cpu", "  of that, CPU", "s", null, null);
    public static readonly Measure Lists = new("back-lists", "  lists of Works", "", null, null);
    public static readonly Measure Failures = new("back-failures", "  5xx to others", "", 0, null);
}
