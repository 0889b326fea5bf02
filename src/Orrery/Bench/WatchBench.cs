using Orrery.Commands;
using Orrery.Installation;
using Orrery.Machinery.Wire;

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
        if (!options.Wants(Measure.FanOut, Measure.FanOutProtobuf))
        {
            return;
        }

        int events = options.Count(500);
        await client.SendAsync(HttpMethod.Post, path, Samples.ConfigMap("seen"), "application/json", cancellationToken).ConfigureAwait(false);
        Task Change(int i, CancellationToken token) => client.SendAsync(HttpMethod.Patch, path + "/seen", Samples.Touch(i), "application/merge-patch+json", token);
        await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);
        LoadResult alone = await Load.RunAsync(target, events, 4, time, Change, cancellationToken).ConfigureAwait(false);
        if (options.Wants(Measure.FanOut))
        {
            await FanOutAsync(Measure.FanOut, client, path, events, Change, alone, cancellationToken).ConfigureAwait(false);
        }

        if (options.Wants(Measure.FanOutProtobuf))
        {
            using var binary = new RawClient(target.Config) { Accept = KubernetesProtobuf.MediaType };
            await FanOutAsync(Measure.FanOutProtobuf, binary, path, events, Change, alone, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task FanOutAsync(
        Measure measure, RawClient watcher, string path, int events, Func<int, CancellationToken, Task> change, LoadResult alone, CancellationToken cancellationToken)
    {
        int watchers = options.Count(200);
        progress.Say($"{target.Name}: {events} events to {watchers} watchers ({measure.Key})");
        await using Watches watches = await OpenAsync(watcher, path, watchers, cancellationToken).ConfigureAwait(false);
        await Load.RunAsync(target, events, 4, time, change, cancellationToken).ConfigureAwait(false);
        await watches.WaitForQuietAsync(time, Patience, cancellationToken).ConfigureAwait(false);
        long seen = watches.Events;
        ProcessUsage before = target.Usage();
        await Load.RunAsync(target, events, 4, time, change, cancellationToken).ConfigureAwait(false);
        await watches.WaitForAsync(seen + ((long)events * watchers), time, Patience, cancellationToken).ConfigureAwait(false);
        TimeSpan cpu = target.Usage().Cpu - before.Cpu - alone.Cpu;
        figures.Add(new Figure(measure, cpu.TotalMicroseconds / ((double)events * watchers)));
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
        private long events;

        public long Events => Volatile.Read(ref events);

        public void Add(HttpResponseMessage response)
        {
            responses.Add(response);
            readers.Add(ReadAsync(response));
        }

        /// <exception cref="CommandFailedException">They have not come in time.</exception>
        public async Task WaitForAsync(long wanted, TimeProvider time, TimeSpan patience, CancellationToken cancellationToken)
        {
            long started = time.GetTimestamp();
            while (Events < wanted)
            {
                if (time.GetElapsedTime(started) > patience)
                {
                    throw new CommandFailedException($"watchers saw {Events} of {wanted} events within {patience.TotalSeconds:0} s");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken).ConfigureAwait(false);
            }
        }

        /// <summary>Until nothing comes for half a second.</summary>
        public async Task WaitForQuietAsync(TimeProvider time, TimeSpan patience, CancellationToken cancellationToken)
        {
            long started = time.GetTimestamp(), last = -1;
            while (Events != last && time.GetElapsedTime(started) < patience)
            {
                last = Events;
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
            bool isFramed = response.Content.Headers.ContentType?.MediaType == KubernetesProtobuf.MediaType;
            var frames = new FrameCounter();
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

                Interlocked.Add(ref events, isFramed ? frames.Count(buffer.AsSpan(0, read)) : buffer.AsSpan(0, read).Count((byte)'\n'));
            }
        }
    }

    /// <summary>Counts frames that end in what comes: four bytes of length, big-endian, and that many.</summary>
    private struct FrameCounter
    {
        private int headerBytes;
        private int length;

        public int Count(ReadOnlySpan<byte> bytes)
        {
            int ended = 0;
            while (!bytes.IsEmpty)
            {
                if (headerBytes < sizeof(int))
                {
                    length = (length << 8) | bytes[0];
                    headerBytes++;
                    bytes = bytes[1..];
                    continue;
                }

                int taken = Math.Min(length, bytes.Length);
                length -= taken;
                bytes = bytes[taken..];
                if (length == 0)
                {
                    ended++;
                    headerBytes = 0;
                }
            }

            return ended;
        }
    }
}
