using System.Globalization;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Two virtual clusters: one asks now and then, the other floods the server with writes, reads and long lists. What the flood
/// does to the quiet one's latencies is what fairness is about.
/// </summary>
internal sealed class FairnessBench(ClusterPair pair, Progress progress, TimeProvider time)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    /// <param name="seconds">Of each of the two parts.</param>
    /// <param name="flooders">Requests of the loud one under way at any time.</param>
    public async Task<FairnessResult> RunAsync(int seconds, int flooders, CancellationToken cancellationToken)
    {
        using var quiet = new RawClient(KubeConfig.Load(pair.QuietKubeconfig));
        using var loud = new RawClient(KubeConfig.Load(pair.LoudKubeconfig));
        const string path = Flood.Path;
        await PutAsync(quiet, path, "probe", cancellationToken).ConfigureAwait(false);
        progress.Say($"{Flood.Listed} objects for the loud one to list");
        for (int i = 0; i < Flood.Listed; i++)
        {
            await PutAsync(loud, path, Flood.Name(i), cancellationToken).ConfigureAwait(false);
        }

        // 1. Alone, twice: the first time warms up.
        await ProbeAsync(quiet, path, TimeSpan.FromSeconds(2), cancellationToken).ConfigureAwait(false);
        progress.Say("the quiet one alone");
        double[] alone = await ProbeAsync(quiet, path, TimeSpan.FromSeconds(seconds), cancellationToken).ConfigureAwait(false);

        // 2. Under the flood.
        progress.Say($"the same with {flooders} requests of the loud one under way");
        using FloodProcess flood = FloodProcess.Start(pair.LoudKubeconfig, flooders);
        await Task.Delay(TimeSpan.FromSeconds(4), time, cancellationToken).ConfigureAwait(false);
        double[] under = await ProbeAsync(quiet, path, TimeSpan.FromSeconds(seconds), cancellationToken).ConfigureAwait(false);
        (long answered, long refused) = await flood.EndAsync(cancellationToken).ConfigureAwait(false);
        return new FairnessResult(alone, under, answered, refused);
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
}

/// <summary>Two virtual clusters by the credentials of their administrators.</summary>
internal sealed record ClusterPair(string QuietKubeconfig, string LoudKubeconfig);

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
