using System.Globalization;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Satellites on machines whose clocks are another than their control plane's, by real processes.</summary>
public sealed class ClockTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>How long ago control plane and cluster were made: their certificates are good from then on, for a year.</summary>
    private static readonly TimeSpan Age = TimeSpan.FromDays(40);

    private readonly TempDirectory folder = new();
    private readonly int port = FreePort.Take();
    private ServeProcess? server;

    private Kubectl Root => new(server!.Kubeconfig);

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        Assert.SkipUnless(FakeClock.Library is not null, FakeClock.Missing);
        using var then = new FakeClock { Shift = -Age };
        using (var former = new ServeProcess(StandIn.Program, folder.Path, port, [], TimeProvider.System, clock: then))
        {
            former.Start();
            await former.ReadyAsync(TestContext.Current.CancellationToken);
        }

        server = new ServeProcess(StandIn.Program, folder.Path, port, [], TimeProvider.System);
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        server?.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Satellites_WhoseClocksAreWrong_JoinAndWork_OrSayWhichClockSaysWhat()
    {
        (string Name, TimeSpan Off)[] all = [("slow", TimeSpan.FromMinutes(-10)), ("fast", TimeSpan.FromMinutes(10)), ("yesterday", TimeSpan.FromDays(-1)), ("tomorrow", TimeSpan.FromDays(1)), ("years", TimeSpan.FromDays(340))];
        await Task.WhenAll(all.Select(a => TryAsync(a.Name, a.Off, isLetIn: a.Off < TimeSpan.FromDays(300))));
    }

    private async Task TryAsync(string name, TimeSpan off, bool isLetIn)
    {
        // 1. A satellite whose clock is wrong, and a cluster that was made a while ago, whose clock is right or ahead as well.
        using var wrong = new FakeClock { Shift = off };
        using var there = new FakeClock { Shift = -Age };
        await using StandIn cluster = await StandIn.StartAsync(there);
        there.Shift = isLetIn && off > TimeSpan.Zero ? off : TimeSpan.Zero;
        await using var network = new BadNetwork(port, TimeProvider.System);
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await Eventually.HoldsAsync(async () => (await owner.TryAsync("get namespace default")).ExitCode == 0, Limit);
        await owner.RunAsync("apply -f -", (await OrreryAsync("data-plane", "add", name, "--server", $"https://127.0.0.1:{network.Port}")).Succeeded());
        string kubeconfig = cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig;
        using SatelliteProcess satellite = SatelliteProcess.Start(name, kubeconfig, clock: wrong);
        if (!isLetIn)
        {
            // 2. Beyond what certificates are good for it trusts nobody, says by which clock, asks seldom, and goes on by itself once its clock is right.
            string says = wrong.Now.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid("NotTimeValid") && satellite.HasSaid($"(this machine's clock says {says}")), Limit);
            int before = network.Connections;
            await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
            Assert.InRange(network.Connections - before, 0, 20);
            wrong.Shift = TimeSpan.Zero;
        }

        await Root.RunAsync($"wait --for=condition=Ready dataplane/{name} --timeout=120s");
        if (isLetIn && off.Duration() > TimeSpan.FromHours(1))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid($"is {(off > TimeSpan.Zero ? "ahead" : "behind")} of the control plane's by about")), Limit);
        }

        // 3. It is asked, and heard by the control plane's clock; a jump of its own breaks nothing.
        await AnswersAsync(name);
        int connections = network.Connections;
        wrong.Shift = TimeSpan.FromHours(5);
        await AnswersAsync(name);
        await Task.Delay(TimeSpan.FromSeconds(12), TimeProvider.System, TestContext.Current.CancellationToken);
        await AnswersAsync(name);
        Assert.Equal("True", await Root.RunAsync($"get dataplane {name} -o 'jsonpath={{range .status.conditions[?(@.type==\"Ready\")]}}{{.status}}{{end}}'"));
        DateTimeOffset heard = DateTimeOffset.Parse(await Root.RunAsync($"get dataplane {name} -o jsonpath={{.status.lastHeartbeatTime}}"), CultureInfo.InvariantCulture);
        Assert.InRange(heard, TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(11), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(5));
        Assert.InRange(network.Connections - connections, 0, 3);
    }

    private Task AnswersAsync(string name) => Eventually.EqualsAsync(
        "configmap/kube-root-ca.crt\n", async () => (await OrreryAsync("data-plane", "kubectl", name, "--", "get", "configmap", "kube-root-ca.crt", "-n", "kube-public", "-o", "name")).Output, Limit);

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });
}
