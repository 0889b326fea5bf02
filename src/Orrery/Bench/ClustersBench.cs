using System.Globalization;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>Makes many virtual clusters, lets them idle, and deletes them: how fast, and what each costs in memory meanwhile.</summary>
internal sealed class ClustersBench(BenchTarget target, TimeSpan settle, Progress progress, TimeProvider time) : IDisposable
{
    private const int Workers = 32;
    private const int Warm = 500;
    private const string Tenant = "bench-clusters";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>So long a server may keep what clients can go on from: a little more than <c>PastKeeping.Least</c>.</summary>
    private static readonly TimeSpan Past = TimeSpan.FromSeconds(90);

    private static readonly string Path = $"/apis/{OrreryResources.ApiVersion}/namespaces/{Tenant}/virtualclusters";

    private readonly RawClient client = new(target.Config);
    private readonly KubeClient reader = new(target.Config);

    public async Task<IReadOnlyList<Figure>> RunAsync(int count, CancellationToken cancellationToken)
    {
        // 1. A tenant, whose namespace they live in.
        await client.PostAsync($"/apis/{OrreryResources.ApiVersion}/tenants", $"{{\"apiVersion\":\"{OrreryResources.ApiVersion}\",\"kind\":\"Tenant\",\"metadata\":{{\"name\":\"{Tenant}\"}},\"spec\":{{}}}}", cancellationToken).ConfigureAwait(false);
        await Waiting.UntilAsync("the tenant's namespace", Patience, time, async () => await reader.FindAsync(new("", "v1", "namespaces"), "", Tenant, cancellationToken).ConfigureAwait(false) is not null, cancellationToken).ConfigureAwait(false);
        try
        {
            // 2. A few that come and go, so that code which has to be compiled first is not taken for what clusters cost.
            progress.Say($"{Warm} virtual clusters to begin with");
            await MakeAsync(Warm, cancellationToken).ConfigureAwait(false);
            await DeleteAsync(cancellationToken).ConfigureAwait(false);
            long before = await Settling.KeptAsync(target, settle, time, cancellationToken).ConfigureAwait(false);

            // 3. Make them; each counts when it is Ready.
            progress.Say($"{count} virtual clusters");
            long started = time.GetTimestamp();
            ProcessUsage usage = target.Usage();
            await MakeAsync(count, cancellationToken).ConfigureAwait(false);
            TimeSpan made = time.GetElapsedTime(started);
            double cpu = (target.Usage().Cpu - usage.Cpu).TotalMicroseconds / count;
            long full = await Settling.KeptAsync(target, settle, time, cancellationToken).ConfigureAwait(false);
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"ready after {made.TotalSeconds:0.0} s; memory grew by {(full - before) / 1e6:0.0} MB"));

            // 4. Delete them; the last is gone when nothing is listed any more.
            started = time.GetTimestamp();
            await DeleteAsync(cancellationToken).ConfigureAwait(false);
            TimeSpan deleted = time.GetElapsedTime(started);
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"gone after {deleted.TotalSeconds:0.0} s; {Past.TotalSeconds:0} s until nobody goes on from there"));
            await Task.Delay(Past, time, cancellationToken).ConfigureAwait(false);
            long after = await Settling.KeptAsync(target, settle, time, cancellationToken).ConfigureAwait(false);
            return
            [
                new(ClusterMeasures.Rate, count / made.TotalSeconds),
                new(ClusterMeasures.Cpu, cpu),
                new(ClusterMeasures.Memory, (full - before) / 1024.0 / count),
                new(ClusterMeasures.Delete, deleted.TotalSeconds * 10_000 / count),
                new(ClusterMeasures.Kept, (after - before) / 1e6),
            ];
        }
        finally
        {
            await client.TryAsync(HttpMethod.Delete, Path, null, "", CancellationToken.None).ConfigureAwait(false);
            await client.TryAsync(HttpMethod.Delete, $"/apis/{OrreryResources.ApiVersion}/tenants/{Tenant}", null, "", CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        client.Dispose();
        reader.Dispose();
    }

    private async Task MakeAsync(int count, CancellationToken cancellationToken)
    {
        // Watched: to list ten thousand again and again would take a good part of the processors from the server.
        await using var ready = new ReadyWatch(reader, Tenant, time);
        await ready.HasSynced.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        await Load.RunAsync(target, count, Workers, time, (i, token) => client.PostAsync(Path, Body(i), token), cancellationToken).ConfigureAwait(false);
        progress.Say($"all were accepted, {ready.Count} are ready");
        await UntilAsync("all to be ready", now => now == count, "ready", _ => Task.FromResult(ready.Count), cancellationToken).ConfigureAwait(false);
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await client.SendAsync(HttpMethod.Delete, Path, null, "", cancellationToken).ConfigureAwait(false);
        await UntilAsync("all to be gone", left => left == 0, "left", async token => (int)await client.CountAsync(Path, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    private static string Body(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"apiVersion\":\"{OrreryResources.ApiVersion}\",\"kind\":\"VirtualCluster\",\"metadata\":{{\"name\":\"c{number}\"}},\"spec\":{{}}}}");

    private async Task UntilAsync(string what, Func<int, bool> holds, string word, Func<CancellationToken, Task<int>> look, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp(), said = started;
        for (int now = await look(cancellationToken).ConfigureAwait(false); !holds(now); now = await look(cancellationToken).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new CommandFailedException($"waited {Patience.TotalMinutes:0} minutes for {what}; {now} {word}");
            }

            if (time.GetElapsedTime(said) > TimeSpan.FromSeconds(5))
            {
                progress.Say($"{now} {word}");
                said = time.GetTimestamp();
            }

            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>What <see cref="ClustersBench"/> measures.</summary>
internal static class ClusterMeasures
{
    public static readonly Measure Rate = new("cluster-rate", "virtual clusters made", "/s", 500, null, HigherIsBetter: true);
    public static readonly Measure Cpu = new("cluster-cpu", "virtual cluster made, CPU", "µs", null, null);
    public static readonly Measure Memory = new("cluster-memory", "idle virtual cluster", "KiB", 16, null);
    public static readonly Measure Delete = new("cluster-delete", "10,000 deleted in", "s", 60, null);
    public static readonly Measure Kept = new("cluster-kept", "memory kept after that", "MB", 10, null);
}
