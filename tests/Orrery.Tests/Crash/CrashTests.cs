using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>
/// Real servers under load, killed, paused and cut off at random; what clients did and saw is checked against every rule.
/// <c>ORRERY_CRASH_MINUTES</c> makes it longer than the few seconds of a normal run, <c>ORRERY_CRASH_SEED</c> repeats the faults of another.
/// </summary>
public sealed class CrashTests : IDisposable
{
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");

    private readonly TempDirectory folder = new();
    private readonly List<IDisposable> parts = [];
    private readonly Random random;
    private readonly int seed;

    public CrashTests()
    {
        seed = int.TryParse(Environment.GetEnvironmentVariable("ORRERY_CRASH_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Environment.TickCount;
        random = new Random(seed);
    }

    /// <summary>How long a run goes on at most for want of anything to judge by.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private const int LeastFaults = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TimeSpan Duration => double.TryParse(Environment.GetEnvironmentVariable("ORRERY_CRASH_MINUTES"), CultureInfo.InvariantCulture, out double minutes)
        ? TimeSpan.FromMinutes(minutes)
        : TimeSpan.FromSeconds(15);

    public void Dispose()
    {
        foreach (IDisposable part in Enumerable.Reverse(parts))
        {
            part.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Sqlite_ServerKilledAgainAndAgain_KeepsEveryPromise()
    {
        ServeProcess server = Serve("one", []);
        await StartAsync(server);

        (History history, int faults) = await RunAsync([server], leastAcknowledged: 100, async () =>
        {
            await WaitAsync(500, 2000);
            server.Kill();
            server.Start();
            await server.ReadyAsync(Token);
        });

        Judge(history, faults, leastAcknowledged: 100);
    }

    [Fact]
    public async Task Etcd_MembersAndServersKilledPausedAndCutOff_KeepEveryPromise()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        // 1. Three members that reach each other over lines that can be cut, and two servers.
        var lines = new List<Relay>();
        IReadOnlyList<EtcdMember> etcd = EtcdMember.StartCluster(3, folder.Path, relay: port =>
        {
            var line = new Relay(port);
            lines.Add(line);
            return line.Port;
        });
        parts.AddRange([.. lines, .. etcd]);
        string[] store = ["--etcd", string.Join(',', etcd.Select(m => m.Client.ToString().TrimEnd('/')))];
        ServeProcess one = Serve("one", store), two = Serve("two", store);
        await StartAsync(one);
        await ShareKeysAsync();
        await StartAsync(two);

        // 2. One thing breaks at a time, and is mended before the next.
        int turn = 0;
        (History history, int faults) = await RunAsync([one, two], leastAcknowledged: 50, async () =>
        {
            int which = random.Next(3);
            ServeProcess server = random.Next(2) == 0 ? one : two;
            await WaitAsync(200, 800);
            switch (turn++ % 5)
            {
                case 0:
                    etcd[which].Kill();
                    await WaitAsync(300, 1500);
                    etcd[which].Start();
                    break;
                case 1:
                    lines[which].Cut();
                    await WaitAsync(1000, 2500);
                    lines[which].Mend();
                    break;
                case 2:
                    server.Kill();
                    server.Start();
                    await server.ReadyAsync(Token);
                    break;
                case 3:
                    etcd[which].Pause();
                    await WaitAsync(1000, 2500);
                    etcd[which].Continue();
                    break;
                default:
                    server.Pause();
                    await WaitAsync(500, 2000);
                    server.Continue();
                    break;
            }
        });

        Judge(history, faults, leastAcknowledged: 50);
    }

    /// <summary>Whole members without a network, from one moment to the next or again and again: neither side is told, and nothing is refused.</summary>
    [Fact]
    public async Task Etcd_MembersCablesPulled_KeepEveryPromise()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        PrivateNetwork network = PrivateNetwork.Make(hosts: 3);
        parts.Add(network);
        IReadOnlyList<EtcdMember> etcd = EtcdMember.StartCluster(3, folder.Path, hosts: network.Hosts);
        parts.AddRange(etcd);
        string[] store = ["--etcd", string.Join(',', etcd.Select(m => m.Client.ToString().TrimEnd('/')))];
        ServeProcess one = Serve("one", store), two = Serve("two", store);
        await StartAsync(one);
        await ShareKeysAsync();
        await StartAsync(two);

        int turn = 0;
        (History history, int faults) = await RunAsync([one, two], leastAcknowledged: 50, async () =>
        {
            int which = random.Next(3);
            await WaitAsync(200, 800);
            if (turn++ % 3 == 2)
            {
                // A line that loses most of what is sent.
                for (int i = 0; i < 10; i++)
                {
                    network.Pull(which);
                    await WaitAsync(20, 200);
                    network.Plug(which);
                    await WaitAsync(10, 60);
                }
            }
            else
            {
                network.Pull(which);
                await WaitAsync(1000, 3000);
                network.Plug(which);
            }
        });

        Judge(history, faults, leastAcknowledged: 50);
    }

    private async Task ShareKeysAsync()
    {
        string keys = Path.Combine(folder.Path, "keys.pem");
        (await EndToEnd.Shell.RunAsync(Repository.Program, ["pki", "export", keys, "--data-dir", Path.Combine(folder.Path, "one")])).Succeeded();
        (await EndToEnd.Shell.RunAsync(Repository.Program, ["pki", "import", keys, "--data-dir", Path.Combine(folder.Path, "two")])).Succeeded();
    }

    private ServeProcess Serve(string name, IReadOnlyList<string> arguments)
    {
        var server = new ServeProcess(Repository.Program, Path.Combine(folder.Path, name), FreePort.Take(), arguments, TimeProvider.System);
        parts.Add(server);
        return server;
    }

    private static async Task StartAsync(ServeProcess server)
    {
        server.Start();
        await server.ReadyAsync(Token);
    }

    private Task WaitAsync(int least, int most) => Task.Delay(TimeSpan.FromMilliseconds(random.Next(least, most)), TimeProvider.System, Token);

    /// <summary>On a slow machine longer than a run lasts, until there is enough to judge by.</summary>
    private static async Task<(History History, int Faults)> RunAsync(IReadOnlyList<ServeProcess> servers, int leastAcknowledged, Func<Task> fault)
    {
        KubeClient[] clients = [.. servers.Select(s => s.Admin())];
        try
        {
            await clients[0].CreateAsync(Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "crash" } }, Token);
            using var stop = new CancellationTokenSource();
            var recorder = new Recorder(clients, "crash");
            Task<History> running = recorder.RunAsync(writers: 4, watchers: 3, stop.Token, Token);
            long start = TimeProvider.System.GetTimestamp();
            int faults = 0;
            bool MoreIsWanted(TimeSpan gone) => gone < Duration || (gone < Patience && (faults < LeastFaults || recorder.Acknowledged < leastAcknowledged));
            while (MoreIsWanted(TimeProvider.System.GetElapsedTime(start)) && !running.IsCompleted)
            {
                await fault();
                faults++;
            }

            await stop.CancelAsync();
            return (await running, faults);
        }
        catch (Exception e) when (servers.FirstOrDefault(s => !s.IsRunning) is { } ended)
        {
            throw new InvalidOperationException(await ended.EndAsync(Token), e);
        }
        finally
        {
            foreach (KubeClient client in clients)
            {
                client.Dispose();
            }
        }
    }

    private void Judge(History history, int faults, int leastAcknowledged)
    {
        int acknowledged = history.Writes.Count(w => w.Outcome == WriteOutcome.Acknowledged), unknown = history.Writes.Count(w => w.Outcome == WriteOutcome.Unknown);
        int events = history.Watches.Sum(w => w.Events.Count);
        string run = $"seed {seed}: {faults} faults, {acknowledged} writes acknowledged, {unknown} unknown, {history.Lists.Count} lists, {events} events to {history.Watches.Count} watches";
        TestContext.Current.SendDiagnosticMessage("{0}", run);
        IReadOnlyList<Violation> violations = HistoryChecker.Check(history);

        Assert.True(violations.Count == 0, $"{run}\n{string.Join('\n', violations.Take(20))}");
        Assert.True(acknowledged >= leastAcknowledged && faults >= LeastFaults && events > acknowledged, $"too little happened to judge by: {run}");
    }
}
