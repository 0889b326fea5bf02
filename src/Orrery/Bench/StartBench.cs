using System.Diagnostics;
using System.Globalization;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Starts control planes of its own in a folder of its own: how long from the start of the process until <c>/readyz</c> answers
/// ok, and what that cost. Of several starts the median counts. Files are in the system's cache, as after any restart.
/// </summary>
internal sealed class StartBench(DataDirectory directory, int runs, Progress progress, TimeProvider time)
{
    private const int Workers = 32;
    private const string Namespace = "bench-start";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>Long enough for a server to write down what it holds.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    public async Task<IReadOnlyList<Figure>> RunAsync(int objects, CancellationToken cancellationToken)
    {
        directory.Create();
        var settings = new Settings { DataPlanes = [], Port = Ports.Free() };
        settings.Save(directory);
        Credentials.EnsureControlPlane(directory, settings, time);
        OrreryProcess process = Processes.Of(directory, settings).Single(p => p.Name == Processes.ControlPlane);
        using var client = new RawClient(KubeConfig.Load(directory.AdminKubeconfig));
        try
        {
            // 1. Nothing there but the keys.
            progress.Say("a new installation");
            Started fresh = await StartAsync(process, client, cancellationToken).ConfigureAwait(false);

            // 2. Again and again.
            progress.Say($"{runs} starts of an empty one");
            Started empty = await RestartAsync(process, client, kill: false, cancellationToken).ConfigureAwait(false);

            // 3. The same with objects, which are written as anybody would.
            progress.Say($"{objects} objects to make");
            await FillAsync(process, client, objects, cancellationToken).ConfigureAwait(false);
            progress.Say($"{runs} starts with them");
            Started full = await RestartAsync(process, client, kill: false, cancellationToken).ConfigureAwait(false);
            progress.Say($"{runs} starts with them after the process was killed");
            Started killed = await RestartAsync(process, client, kill: true, cancellationToken).ConfigureAwait(false);
            await ProveAsync(client, objects, cancellationToken).ConfigureAwait(false);
            return
            [
                new(StartMeasures.New, fresh.Wall.TotalMilliseconds),
                new(StartMeasures.Empty, empty.Wall.TotalMilliseconds),
                new(StartMeasures.EmptyCpu, empty.Cpu.TotalMilliseconds),
                new(StartMeasures.Full(objects), full.Wall.TotalMilliseconds),
                new(StartMeasures.FullCpu, full.Cpu.TotalMilliseconds),
                new(StartMeasures.FullMemory, full.Resident / 1e6),
                new(StartMeasures.Killed, killed.Wall.TotalMilliseconds),
            ];
        }
        finally
        {
            await process.StopAsync(Grace, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<Started> StartAsync(OrreryProcess process, RawClient client, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        int pid = process.Start();
        while (!await IsReadyAsync(client, cancellationToken).ConfigureAwait(false))
        {
            if (process.RunningPid() is null || time.GetElapsedTime(started) > Patience)
            {
                throw new CommandFailedException($"the control plane was not ready after {time.GetElapsedTime(started).TotalSeconds:0} s; the end of its log:\n{process.LogTail(15)}");
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        }

        TimeSpan wall = time.GetElapsedTime(started);
        ProcessUsage usage = ProcessUsage.Of([pid]);
        return new Started(wall, usage.Cpu, usage.Resident);
    }

    private async Task<Started> RestartAsync(OrreryProcess process, RawClient client, bool kill, CancellationToken cancellationToken)
    {
        var all = new List<Started>();
        for (int i = 0; i < runs; i++)
        {
            await (kill ? KillAsync(process, cancellationToken) : process.StopAsync(Grace, cancellationToken)).ConfigureAwait(false);
            all.Add(await StartAsync(process, client, cancellationToken).ConfigureAwait(false));
        }

        return all.OrderBy(s => s.Wall).ElementAt(all.Count / 2);
    }

    private static async Task KillAsync(OrreryProcess process, CancellationToken cancellationToken)
    {
        using var running = Process.GetProcessById(process.RunningPid() ?? throw new CommandFailedException("the control plane has ended"));
        running.Kill();
        await running.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task FillAsync(OrreryProcess process, RawClient client, int objects, CancellationToken cancellationToken)
    {
        await client.PostAsync("/api/v1/namespaces", $"{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{Namespace}\"}}}}", cancellationToken).ConfigureAwait(false);
        var target = new BenchTarget("orrery", KubeConfig.Load(directory.AdminKubeconfig), [process.RunningPid() ?? throw new CommandFailedException("the control plane has ended")]);
        await Load.RunAsync(
            target, objects, Workers, time,
            (i, token) => client.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{Namespace}/configmaps", Samples.ConfigMap(string.Create(CultureInfo.InvariantCulture, $"kept-{i}")), "application/json", token),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All that was acknowledged is there after the last start.</summary>
    private static async Task ProveAsync(RawClient client, int objects, CancellationToken cancellationToken)
    {
        // The namespace's certificate is one too, and comes by itself.
        long all = await client.CountAsync($"/api/v1/namespaces/{Namespace}/configmaps", cancellationToken).ConfigureAwait(false);
        if (all < objects)
        {
            throw new CommandFailedException($"{objects} objects were acknowledged, and {all} are there after the last start");
        }
    }

    private static async Task<bool> IsReadyAsync(RawClient client, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await client.TryAsync(HttpMethod.Get, "/readyz", null, "", cancellationToken).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }

    private readonly record struct Started(TimeSpan Wall, TimeSpan Cpu, long Resident);
}

/// <summary>What <see cref="StartBench"/> measures.</summary>
internal static class StartMeasures
{
    public static readonly Measure New = new("start-new", "first start of all to ready", "ms", null, null);
    public static readonly Measure Empty = new("start-empty", "start to ready, empty", "ms", 1_000, 3_000);
    public static readonly Measure EmptyCpu = new("start-empty-cpu", "  of that, CPU", "ms", null, null);
    public static readonly Measure FullCpu = new("start-full-cpu", "  of that, CPU", "ms", null, null);
    public static readonly Measure FullMemory = new("start-full-memory", "  memory when ready", "MB", null, null);
    public static readonly Measure Killed = new("start-killed", "  after a kill", "ms", null, null);

    /// <summary>The goal is for 100,000.</summary>
    public static Measure Full(int objects) =>
        new("start-full", string.Create(CultureInfo.InvariantCulture, $"  with {objects:N0} objects"), "ms", objects >= 100_000 ? 5_000 : null, null);
}
