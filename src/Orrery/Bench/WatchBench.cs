using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>What watches cost: idle ones in memory, those that are sent events in CPU.</summary>
internal sealed class WatchBench(BenchTarget target, RawClient client, ApiBenchOptions options, Progress progress, TimeProvider time, List<Figure> figures)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="path">A collection where nothing changes meanwhile.</param>
    public async Task IdleAsync(string path, CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.WatchMemory))
        {
            return;
        }

        // The difference of two numbers of them: connections, buffers and code of the first ones are not counted.
        int few = options.Count(1_000), count = options.Count(5_000);
        progress.Say($"{target.Name}: {count} idle watches");
        // Connections of their own, closed with them: what is measured next does not find them half given up.
        using var own = new RawClient(target.Config);
        await using Watches first = await OpenAsync(own, path, few, cancellationToken).ConfigureAwait(false);
        long before = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        await using Watches watches = await OpenAsync(own, path, count, cancellationToken).ConfigureAwait(false);
        long after = await Settling.KeptAsync(target, options.Settle, time, cancellationToken).ConfigureAwait(false);
        figures.Add(new Figure(Measure.WatchMemory, (after - before) / 1024.0 / count));
    }

    /// <summary>Changes one object many times under many watchers; what the changes cost without watchers is taken off.</summary>
    public async Task FanOutAsync(string path, CancellationToken cancellationToken)
    {
        if (!options.Wants(Measure.FanOut))
        {
            return;
        }

        int watchers = options.Count(200), events = options.Count(500);
        progress.Say($"{target.Name}: {events} events to {watchers} watchers");
        await client.SendAsync(HttpMethod.Post, path, Samples.ConfigMap("seen"), "application/json", cancellationToken).ConfigureAwait(false);
        Task Change(int i, CancellationToken token) => client.SendAsync(HttpMethod.Patch, path + "/seen", Samples.Touch(i), "application/merge-patch+json", token);
        await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);
        LoadResult alone = await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);

        await using Watches watches = await OpenAsync(client, path, watchers, cancellationToken).ConfigureAwait(false);
        await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);
        await watches.WaitForQuietAsync(time, Patience, cancellationToken).ConfigureAwait(false);
        long seen = watches.Lines;
        ProcessUsage before = target.Usage();
        await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);
        await watches.WaitForAsync(seen + ((long)events * watchers), time, Patience, cancellationToken).ConfigureAwait(false);
        TimeSpan cpu = target.Usage().Cpu - before.Cpu - alone.Cpu;
        figures.Add(new Figure(Measure.FanOut, cpu.TotalMicroseconds / ((double)events * watchers)));
    }

    private static async Task<Watches> OpenAsync(RawClient client, string path, int count, CancellationToken cancellationToken)
    {
        var watches = new Watches();
        for (int i = 0; i < count; i++)
        {
            watches.Add(await client.OpenAsync(HttpMethod.Get, path + "?watch=true&resourceVersion=0&allowWatchBookmarks=true", null, "", cancellationToken).ConfigureAwait(false));
        }

        return watches;
    }

    /// <summary>Open watches, their events counted as they come.</summary>
    private sealed class Watches : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly List<HttpResponseMessage> responses = [];
        private readonly List<Task> readers = [];
        private long lines;

        public long Lines => Volatile.Read(ref lines);

        public void Add(HttpResponseMessage response)
        {
            responses.Add(response);
            readers.Add(ReadAsync(response));
        }

        /// <exception cref="CommandFailedException">They have not come in time.</exception>
        public async Task WaitForAsync(long wanted, TimeProvider time, TimeSpan patience, CancellationToken cancellationToken)
        {
            long started = time.GetTimestamp();
            while (Lines < wanted)
            {
                if (time.GetElapsedTime(started) > patience)
                {
                    throw new CommandFailedException($"watchers saw {Lines} of {wanted} events within {patience.TotalSeconds:0} s");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken).ConfigureAwait(false);
            }
        }

        /// <summary>Until nothing comes for half a second.</summary>
        public async Task WaitForQuietAsync(TimeProvider time, TimeSpan patience, CancellationToken cancellationToken)
        {
            long started = time.GetTimestamp(), last = -1;
            while (Lines != last && time.GetElapsedTime(started) < patience)
            {
                last = Lines;
                await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(readers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            responses.ForEach(r => r.Dispose());
            stop.Dispose();
        }

        private async Task ReadAsync(HttpResponseMessage response)
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(stop.Token).ConfigureAwait(false);
            byte[] buffer = [];
            while (true)
            {
                // An idle reader holds no buffer.
                await stream.ReadAsync(Memory<byte>.Empty, stop.Token).ConfigureAwait(false);
                if (buffer.Length == 0)
                {
                    buffer = new byte[16 * 1024];
                }

                int read = await stream.ReadAsync(buffer, stop.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    return;
                }

                Interlocked.Add(ref lines, buffer.AsSpan(0, read).Count((byte)'\n'));
            }
        }
    }
}
