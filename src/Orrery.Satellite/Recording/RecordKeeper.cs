using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Recording;

/// <summary>
/// Keeps for the cluster's owner what the control plane had done: a line of JSON each, in ConfigMaps <c>orrery-system/satellite-log-N</c> that are only
/// appended to, chained by hashes (<see cref="RecordChain"/>). A full one is followed by the next, and the oldest go, whose lines are summed first (<see cref="RecordSummary"/>). Recording never waits: lines are written in
/// groups, a little later.
/// </summary>
internal sealed class RecordKeeper(KubeClient cluster, TimeProvider time, ILogger logger)
{
    /// <summary>Bytes after which the next ConfigMap is begun: each group of lines writes the whole one again.</summary>
    private const int FullAt = 48 * 1024;

    /// <summary>Lines that wait while the cluster does not answer.</summary>
    private const int MostWaiting = 20_000;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>The same failure of the same, of thousands of objects again and again, is recorded again only after this: it changed nothing, and must not push out what did.</summary>
    private static readonly TimeSpan RefusalPace = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly Dictionary<RecordEntry, (string Answer, long At)> refused = [];
    private readonly Queue<string> waiting = new();
    private long lost;
    private long sequence;
    private string head = RecordChain.Beginning;
    private long file;
    private readonly StringBuilder content = new();
    private bool isDirty;

    /// <summary>Resource version of the present ConfigMap as it was last read or written, and how much of the content it held; null where there is none.</summary>
    private (string Version, int Length)? stored;

    /// <summary>What was appended since, without numbers.</summary>
    private readonly List<string> unwritten = [];

    /// <summary>Number of the oldest ConfigMap that may be there.</summary>
    private long oldest = 1;

    private RecordSummary dropped = new();

    /// <summary>It has grown, and no line says so yet.</summary>
    private bool isSummed;

    private volatile Exception? fault;

    /// <summary>The cluster takes what is recorded again, after it had not.</summary>
    public event Action? Recovered;

    /// <summary>Why what was recorded last could not be written; null when it could. Whatever is done is recorded, so that this tells whether the cluster takes changes at all.</summary>
    public Exception? Fault => fault;

    public void Add(RecordEntry entry, string answer)
    {
        string line = Line(entry, answer);
        lock (gate)
        {
            refused.Remove(entry);
            if (waiting.Count >= MostWaiting)
            {
                waiting.Dequeue();
                lost++;
            }

            waiting.Enqueue(line);
        }
    }

    /// <summary>Something was refused here, by the owner's policy.</summary>
    public void Refused(RecordEntry entry, string denial) => Failed(entry, "denied: " + denial);

    /// <summary>Something was tried, or refused here, and is tried again: the same answer is recorded now and then only.</summary>
    public void Failed(RecordEntry entry, string answer)
    {
        lock (gate)
        {
            if (refused.TryGetValue(entry, out (string Answer, long At) said) && said.Answer == answer && time.GetElapsedTime(said.At) < RefusalPace)
            {
                return;
            }

            Add(entry, answer);
            if (refused.Count >= MostWaiting)
            {
                refused.Clear();
            }

            refused[entry] = (answer, time.GetTimestamp());
        }
    }

    /// <summary>Writes what waits, until cancelled, and then once more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        bool opened = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Pace, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                // What was done last is told also by one that stops.
                using var last = new CancellationTokenSource(Pace, time);
                CancellationToken token = cancellationToken.IsCancellationRequested ? last.Token : cancellationToken;
                if (!opened)
                {
                    await OpenAsync(token).ConfigureAwait(false);
                    opened = true;
                }

                await WriteAsync(token).ConfigureAwait(false);
                if (Interlocked.Exchange(ref fault, null) is not null)
                {
                    Recovered?.Invoke();
                }
            }
            catch (Exception e) when (Retry.IsAway(e))
            {
                // Days without its cluster are a line in the log, not a line a try.
                if (!cancellationToken.IsCancellationRequested && e.Message != fault?.Message)
                {
                    fault = e;
                    Log.RecordNotWritten(logger, e.Message);
                }
            }
        }
    }

    /// <summary>Goes on where a former process stopped. That somebody changed what was there is recorded too: it cannot be undone here.</summary>
    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RecordPart> parts = await RecordReader.ReadAsync(cluster, cancellationToken).ConfigureAwait(false);
        if (parts.Count == 0)
        {
            return;
        }

        GoOnAfter(parts);
        if (RecordVerdict.Of(parts).Break is { } fault)
        {
            Log.RecordBroken(logger, fault);
            Add(new RecordEntry("verify", "", "", "", "the record itself"), "broken: " + fault);
        }
    }

    private void GoOnAfter(IReadOnlyList<RecordPart> parts)
    {
        oldest = parts[0].Number;
        dropped = RecordSummary.Read(parts);
        file = parts[^1].Number;
        content.Clear().Append(parts[^1].Content);
        stored = (parts[^1].Version, content.Length);
        if (parts.SelectMany(p => RecordChain.Lines(p.Content)).LastOrDefault() is { } last)
        {
            sequence = RecordChain.Read(last)?.Number ?? 0;
            head = RecordChain.HashOf(last);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // 1. What could not be written the last time comes first.
            if (isDirty)
            {
                await PutAsync(cancellationToken).ConfigureAwait(false);
                isDirty = false;
            }

            // 2. What a new one makes go is summed, and said at its beginning.
            await SumAsync(cancellationToken).ConfigureAwait(false);

            // 3. As much as fits.
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    return;
                }

                if (file == 0 || content.Length >= FullAt)
                {
                    file++;
                    content.Clear();
                    stored = null;
                    if (isSummed)
                    {
                        Append(dropped.ToLine(Conditions.Time(time.GetUtcNow())));
                        isSummed = false;
                    }
                }

                if (lost > 0)
                {
                    unwritten.Add(string.Create(CultureInfo.InvariantCulture, $"\"at\":\"{Conditions.Time(time.GetUtcNow())}\",\"lost\":{lost}"));
                    Append(unwritten[^1]);
                    lost = 0;
                }

                while (content.Length < FullAt && waiting.TryDequeue(out string? line))
                {
                    unwritten.Add(line);
                    Append(line);
                }
            }

            isDirty = true;
        }
    }

    private void Append(string rest)
    {
        string line = RecordChain.Line(++sequence, head, rest);
        head = RecordChain.HashOf(line);
        content.Append(line).Append('\n');
    }

    /// <summary>On condition that nobody wrote it since: two satellites in one cluster would take each other's lines away.</summary>
    private async Task PutAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (stored is { } known)
                {
                    stored = ((await cluster.UpdateAsync(ClusterResources.ConfigMaps, JoinNames.SystemNamespace, RecordReader.NameOf(file), Make(known.Version), cancellationToken).ConfigureAwait(false)).ResourceVersion, content.Length);
                }
                else
                {
                    await SystemNamespace.EnsureAsync(cluster, cancellationToken).ConfigureAwait(false);
                    stored = ((await cluster.CreateAsync(ClusterResources.ConfigMaps, JoinNames.SystemNamespace, Make(""), cancellationToken).ConfigureAwait(false)).ResourceVersion, content.Length);
                    await ForgetAsync(cancellationToken).ConfigureAwait(false);
                }

                unwritten.Clear();
                return;
            }
            catch (StatusException gone) when (gone.IsNotFound && stored is not null)
            {
                stored = null;
            }
            catch (StatusException changed) when (changed.Code == 409)
            {
                await LookAgainAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Somebody wrote the present one since. What only appended was another satellite, or this one, which did not hear that it was done: it goes on after that. Anything else is written over: the record is appended to, and
    /// nothing else.
    /// </summary>
    private async Task LookAgainAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RecordPart> parts = await RecordReader.ReadAsync(cluster, cancellationToken).ConfigureAwait(false);
        if (parts.FirstOrDefault(p => p.Number == file) is not { } there)
        {
            stored = null;
            return;
        }

        bool hasArrived = there.Content.StartsWith(content.ToString(), StringComparison.Ordinal);
        int known = stored?.Length ?? 0;
        if (!hasArrived && (there.Content.Length <= known || !there.Content.StartsWith(content.ToString(0, known), StringComparison.Ordinal)))
        {
            stored = (there.Version, known);
            return;
        }

        GoOnAfter(parts);
        foreach (string line in hasArrived ? [] : unwritten)
        {
            Append(line);
        }
    }

    private JsonObject Make(string version)
    {
        var metadata = new JsonObject { ["name"] = RecordReader.NameOf(file), ["namespace"] = JoinNames.SystemNamespace, ["labels"] = new JsonObject { [RecordReader.Label] = "true" } };
        if (version.Length > 0)
        {
            metadata["resourceVersion"] = version;
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { [RecordReader.Member] = content.ToString() } };
    }

    private async Task SumAsync(CancellationToken cancellationToken)
    {
        long leaving = file + 1 - RecordPart.Kept;
        if (content.Length >= FullAt && leaving > dropped.Through)
        {
            dropped.Add(await RecordReader.ReadAsync(cluster, cancellationToken).ConfigureAwait(false), leaving);
            isSummed = true;
        }
    }

    /// <summary>All that is older than what is kept: one that could not be taken away in its time would be followed by a gap.</summary>
    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        for (; oldest <= file - RecordPart.Kept; oldest++)
        {
            try
            {
                await cluster.DeleteAsync(ClusterResources.ConfigMaps, JoinNames.SystemNamespace, RecordReader.NameOf(oldest), null, cancellationToken).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                // Its owner was faster.
            }
        }
    }

    /// <summary>The members of a line but its number and what it follows, which it gets when it is written.</summary>
    private string Line(RecordEntry entry, string answer)
    {
        var line = new StringBuilder();
        foreach ((string name, string value) in ((string, string)[])
            [("at", Conditions.Time(time.GetUtcNow())), ("verb", entry.Verb), ("kind", entry.Kind), ("namespace", entry.Namespace), ("name", entry.Name), ("for", entry.Cause), ("answer", answer)])
        {
            if (value.Length > 0)
            {
                line.Append(line.Length == 0 ? "" : ",").Append(JsonSerializer.Serialize(name)).Append(':').Append(JsonSerializer.Serialize(value));
            }
        }

        return line.ToString();
    }
}
