using System.Globalization;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.Machinery.Wire;

namespace Orrery.Bench;

/// <summary>How much of everything a run of <see cref="ApiBench"/> does.</summary>
/// <param name="Scale">Share of the full amounts, 0.01 to 1.</param>
/// <param name="Only">Keys of the measures wanted; empty for all.</param>
/// <param name="Settle">How long memory may take to come to rest.</param>
internal sealed record ApiBenchOptions(double Scale, IReadOnlyList<string> Only, TimeSpan Settle)
{
    public int Count(int full) => Math.Max(10, (int)(full * Scale));

    public bool Wants(params Measure[] measures) => Only.Count == 0 || measures.Any(m => Only.Contains(m.Key));
}

/// <summary>
/// Measures one API server by what a client can do to it: writes, reads, lists, watches, definitions. CPU and memory are
/// those of the server's processes; everything happens in a namespace of its own that is deleted at the end.
/// </summary>
internal sealed class ApiBench(BenchTarget target, ApiBenchOptions options, Progress progress, TimeProvider time) : IDisposable
{
    private const int Workers = 16;
    private const int Listed = 5_000;
    private const int MostBatches = 60;

    /// <summary>A compiler that waits until a start is over before it counts what runs often has not begun before.</summary>
    private static readonly TimeSpan LeastWarm = TimeSpan.FromSeconds(15);

    /// <summary>The same for another request to a server that is warm by now: part of its road is new.</summary>
    private static readonly TimeSpan LeastWarmAfter = TimeSpan.FromSeconds(6);

    /// <summary>The same for lists, one at a time: what a long one does often it does within few calls, and it is calls that a compiler counts.</summary>
    private static readonly TimeSpan LeastWarmLists = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan MostWarm = TimeSpan.FromSeconds(40);
    private const string DefinitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private readonly RawClient client = new(target.Config);
    private readonly string ns = "bench-" + time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
    private readonly List<Figure> figures = [];

    private string Maps => $"/api/v1/namespaces/{ns}/configmaps";

    public async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        if (target.Pids.Count == 0)
        {
            throw new CommandFailedException($"{target.Name}: which processes are measured? Name them with --pid");
        }

        // 1. Before anything was done to it.
        if (options.Wants(Measure.Idle))
        {
            Say("memory at rest, for a minute from half a minute after the start");
            await Settling.StartedAsync(target, time, cancellationToken).ConfigureAwait(false);
            Add(Measure.Idle, Megabytes(await Settling.MemoryAsync(target, time, cancellationToken).ConfigureAwait(false)));
        }

        await client.PostAsync("/api/v1/namespaces", $"{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{ns}\"}}}}", cancellationToken).ConfigureAwait(false);
        try
        {
            // 2. What is kept, while memory has not been through much yet; what leaves most behind comes last.
            await DefinitionsAsync(cancellationToken).ConfigureAwait(false);
            await SharedDefinitionsAsync(cancellationToken).ConfigureAwait(false);
            await new WatchBench(target, client, options, progress, time, figures).IdleAsync(Maps, cancellationToken).ConfigureAwait(false);
            await ObjectsAsync(cancellationToken).ConfigureAwait(false);

            // 3. What is done.
            await WritesAsync(cancellationToken).ConfigureAwait(false);
            await ReadsAsync(cancellationToken).ConfigureAwait(false);
            await new WatchBench(target, client, options, progress, time, figures).FanOutAsync(Maps, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Say("cleaning up");
            await CleanUpAsync().ConfigureAwait(false);
        }

        return figures;
    }

    public void Dispose() => client.Dispose();

    /// <summary>What cannot be removed is told, and costs nobody the figures.</summary>
    private async Task CleanUpAsync()
    {
        try
        {
            await client.ClearAsync(Maps, CancellationToken.None).ConfigureAwait(false);
            await client.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/" + ns, null, "", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is CommandFailedException or HttpRequestException)
        {
            Say($"namespace {ns} is left behind: {fault.Message}");
        }
    }

    private async Task DefinitionsAsync(CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.DefinitionMemory))
        {
            return;
        }

        int few = options.Count(20), count = options.Count(100);
        Say($"{count} definitions that nobody uses");
        // The first ones bring code with them that has to be compiled, and are not counted.
        string[] first = await DefineAsync("w", few, cancellationToken).ConfigureAwait(false);
        long before = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        string[] made = await DefineAsync("g", count, cancellationToken).ConfigureAwait(false);
        long after = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        Add(Measure.DefinitionMemory, (after - before) / 1024.0 / count);
        await UndefineAsync([.. first, .. made], cancellationToken).ConfigureAwait(false);
    }

    private async Task<string[]> DefineAsync(string prefix, int count, CancellationToken cancellationToken)
    {
        string[] groups = [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}.{ns}.example.com"))];
        foreach (string group in groups)
        {
            await client.SendAsync(HttpMethod.Post, DefinitionsPath, Samples.Definition(group), "application/json", cancellationToken).ConfigureAwait(false);
        }

        return groups;
    }

    private async Task UndefineAsync(string[] groups, CancellationToken cancellationToken)
    {
        foreach (string group in groups)
        {
            await client.SendAsync(HttpMethod.Delete, $"{DefinitionsPath}/widgets.{group}", null, "", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The same definitions in many virtual clusters; the first has them before anything is measured.</summary>
    private async Task SharedDefinitionsAsync(CancellationToken cancellationToken)
    {
        if (options.Wants(Measure.SharedDefinition) && target.EveryCluster is { } everywhere)
        {
            using var bench = new SharedDefinitionsBench(target, everywhere, options, progress, time);
            Add(Measure.SharedDefinition, await bench.RunAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task ObjectsAsync(CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.ObjectMemory))
        {
            return;
        }

        // The difference of two numbers of them: what the first ones bring with them is not counted.
        int few = options.Count(5_000), count = options.Count(20_000);
        Say($"{count} objects to keep");
        await CreateAsync("first", few, cancellationToken).ConfigureAwait(false);
        long before = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        await CreateAsync("kept", count, cancellationToken).ConfigureAwait(false);
        long after = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        Add(Measure.ObjectMemory, (after - before) / 1024.0 / count);
        await client.ClearAsync(Maps, cancellationToken).ConfigureAwait(false);
    }

    private async Task WritesAsync(CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.FirstCreates, Measure.Create, Measure.CreateLatency, Measure.CreateRate, Measure.Update, Measure.Patch, Measure.Delete))
        {
            return;
        }

        int count = options.Count(10_000);
        Say($"creates until they cost the same as before, then {count}");
        LoadResult first = await WarmAsync("creates", LeastWarm, i => CreateAsync("warm" + i, options.Count(4_000), cancellationToken)).ConfigureAwait(false);
        Add(Measure.FirstCreates, first.CpuMicroseconds);
        LoadResult created = await CreateAsync("made", count, cancellationToken).ConfigureAwait(false);
        Add(Measure.Create, created.CpuMicroseconds);
        Add(Measure.CreateLatency, created.Percentile(0.99));
        Add(Measure.CreateRate, created.PerSecond);

        if (options.Wants(Measure.Patch))
        {
            Say($"{count} patches");
            LoadResult patched = await MeasuredAsync("patches", count, (i, round, token) => client.SendAsync(HttpMethod.Patch, Named("made", i), Samples.Touch(i + (round * count)), "application/merge-patch+json", token), cancellationToken).ConfigureAwait(false);
            Add(Measure.Patch, patched.CpuMicroseconds);
        }

        if (options.Wants(Measure.Update))
        {
            Say($"{count} replacements");
            LoadResult updated = await MeasuredAsync("replacements", count, (i, round, token) => client.SendAsync(HttpMethod.Put, Named("made", i), Samples.ConfigMap(Name("made", i), (char)('a' + (round % 26))), "application/json", token), cancellationToken).ConfigureAwait(false);
            Add(Measure.Update, updated.CpuMicroseconds);
        }

        if (options.Wants(Measure.Delete))
        {
            Say($"{count} deletes");
            LoadResult deleted = await Load.RunAsync(target, count, Workers, time, (i, token) =>
                client.SendAsync(HttpMethod.Delete, Named("made", i), null, "", token), cancellationToken).ConfigureAwait(false);
            Add(Measure.Delete, deleted.CpuMicroseconds);
        }

        await client.ClearAsync(Maps, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The first requests of a server with a just-in-time compiler pay for the compiling. They are sent, and not counted, until a
    /// batch costs no less than nine tenths of the one before, twice in a row, and the least time has passed; after <see cref="MostWarm"/> it
    /// counts as warm. What the first of them cost is a figure of its own.
    /// </summary>
    /// <returns>The first batch.</returns>
    private async Task<LoadResult> WarmAsync(string what, TimeSpan least, Func<int, Task<LoadResult>> batch)
    {
        LoadResult first = await BatchAsync(0).ConfigureAwait(false);
        double last = first.CpuMicroseconds;
        long started = time.GetTimestamp();
        least = options.Scale < 0.1 ? TimeSpan.Zero : least;
        for (int i = 1, alike = 0; i < MostBatches && (alike < 2 || time.GetElapsedTime(started) < least) && time.GetElapsedTime(started) < MostWarm; i++)
        {
            LoadResult result = await BatchAsync(i).ConfigureAwait(false);
            alike = result.CpuMicroseconds > 0.9 * last ? alike + 1 : 0;
            last = result.CpuMicroseconds;
        }

        return first;

        async Task<LoadResult> BatchAsync(int i)
        {
            LoadResult result = await batch(i).ConfigureAwait(false);
            Say($"{result.Count} {what} at {result.CpuMicroseconds:0} µs");
            return result;
        }
    }

    /// <summary>Warm. The round tells a change from the one before, so that neither changes nothing.</summary>
    private async Task<LoadResult> MeasuredAsync(string what, int count, Func<int, int, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        int rounds = 0;
        Task<LoadResult> Round(int some)
        {
            int round = rounds++;
            return Load.RunAsync(target, some, Workers, time, (i, token) => send(i, round, token), cancellationToken);
        }

        await WarmAsync(what, LeastWarmAfter, _ => Round(count / 2)).ConfigureAwait(false);
        return await Round(count).ConfigureAwait(false);
    }

    private async Task ReadsAsync(CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.Get, Measure.GetLatency, Measure.GetProtobuf, Measure.List, Measure.ListProtobuf))
        {
            return;
        }

        Say($"{Listed} objects to read");
        await CreateAsync("read", Listed, cancellationToken).ConfigureAwait(false);
        using var binary = new RawClient(target.Config) { Accept = KubernetesProtobuf.MediaType };
        if (options.Wants(Measure.Get, Measure.GetLatency))
        {
            LoadResult got = await GetAsync("reads", client, cancellationToken).ConfigureAwait(false);
            Add(Measure.Get, got.CpuMicroseconds);
            Add(Measure.GetLatency, got.Percentile(0.99));
        }

        if (options.Wants(Measure.GetProtobuf))
        {
            Add(Measure.GetProtobuf, (await GetAsync("reads in protobuf", binary, cancellationToken).ConfigureAwait(false)).CpuMicroseconds);
        }

        if (options.Wants(Measure.List))
        {
            Add(Measure.List, await ListAsync("lists", client, cancellationToken).ConfigureAwait(false));
        }

        if (options.Wants(Measure.ListProtobuf))
        {
            Add(Measure.ListProtobuf, await ListAsync("lists in protobuf", binary, cancellationToken).ConfigureAwait(false));
        }

        await client.ClearAsync(Maps, cancellationToken).ConfigureAwait(false);
    }

    private async Task<LoadResult> GetAsync(string what, RawClient by, CancellationToken cancellationToken)
    {
        Task Get(int i, CancellationToken token) => by.GetAsync(Named("read", i % Listed), token);
        await WarmAsync(what, LeastWarmAfter, _ => Load.RunAsync(target, options.Count(20_000), Workers, time, Get, cancellationToken)).ConfigureAwait(false);
        return await Load.RunAsync(target, options.Count(40_000), Workers, time, Get, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>CPU, in milliseconds a list.</returns>
    private async Task<double> ListAsync(string what, RawClient by, CancellationToken cancellationToken)
    {
        Task All(int i, CancellationToken token) => by.GetAsync(Maps, token);
        await WarmAsync(what, LeastWarmLists, _ => Load.RunAsync(target, options.Count(20), 1, time, All, cancellationToken)).ConfigureAwait(false);
        return (await Load.RunAsync(target, options.Count(100), 1, time, All, cancellationToken).ConfigureAwait(false)).CpuMicroseconds / 1000;
    }

    private Task<LoadResult> CreateAsync(string prefix, int count, CancellationToken cancellationToken)
    {
        byte[][] bodies = [.. Enumerable.Range(0, count).Select(i => Samples.ConfigMap(Name(prefix, i)))];
        return Load.RunAsync(target, count, Workers, time, (i, token) => client.SendAsync(HttpMethod.Post, Maps, bodies[i], "application/json", token), cancellationToken);
    }

    private static string Name(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number}");

    private string Named(string prefix, int number) => $"{Maps}/{Name(prefix, number)}";

    private void Say(string text) => progress.Say($"{target.Name}: {text}");

    private void Add(Measure measure, double value) => figures.Add(new Figure(measure, value));

    private static double Megabytes(long bytes) => bytes / 1_000_000.0;
}
