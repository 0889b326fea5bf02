using System.Globalization;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Two virtual clusters: one asks now and then, the other floods the server with writes, reads and long lists. What the flood
/// does to the quiet one's latencies is what fairness is about.
/// </summary>
internal sealed class FairnessBench(ClusterPair pair, Progress progress, TimeProvider time)
{
    private const int Listed = 2_000;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    /// <param name="seconds">Of each of the two parts.</param>
    /// <param name="flooders">Requests of the loud one under way at any time.</param>
    public async Task<FairnessResult> RunAsync(int seconds, int flooders, CancellationToken cancellationToken)
    {
        using var quiet = new RawClient(pair.Quiet);
        using var loud = new RawClient(pair.Loud);
        const string path = "/api/v1/namespaces/default/configmaps";
        await PutAsync(quiet, path, "probe", cancellationToken).ConfigureAwait(false);
        progress.Say($"{Listed} objects for the loud one to list");
        for (int i = 0; i < Listed; i++)
        {
            await PutAsync(loud, path, string.Create(CultureInfo.InvariantCulture, $"o{i}"), cancellationToken).ConfigureAwait(false);
        }

        // 1. Alone, twice: the first time warms up.
        await ProbeAsync(quiet, path, TimeSpan.FromSeconds(2), cancellationToken).ConfigureAwait(false);
        progress.Say("the quiet one alone");
        double[] alone = await ProbeAsync(quiet, path, TimeSpan.FromSeconds(seconds), cancellationToken).ConfigureAwait(false);

        // 2. Under the flood.
        progress.Say($"the same with {flooders} requests of the loud one under way");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flood = new Flood();
        Task[] flooding = [.. Enumerable.Range(0, flooders).Select(i => FloodAsync(loud, path, i, flood, stop.Token))];
        await Task.Delay(TimeSpan.FromSeconds(2), time, cancellationToken).ConfigureAwait(false);
        double[] under = await ProbeAsync(quiet, path, TimeSpan.FromSeconds(seconds), cancellationToken).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(flooding).ConfigureAwait(false);
        return new FairnessResult(alone, under, flood.Answered, flood.Refused);
    }

    private static async Task PutAsync(RawClient client, string path, string name, CancellationToken cancellationToken)
    {
        // Whatever it answers: an object of an earlier run may stand there.
        using HttpResponseMessage _ = await client.TryAsync(HttpMethod.Post, path, Samples.ConfigMap(name), "application/json", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A read and a write in turn, at a steady pace. Each counts from when it was due, so that one slow answer does not hide those behind it.</summary>
    private async Task<double[]> ProbeAsync(RawClient client, string path, TimeSpan length, CancellationToken cancellationToken)
    {
        var latencies = new List<double>();
        var pending = new List<Task>();
        using var pace = new PeriodicTimer(Pace, time);
        long started = time.GetTimestamp();
        for (int i = 0; time.GetElapsedTime(started) < length && await pace.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false); i++)
        {
            pending.Add(OneAsync(i));
        }

        await Task.WhenAll(pending).ConfigureAwait(false);
        return [.. latencies.Order()];

        async Task OneAsync(int number)
        {
            long at = time.GetTimestamp();
            await (number % 2 == 0
                ? client.GetAsync(path + "/probe", cancellationToken)
                : client.SendAsync(HttpMethod.Patch, path + "/probe", Samples.Touch(number), "application/merge-patch+json", cancellationToken)).ConfigureAwait(false);
            double took = time.GetElapsedTime(at).TotalMilliseconds;
            lock (latencies)
            {
                latencies.Add(took);
            }
        }
    }

    private async Task FloodAsync(RawClient client, string path, int number, Flood flood, CancellationToken cancellationToken)
    {
        for (int i = number; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                using HttpResponseMessage response = await ((i % 4) switch
                {
                    0 => client.TryAsync(HttpMethod.Get, path, null, "", cancellationToken),
                    1 => client.TryAsync(HttpMethod.Patch, $"{path}/o{i % Listed}", Samples.Touch(i), "application/merge-patch+json", cancellationToken),
                    _ => client.TryAsync(HttpMethod.Get, $"{path}/o{i % Listed}", null, "", cancellationToken),
                }).ConfigureAwait(false);
                await response.Content.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
                flood.Count((int)response.StatusCode == 429);
                if ((int)response.StatusCode == 429)
                {
                    // Shorter than it was asked to wait: a client that does not behave.
                    await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private sealed class Flood
    {
        private long answered;
        private long refused;

        public long Answered => Interlocked.Read(ref answered);

        public long Refused => Interlocked.Read(ref refused);

        public void Count(bool isRefused) => Interlocked.Increment(ref isRefused ? ref refused : ref answered);
    }
}

/// <summary>Two virtual clusters by the credentials of their administrators.</summary>
internal sealed record ClusterPair(Client.ClientConfig Quiet, Client.ClientConfig Loud);

/// <summary>Latencies in milliseconds, sorted, and what became of the flood.</summary>
internal sealed record FairnessResult(double[] Alone, double[] Under, long Answered, long Refused)
{
    public double Ratio => At(Under, 0.99) / At(Alone, 0.99);

    public static double At(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    public void Write(TextWriter output)
    {
        output.WriteLine(Machine.Describe());
        output.WriteLine($"{"quiet virtual cluster",-28}{"requests",10}{"p50 ms",10}{"p99 ms",10}{"max ms",10}");
        foreach ((string name, double[] values) in (IEnumerable<(string, double[])>)[("alone", Alone), ("while another floods", Under)])
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-28}{values.Length,10}{At(values, 0.5),10:0.0}{At(values, 0.99),10:0.0}{values[^1],10:0.0}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p99 ratio {Ratio:0.0} (goal: 2); of the flood {Answered} were answered, {Refused} sent away with 429"));
    }
}
