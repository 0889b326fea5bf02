using System.Diagnostics;
using System.Globalization;
using Orrery.Testing;
using Orrery.Tests.Crash;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// A customer's cluster and its satellite in a network of their own, whose packets are dropped on the way by the kernel: some of them, those that are too large for the way, and all in one direction. Nobody is told of a connection's end, as where a cable
/// is cut.
/// </summary>
public sealed class DroppedPacketsTests : IAsyncLifetime
{
    private const string Far = "far", Near = "near";

    /// <summary>Waits of both sides' kernels, which double with each packet that is lost, are most of it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempDirectory folder = new();
    private readonly List<IDisposable> running = [];
    private readonly int port = FreePort.Take();
    private PrivateNetwork? network;
    private ServeProcess? server;
    private SatelliteProcess? far;
    private Kubectl shop = null!;
    private string pod = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Kubectl Root => new(server!.Kubeconfig);

    private IReadOnlyList<string> There => network!.Hosts[0].Enter;

    private string FarKubeconfig => Path.Combine(folder.Path, Far, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        network = PrivateNetwork.Make(hosts: 1);
        try
        {
            network.Drop(0);
        }
        catch (InvalidOperationException refusal)
        {
            network.Dispose();
            Assert.Skip($"no packets can be dropped here: {refusal.Message}");
        }

        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        far?.Dispose();
        foreach (IDisposable process in running)
        {
            process.Dispose();
        }

        server?.Dispose();
        network?.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task SatelliteWhosePacketsAreDropped_WorksOnOrIsSaidToBeSilent_AndIsAsItWasOnceTheyPass()
    {
        double lists = await CountedAsync("verb=\"LIST\"", "resource=\"custom\"");
        string failed = await FailedAsync();

        // 1. One of five, each way: all works, and what was opened stays.
        network!.Drop(0, ("in", "numgen random mod 100 < 20"), ("out", "numgen random mod 100 < 20"));
        using Process follower = Follow();
        Assert.StartsWith("web started", await follower.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token), StringComparison.Ordinal);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal($"{i}\n", await shop.RunAsync($"exec {pod} -- echo {i}"));
            await shop.RunAsync($"create configmap lossy-{i} --from-literal=key={i}");
        }

        await Eventually.EqualsAsync("4", () => ThereAsync("lossy-4"), Limit);
        Assert.StartsWith("web has been running", await follower.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token), StringComparison.Ordinal);

        // 2. All that come: it is said to be silent, nobody else is, and what is asked of it is refused by its name.
        network.Drop(0, ("in", ""));
        await Eventually.EqualsAsync("Unknown SatelliteSilent", async () =>
        {
            Assert.Equal("ok", await Root.RunAsync($"get --raw /apis/orrery.dev/v1alpha1/dataplanes/{Near}/proxy/readyz"));
            return await ReadyAsync(Far);
        }, Limit);
        Assert.Equal("True SatelliteReady", await ReadyAsync(Near));
        Assert.Contains($"pod \"{pod}\" runs in data plane \"{Far}\", whose satellite is not connected since 20", (await shop.TryAsync($"exec {pod} -- true")).Error, StringComparison.Ordinal);
        await shop.RunAsync("create configmap meanwhile --from-literal=key=a");

        // Whoever followed a log is told that this is not its end.
        await follower.WaitForExitAsync(Token).WaitAsync(Limit, Token);
        Assert.Equal(1, follower.ExitCode);

        // 3. They pass: it goes on where it was.
        network.Drop(0);
        await IsAskedAsync();
        await Eventually.EqualsAsync("a", () => ThereAsync("meanwhile"), Limit);
        await Eventually.EqualsAsync("True SatelliteReady", () => ReadyAsync(Far), Limit);
        Assert.Equal(lists, await CountedAsync("verb=\"LIST\"", "resource=\"custom\""));

        // 4. The large ones that come, as on a way that is narrower than it says: what is behind them waits. Who asks meanwhile goes again, which takes nothing away from those who come later.
        network.Drop(0, ("in", "meta length > 1000"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "large"), Convert.ToBase64String(new byte[50_000]), Token);
        await shop.RunAsync($"create configmap large --from-file=key={Path.Combine(folder.Path, "large")}");
        far!.Dispose();
        far = StartFar();
        await Eventually.HoldsAsync(() => Task.FromResult(far.HasSaid("is open")), Limit);
        for (int i = 0; i < 3; i++)
        {
            await Shell.RunAsync("timeout", ["3", "kubectl", "exec", pod, "--", "true"], new Dictionary<string, string> { ["KUBECONFIG"] = shop.Kubeconfig });
        }

        Assert.Equal("", await ThereAsync("large"));
        network.Drop(0);
        await IsAskedAsync();
        await Eventually.EqualsAsync(66668, async () => (await ThereAsync("large")).Length, Limit);

        // 5. Nobody was answered that the server does not know what happened.
        Assert.Equal(failed, await FailedAsync());
    }

    private async Task StartAsync()
    {
        server = new ServeProcess(StandIn.Program, folder.Path, port, ["--address", network!.Outside], TimeProvider.System);
        server.Start();
        await server.ControlsAsync(Token);
        await AddAsync(Near, []);
        running.Add(SatelliteProcess.Start(Near, Path.Combine(folder.Path, Near, "kubeconfig")));
        await AddAsync(Far, There);
        far = StartFar();
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{Near} dataplane/{Far} --timeout=120s");
        await Root.RunAsync("apply -f -", $$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme", "labels": {"orrery.dev/tenant": "acme"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop", "namespace": "acme"}, "spec": {"placement": {"dataPlanes": ["{{Far}}"]} } }]}
            """);
        await Root.RunAsync("wait --for=condition=Ready virtualcluster/shop -n acme --timeout=120s");
        string kubeconfig = Path.Combine(folder.Path, "shop.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, (await OrreryAsync("kubeconfig", "--virtual-cluster", "acme/shop")).Succeeded(), Token);
        shop = new Kubectl(kubeconfig);
        await shop.RunAsync("create deployment web --image=web:1");
        await shop.RunAsync("rollout status deployment web --timeout=120s");
        await Eventually.MatchesAsync($"^web-[a-z0-9-]+[.]{Far}$", async () => pod = await shop.RunAsync("get pods -l app=web --field-selector=status.phase=Running -o jsonpath={.items[*].metadata.name}"), Limit);
    }

    /// <summary>A simulated cluster that is only reached where it runs, with what its satellite joins by.</summary>
    private async Task AddAsync(string name, IReadOnlyList<string> enter)
    {
        string place = Path.Combine(folder.Path, name), kubeconfig = Path.Combine(place, "kubeconfig");
        Directory.CreateDirectory(place);
        string[] command = [.. enter, StandIn.Program, "simulate", name, "--folder", place, "--port", FreePort.Take().ToString(CultureInfo.InvariantCulture)];
        Process cluster = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        running.Add(new Killed(cluster));
        cluster.BeginOutputReadLine();
        cluster.BeginErrorReadLine();
        string manifest = (await OrreryAsync("data-plane", "add", name, "--server", $"https://{network!.Outside}:{port}")).Succeeded();
        await Eventually.EqualsAsync(0, async () => File.Exists(kubeconfig) ? (await KubectlAsync(enter, kubeconfig, manifest, "apply", "-f", "-")).ExitCode : -1, Limit);
    }

    private SatelliteProcess StartFar() => SatelliteProcess.Start(Far, FarKubeconfig, enter: There);

    private Process Follow() => Process.Start(
        new ProcessStartInfo("kubectl", ["logs", "-f", pod]) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["KUBECONFIG"] = shop.Kubeconfig } })!;

    private Task IsAskedAsync() => Eventually.EqualsAsync("asked\n", async () => (await shop.TryAsync($"exec {pod} -- echo asked")).Output, Limit);

    /// <summary>What the far cluster has of a ConfigMap.</summary>
    private async Task<string> ThereAsync(string name) =>
        (await KubectlAsync(There, FarKubeconfig, null, "get", "configmap", name, "-n", "acme-shop-default", "-o", "jsonpath={.data.key}")).Output;

    private static Task<Ended> KubectlAsync(IReadOnlyList<string> enter, string kubeconfig, string? input, params string[] arguments)
    {
        string[] command = [.. enter, "kubectl", .. arguments];
        return Shell.RunAsync(command[0], command[1..], new Dictionary<string, string> { ["KUBECONFIG"] = kubeconfig, ["HOME"] = Path.GetDirectoryName(kubeconfig)! }, input);
    }

    private Task<string> ReadyAsync(string name) => Root.RunAsync($"get dataplane {name} -o 'jsonpath={{range .status.conditions[?(@.type==\"Ready\")]}}{{.status}} {{.reason}}{{end}}'");

    /// <summary>Requests since the server's start whose labels hold all of these.</summary>
    private async Task<double> CountedAsync(params string[] labels) =>
        (await RequestsAsync(labels)).Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>Requests whose answer was that the server does not know what happened, or, while it started, that it was not ready.</summary>
    private async Task<string> FailedAsync() => string.Join('\n', await RequestsAsync("code=\"500\""));

    private async Task<IEnumerable<string>> RequestsAsync(params string[] labels) => (await Root.RunAsync("get --raw /metrics")).Split('\n')
        .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && labels.All(label => l.Contains(label, StringComparison.Ordinal)));

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "*" });

    private sealed class Killed(Process process) : IDisposable
    {
        public void Dispose()
        {
            ProcessSignals.Kill(process);
            process.Dispose();
        }
    }
}
