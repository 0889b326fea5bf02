using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>Real kubectls that are suspended while pods send them all that they can: each stream through a tunnel has a flow of its own.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class StalledReaderTests(Watched watched)
{
    private const int Readers = 12;

    /// <summary>What one stream may hold on its way, at both ends of its client and of its data plane, with what a collector has not taken yet. A reader that were waited for by its whole pod would take gigabytes.</summary>
    private const long MostOfAStream = 8L << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SuspendedReaders_OfPodsThatWriteOn_HoldUpNothingElseInTheirTunnel()
    {
        using Process satellite = await watched.SatelliteAsync("west");
        int closed = Closed();
        (long ofServer, long ofSatellite) = (Memory(watched.Server.Pid), Memory(satellite.Id));
        var readers = new List<Process>();
        try
        {
            // 1. Each has read some, and then stands still while its pod says back without an end what it is told.
            for (int i = 0; i < Readers; i++)
            {
                readers.Add(await ReadAsync(webSockets: i % 2 == 0));
            }

            foreach (Process reader in readers)
            {
                ProcessSignals.Pause(reader);
            }

            // 2. What others do through the same tunnel goes on, there and back.
            var clock = Stopwatch.StartNew();
            string said = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
            foreach (bool webSockets in (bool[])[true, false, true, false])
            {
                Ended echo = await Shell.RunAsync("kubectl", ["exec", "-i", watched.Pod, "-c", "web", "--", "cat"], Settings(webSockets), said);
                Assert.Equal(said, echo.Succeeded());
            }

            Assert.StartsWith("web ", await watched.Shop.RunAsync($"logs {watched.Pod} -c web --tail=1"), StringComparison.Ordinal);
            await watched.Shop.RunAsync("create configmap beside --from-literal=a=b");
            await Eventually.EqualsAsync("b", async () => (await watched.DataPlane("west").TryAsync("get configmap beside -n acme-shop-default -o jsonpath={.data.a}")).Output, Limit);
            TestContext.Current.SendDiagnosticMessage("the others took {0:0.0} s", clock.Elapsed.TotalSeconds);

            // 3. Nothing grows with what is not read.
            TestContext.Current.SendDiagnosticMessage("{0} MiB more in the server, {1} MiB in the satellite", (Memory(watched.Server.Pid) - ofServer) >> 20, (Memory(satellite.Id) - ofSatellite) >> 20);
            Assert.InRange(Memory(watched.Server.Pid) - ofServer, long.MinValue, Readers * MostOfAStream);
            Assert.InRange(Memory(satellite.Id) - ofSatellite, long.MinValue, Readers * MostOfAStream);

            // 4. Heartbeats came all the while: it is the tunnel of before. And a reader that goes on gets what comes next.
            Assert.InRange(Closed(), 0, closed);
            ProcessSignals.Continue(readers[0]);
            char[] more = new char[1 << 20];
            Assert.Equal(more.Length, await readers[0].StandardOutput.ReadBlockAsync(more, Token).AsTask().WaitAsync(Limit, Token));
        }
        finally
        {
            foreach (Process reader in readers)
            {
                ProcessSignals.Kill(reader);
                reader.Dispose();
            }
        }

        await watched.Shop.RunAsync("delete configmap beside");
    }

    /// <summary>A kubectl to which a pod says back all that it hears, which is endless; a megabyte of it has come.</summary>
    private async Task<Process> ReadAsync(bool webSockets)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec kubectl exec -i {watched.Pod} -c web -- cat < /dev/zero"]) { RedirectStandardOutput = true };
        foreach ((string name, string value) in Settings(webSockets))
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        char[] some = new char[1 << 20];
        Assert.Equal(some.Length, await process.StandardOutput.ReadBlockAsync(some, Token).AsTask().WaitAsync(Limit, Token));
        return process;
    }

    private Dictionary<string, string> Settings(bool webSockets) => new(Watched.Streams(webSockets)) { ["KUBECONFIG"] = watched.Shop.Kubeconfig, ["HOME"] = watched.Folder };

    /// <summary>How many tunnels of the data plane have ended, by the last that the server says.</summary>
    private int Closed() => watched.Server.Tail.Split('\n').Count(l => l.Contains("Data plane west: tunnel closed", StringComparison.Ordinal));

    /// <summary>Bytes of a process that are in memory.</summary>
    private static long Memory(int pid) => long.Parse(Resident().Match(File.ReadAllText($"/proc/{pid}/status")).Groups[1].Value, CultureInfo.InvariantCulture) << 10;

    [GeneratedRegex(@"VmRSS:\s+(\d+) kB")]
    private static partial Regex Resident();
}
