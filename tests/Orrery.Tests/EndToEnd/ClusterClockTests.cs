using System.Globalization;
using System.Text.Json;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Data planes whose API server has another clock than their satellite and the control plane, which are right: what the cluster stamps is told as it is, and nothing waits for it.</summary>
public sealed class ClusterClockTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempDirectory folder = new();
    private readonly ServeProcess server;

    public ClusterClockTests() => server = new ServeProcess(StandIn.Program, folder.Path, FreePort.Take(), [], TimeProvider.System);

    private Kubectl Root => new(server.Kubeconfig);

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        Assert.SkipUnless(FakeClock.Library is not null, FakeClock.Missing);
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        server.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public Task Clusters_WhoseClocksAreWrong_AreServedAsOthersAre() => Task.WhenAll(TryAsync("behind", TimeSpan.FromHours(-1)), TryAsync("ahead", TimeSpan.FromDays(2)));

    private async Task TryAsync(string name, TimeSpan off)
    {
        // 1. Its certificate is of a time when its clock was right; what its clients show is judged by the clock that it has now.
        using var clock = new FakeClock();
        await using StandIn cluster = await StandIn.StartAsync(clock);
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        clock.Shift = off;
        await owner.RunAsync("apply -f -", (await OrreryAsync("data-plane", "add", name)).Succeeded());
        await Eventually.HoldsAsync(async () => ((await CreatedAsync(owner, "configmap/probe", "create configmap probe")) - clock.Now).Duration() < TimeSpan.FromMinutes(1), Limit);
        using SatelliteProcess satellite = SatelliteProcess.Start(name, cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 100h")).Trim()).Kubeconfig);
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{name} --timeout=120s");
        string ready = await ReadyAsync(name);
        Kubectl shop = await TenantAsync(name);
        string mapped = name + "-shop-default";

        // 2. Applied, put back, and told in an Event.
        await shop.RunAsync("create configmap hacked --from-literal=key=a");
        await shop.RunAsync("create configmap held --from-literal=key=a");
        await shop.RunAsync("apply -f -", """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]} }""");
        await Eventually.EqualsAsync("a", () => ValueAsync(owner, mapped, "hacked"), Limit);
        await owner.RunAsync($"patch configmap hacked -n {mapped} --type=merge -p {{\"data\":{{\"key\":\"b\"}}}}");
        await Eventually.EqualsAsync("a", () => ValueAsync(owner, mapped, "hacked"), Limit);
        await Eventually.ContainsAsync("DriftCorrected", () => shop.RunAsync("get events -o jsonpath={.items[*].reason}"), Limit);

        // 3. What the cluster stamps on a pod is told as it is; how old the pod is the virtual cluster says by its own clock.
        await Eventually.HoldsAsync(async () => (await owner.TryAsync($"get pod web -n {mapped}")).ExitCode == 0, Limit);
        string started = clock.Now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await owner.RunAsync($"patch pod web -n {mapped} --subresource=status --type=merge -p '{{\"status\":{{\"phase\":\"Running\",\"startTime\":\"{started}\"}}}}'");
        await Eventually.EqualsAsync($"Running {started}", () => shop.RunAsync("get pods -o 'jsonpath={.items[*].status.phase} {.items[*].status.startTime}'"), Limit);
        DateTimeOffset made = Time(await shop.RunAsync("get pods -o jsonpath={.items[*].metadata.creationTimestamp}"));
        Assert.InRange(made, TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(10), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(5));

        // 4. What was removed and waits for somebody's finalizer is said after seconds, by whichever clock it was removed.
        await owner.RunAsync($"patch configmap held -n {mapped} --type=merge -p {{\"metadata\":{{\"finalizers\":[\"example.org/hold\"]}}}}");
        await shop.RunAsync("delete configmap held");
        await Eventually.ContainsAsync("it is wanted no more and was deleted, and waits for its finalizers: example.org/hold", () => owner.RunAsync($"get events -n {mapped} -o jsonpath={{.items[*].message}}"), Limit);

        // 5. The record is whole, in the satellite's time.
        Assert.Contains("are whole", (await OrreryAsync("satellite-log", "--verify", "--kubeconfig", owner.Kubeconfig)).Succeeded(), StringComparison.Ordinal);
        string last = (await OrreryAsync("satellite-log", "--kubeconfig", owner.Kubeconfig)).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.InRange(Time(JsonDocument.Parse(last).RootElement.GetProperty("at").GetString()!), TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(5), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(5));

        // 6. In quiet it is asked as little as any, and heard all the while, also as its clock goes on by hours. Of being heard nothing is written: there are two heartbeats in it.
        string written = await WrittenAsync(name);
        double before = await RequestsAsync(owner);
        clock.Shift = off + TimeSpan.FromHours(3);
        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        double asked = await RequestsAsync(owner) - before;
        TestContext.Current.SendDiagnosticMessage("{0}: {1} requests in 20 seconds", name, asked);
        Assert.InRange(asked, 0, 100);
        Assert.StartsWith("True ", ready, StringComparison.Ordinal);
        Assert.Equal(ready, await ReadyAsync(name));
        Assert.Equal(written, await WrittenAsync(name));
    }

    private async Task<Kubectl> TenantAsync(string name)
    {
        await Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{{name}}}", "labels": {"orrery.dev/tenant": "{{{name}}}"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "{{{name}}}"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop", "namespace": "{{{name}}}"}, "spec": {"placement": {"dataPlanes": ["{{{name}}}"]} } }]}
            """);
        await Root.RunAsync($"wait --for=condition=Ready virtualcluster/shop -n {name} --timeout=120s");
        return new Kubectl(folder.Write(name + ".kubeconfig", (await OrreryAsync("kubeconfig", "--virtual-cluster", name + "/shop")).Succeeded()));
    }

    /// <summary>Whether it is heard, and since when.</summary>
    private Task<string> ReadyAsync(string name) => Root.RunAsync($"get dataplane {name} -o 'jsonpath={{range .status.conditions[?(@.type==\"Ready\")]}}{{.status}} {{.lastTransitionTime}}{{end}}'");

    /// <summary>Versions of what could say in root that it is heard: its DataPlane, and Leases in its namespace.</summary>
    private async Task<string> WrittenAsync(string name) =>
        $"{await Root.RunAsync($"get dataplane {name} -o jsonpath={{.metadata.resourceVersion}}")} {await Root.RunAsync($"get leases -n dp-{name} -o jsonpath={{.items[*].metadata.resourceVersion}}")}";

    /// <summary>When the cluster says that something was made just now.</summary>
    private static async Task<DateTimeOffset> CreatedAsync(Kubectl owner, string what, string create)
    {
        await owner.TryAsync($"delete {what}");
        await owner.TryAsync(create);
        return Time(await owner.RunAsync($"get {what} -o jsonpath={{.metadata.creationTimestamp}}"));
    }

    private static async Task<double> RequestsAsync(Kubectl owner) => (await owner.RunAsync("get --raw /metrics")).Split('\n')
        .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal)).Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<string> ValueAsync(Kubectl owner, string ns, string name) => (await owner.TryAsync($"get configmap {name} -n {ns} -o jsonpath={{.data.key}}")).Output;

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });
}
