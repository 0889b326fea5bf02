using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>
/// Two virtual clusters: one asks now and then, the other floods the server. What the flood does to the quiet one's latencies is what fairness is about.
/// </summary>
/// <param name="server">The server's process.</param>
internal sealed class FairnessBench(ClusterPair pair, int server, Progress progress, TimeProvider time)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    /// <summary>Objects of the quiet one: answers that come late are not to meet on one.</summary>
    private const int Probed = 64;

    /// <summary>Before what counts: a flood needs it to come to its full height, and the quiet one to be as it is without one.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    /// <summary>Before the first that counts: by then the server has compiled most of what the flood asks for, which in its first ten seconds takes two fifths of a processor.</summary>
    private static readonly TimeSpan Compile = TimeSpan.FromSeconds(12);

    /// <summary>What lists and patches of the loud one find.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        using var quiet = new RawClient(KubeConfig.Load(pair.QuietKubeconfig));
        using var loud = new RawClient(KubeConfig.Load(pair.LoudKubeconfig));
        for (int i = 0; i < Probed; i++)
        {
            await PutAsync(quiet, Flood.Name(i), cancellationToken).ConfigureAwait(false);
        }

        progress.Say($"{Flood.Listed} objects for the loud one to list");
        for (int i = 0; i < Flood.Listed; i++)
        {
            await PutAsync(loud, Flood.Name(i), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <param name="seconds">Of each of the two parts, in all.</param>
    /// <param name="turns">In how many pieces: what else the machine does then falls on both alike.</param>
    /// <param name="flooders">Requests of the loud one under way at any time.</param>
    public async Task<FairnessResult> RunAsync(FloodKind kind, int seconds, int turns, int flooders, CancellationToken cancellationToken)
    {
        using var quiet = new RawClient(KubeConfig.Load(pair.QuietKubeconfig));
        using FloodProcess flood = FloodProcess.Start(pair.LoudKubeconfig, kind, flooders);
        TimeSpan piece = TimeSpan.FromSeconds((double)seconds / turns);
        var alone = new List<Probe>();
        var under = new List<Probe>();
        long answered = 0, refused = 0;
        for (int turn = 1; turn <= turns; turn++)
        {
            // 1. Alone.
            progress.Say($"{kind}, {turn} of {turns}: the quiet one alone");
            _ = await ProbeAsync(quiet, Settle, cancellationToken).ConfigureAwait(false);
            alone.AddRange(await ProbeAsync(quiet, piece, cancellationToken).ConfigureAwait(false));

            // 2. Under the flood.
            progress.Say($"{kind}, {turn} of {turns}: the same with {flooders} requests of the loud one under way");
            flood.Begin();
            _ = await ProbeAsync(quiet, turn == 1 ? Compile : Settle, cancellationToken).ConfigureAwait(false);
            under.AddRange(await ProbeAsync(quiet, piece, cancellationToken).ConfigureAwait(false));
            (long more, long away) = await flood.EndAsync(cancellationToken).ConfigureAwait(false);
            answered += more;
            refused += away;
        }

        return new FairnessResult(kind, new Latencies(alone), new Latencies(under), answered, refused);
    }

    private static async Task PutAsync(RawClient client, string name, CancellationToken cancellationToken)
    {
        // Whatever it answers: an object of an earlier run may stand there.
        using HttpResponseMessage _ = await client.TryAsync(HttpMethod.Post, Flood.Path, Samples.ConfigMap(name), "application/json", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A read and a write in turn, at a steady pace. Each counts from when it was due, so that one slow answer does not hide those behind it.</summary>
    private async Task<List<Probe>> ProbeAsync(RawClient client, TimeSpan length, CancellationToken cancellationToken)
    {
        var probes = new List<Probe>();
        var pending = new List<Task>();
        using var pace = new PeriodicTimer(Pace, time);
        long started = time.GetTimestamp();
        for (int i = 0; time.GetElapsedTime(started) < length && await pace.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false); i++)
        {
            pending.Add(OneAsync(i));
        }

        await Task.WhenAll(pending).ConfigureAwait(false);
        return probes;

        async Task OneAsync(int number)
        {
            string path = $"{Flood.Path}/{Flood.Name(number % Probed)}";
            TimeSpan used = ServerClock.Of(server);
            long at = time.GetTimestamp();
            await (number % 2 == 0
                ? client.GetAsync(path, cancellationToken)
                : client.SendAsync(HttpMethod.Patch, path, Samples.Touch(number), "application/merge-patch+json", cancellationToken)).ConfigureAwait(false);
            var probe = new Probe(time.GetElapsedTime(at), ServerClock.Of(server) - used);
            lock (probes)
            {
                probes.Add(probe);
            }
        }
    }
}

/// <summary>Two virtual clusters by the credentials of their administrators.</summary>
internal sealed record ClusterPair(string QuietKubeconfig, string LoudKubeconfig);
