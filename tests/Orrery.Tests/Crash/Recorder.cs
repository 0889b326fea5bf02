using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Tests.Crash;

/// <summary>Clients that write, list and watch, through whatever happens, and keep book of all of it.</summary>
/// <param name="clients">One a server; whoever fails goes on with the next.</param>
internal sealed class Recorder(IReadOnlyList<KubeClient> clients, string ns)
{
    private const int NamesPerWriter = 5;
    private const int EndAttempts = 60;
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    /// <summary>Between two writes of one client: enough is under way at any moment, and the machine is left time for what is to be judged.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan EndPause = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentBag<WriteRecord> writes = [];
    private readonly ConcurrentBag<ListRecord> lists = [];
    private readonly ConcurrentBag<WatchRecord> watches = [];

    /// <summary>Why a write was not acknowledged, for failures.</summary>
    private volatile Exception? lastFault;

    private static long Now => TimeProvider.System.GetTimestamp();

    public int Acknowledged => writes.Count(w => w.Outcome == WriteOutcome.Acknowledged);

    /// <summary>Runs until <paramref name="stop"/>; then lets everything come to rest.</summary>
    public async Task<History> RunAsync(int writers, int watchers, CancellationToken stop, CancellationToken cancellationToken)
    {
        // 1. Watchers list before anything is written, so that they see all of it.
        using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long last = long.MaxValue;
        ListRecord start = await ListAsync(0, cancellationToken);
        Task[] watching = [.. Enumerable.Range(0, watchers).Select(w => WatchAsync($"watcher {w}", w, start, () => Volatile.Read(ref last), rest.Token))];

        // 2. Load.
        Task listing = ListUntilAsync(stop, cancellationToken);
        await Task.WhenAll([.. Enumerable.Range(0, writers).Select(w => WriteAsync(w, stop, cancellationToken)), listing]);

        // 3. Rest: every watcher comes as far as the last list.
        WriteRecord end = await EndAsync(cancellationToken);
        ListRecord final = await ListAsync(0, cancellationToken);
        Volatile.Write(ref last, end.Revision);
        await Task.WhenAll(watching).WaitAsync(TimeSpan.FromMinutes(2), cancellationToken);
        return new History([.. writes], [.. lists], [.. watches], final);
    }

    /// <summary>A last write that is acknowledged: what broke last may need a moment, or a member another leader.</summary>
    private async Task<WriteRecord> EndAsync(CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            WriteRecord end = await PutAsync(clients[0], $"k-end-{attempt}", null, "end", cancellationToken);
            writes.Add(end);
            if (end.Outcome == WriteOutcome.Acknowledged || attempt == EndAttempts)
            {
                Assert.True(end.Outcome == WriteOutcome.Acknowledged, $"none of {EndAttempts} writes was acknowledged once nothing broke any more; the last: {lastFault}");
                return end;
            }

            await Task.Delay(EndPause, TimeProvider.System, cancellationToken);
        }
    }

    private async Task WriteAsync(int writer, CancellationToken stop, CancellationToken cancellationToken)
    {
        var random = new Random(writer);
        var versions = new string?[NamesPerWriter];
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            int which = i % NamesPerWriter, server = (writer + i) % clients.Count;
            string name = $"k-{writer}-{which}";
            WriteRecord made = versions[which] is { } present && random.Next(6) == 0
                ? await DeleteAsync(clients[server], name, present, cancellationToken)
                : await PutAsync(clients[server], name, versions[which], $"{writer}.{i}", cancellationToken);
            writes.Add(made);
            versions[which] = made.Outcome == WriteOutcome.Acknowledged
                ? made.Value is null ? null : $"{made.Revision}"
                : await VersionAsync(server, name, cancellationToken);
            await Task.Delay(Pace, TimeProvider.System, cancellationToken);
        }
    }

    private async Task<WriteRecord> PutAsync(KubeClient client, string name, string? version, string value, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (version is not null)
        {
            metadata["resourceVersion"] = version;
        }

        var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { ["v"] = value } };
        long began = Now, revision = 0;
        WriteOutcome outcome = await OutcomeAsync(async () =>
        {
            KubeObject made = version is null
                ? await client.CreateAsync(ConfigMaps, ns, body, cancellationToken)
                : await client.UpdateAsync(ConfigMaps, ns, name, body, cancellationToken);
            revision = long.Parse(made.ResourceVersion);
        });
        return new WriteRecord(name, value, outcome, revision, began, Now);
    }

    private async Task<WriteRecord> DeleteAsync(KubeClient client, string name, string version, CancellationToken cancellationToken)
    {
        long began = Now;
        WriteOutcome outcome = await OutcomeAsync(() => client.DeleteAsync(ConfigMaps, ns, name, new DeleteQuery { ResourceVersion = version }, cancellationToken));
        return new WriteRecord(name, null, outcome, 0, began, Now);
    }

    private async Task<WriteOutcome> OutcomeAsync(Func<Task> write)
    {
        try
        {
            await write();
            return WriteOutcome.Acknowledged;
        }
        catch (StatusException refusal) when (refusal.Code is >= 400 and < 500 or 503 or 507)
        {
            lastFault = refusal;
            return WriteOutcome.Refused;
        }
        catch (Exception fault) when (fault is StatusException or HttpRequestException or IOException or TimeoutException)
        {
            lastFault = fault;
            return WriteOutcome.Unknown;
        }
    }

    /// <summary>resourceVersion of the object as it is; null when there is none.</summary>
    private async Task<string?> VersionAsync(int server, string name, CancellationToken cancellationToken) =>
        await UntilAnsweredAsync(server, async client => (await client.FindAsync(ConfigMaps, ns, name, cancellationToken))?.ResourceVersion, cancellationToken);

    private async Task ListUntilAsync(CancellationToken stop, CancellationToken cancellationToken)
    {
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            lists.Add(await ListAsync(i, cancellationToken));
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    private async Task<ListRecord> ListAsync(int server, CancellationToken cancellationToken) =>
        await UntilAnsweredAsync(server, async client =>
        {
            long began = Now;
            KubeList list = await client.ListAsync(ConfigMaps, ns, null, cancellationToken);
            return new ListRecord(began, Now, long.Parse(list.ResourceVersion), list.Items.Where(IsOurs).ToDictionary(i => i.Name, i => new Seen(ValueOf(i), long.Parse(i.ResourceVersion))));
        }, cancellationToken);

    private async Task<T> UntilAnsweredAsync<T>(int server, Func<KubeClient, Task<T>> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await ask(clients[server % clients.Count]);
            }
            catch (Exception fault) when (fault is StatusException { Code: >= 500 or 429 } or HttpRequestException or IOException or TimeoutException)
            {
                server++;
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
    }

    private async Task WatchAsync(string watcher, int server, ListRecord from, Func<long> until, CancellationToken cancellationToken)
    {
        var events = new List<SeenEvent>();
        long position = from.Revision;
        while (position < until() && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Short: resuming is what is tested.
                var query = new WatchQuery { ResourceVersion = $"{position}", AllowBookmarks = true, Timeout = TimeSpan.FromSeconds(3) };
                await foreach (WatchEvent change in clients[server % clients.Count].WatchAsync(ConfigMaps, ns, query, cancellationToken))
                {
                    position = long.Parse(change.Object.ResourceVersion);
                    if (change.Type == WatchEventType.Bookmark)
                    {
                        events.Add(new SeenEvent(change.Type, "", "", position));
                    }
                    else if (IsOurs(change.Object))
                    {
                        events.Add(new SeenEvent(change.Type, change.Object.Name, ValueOf(change.Object), position));
                    }

                    if (position >= until())
                    {
                        break;
                    }
                }
            }
            catch (StatusException expired) when (expired.IsExpired)
            {
                // As any client does: list, and begin anew there.
                watches.Add(new WatchRecord(watcher, from, events));
                from = await ListAsync(server, cancellationToken);
                (events, position) = ([], from.Revision);
            }
            catch (Exception fault) when (fault is StatusException { Code: >= 500 or 429 } or HttpRequestException or IOException or TimeoutException)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }

            server++;
        }

        watches.Add(new WatchRecord(watcher, from, events));
    }

    private static bool IsOurs(KubeObject item) => item.Name.StartsWith("k-", StringComparison.Ordinal);

    private static string ValueOf(KubeObject item) => item.TextAt("data", "v") ?? "";
}
