using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>A control plane whose clock goes on by minutes and days while satellites join, and is set right afterwards: by the real programs, with its record of it.</summary>
public sealed class ServerClockTests : IAsyncLifetime
{
    private const string Name = "edge";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempDirectory folder = new();
    private readonly FakeClock? clock = FakeClock.Library is null ? null : new FakeClock();
    private readonly int port = FreePort.Take();
    private ServeProcess? server;

    private Kubectl Root => new(server!.Kubeconfig);

    private string AuditLog => Path.Combine(folder.Path, "audit.log");

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        Assert.SkipUnless(clock is not null, FakeClock.Missing);
        string policy = folder.Write("audit-policy.yaml", """{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}""");
        server = new ServeProcess(StandIn.Program, folder.Path, port, ["--audit-policy-file", policy, "--audit-log-path", AuditLog], TimeProvider.System, clock: clock);
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        server?.Dispose();
        clock?.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task TokenThatHasExpired_AndCertificateOfAClockThatWasAhead_AreRefused_Recorded_AndReplaced()
    {
        await using StandIn cluster = await StandIn.StartAsync();
        await using var network = new BadNetwork(port, TimeProvider.System);
        string[] at = ["--server", $"https://127.0.0.1:{network.Port}"];
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");

        // 1. A token of fifteen minutes, sixteen minutes later. What it is worth the server decides by the token itself.
        await owner.RunAsync("apply -f -", (await OrreryAsync(["data-plane", "add", Name, .. at])).Succeeded());
        string invited = (await Root.RunAsync($"get serviceaccounts -n dp-{Name} -o name")).Split('\n').Single(l => l.Contains("/join-", StringComparison.Ordinal));
        clock!.Shift = TimeSpan.FromMinutes(16);
        using SatelliteProcess satellite = SatelliteProcess.Start(Name, cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig);
        await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid("the token is not good any more")), Limit);
        JsonNode refused = (await EventsAsync()).First(e => (int?)e["responseStatus"]?["code"] == 401);
        Assert.Equal(("127.0.0.1", "Unauthorized"), ((string?)refused["sourceIPs"]?[0], (string?)refused["responseStatus"]?["reason"]));
        Assert.Contains("/certificatesigningrequests/satellite-" + Name, (string)refused["requestURI"]!, StringComparison.Ordinal);

        // 2. Whose it was stands where an operator looks, once the server has looked at it again.
        await RestartAsync();
        await Eventually.EqualsAsync("True TokenExpired", () => ConditionAsync("JoinRefused", "{.status} {.reason}"), Limit);
        await Eventually.ContainsAsync("TokenExpired", () => Root.RunAsync($"get events --field-selector involvedObject.kind=DataPlane,involvedObject.name={Name} -o jsonpath={{.items[*].reason}}"), Limit);
        await Eventually.HoldsAsync(async () => (await Root.TryAsync($"get {invited.Trim()} -n dp-{Name}")).Error.Contains("NotFound", StringComparison.Ordinal), Limit);

        // 3. Another lets it in, on a day that is not yet.
        clock.Shift = TimeSpan.FromDays(2);
        await Eventually.HoldsAsync(async () => DateTimeOffset.Parse(await Root.RunAsync("create configmap now --dry-run=server -o 'jsonpath={.metadata.creationTimestamp}'"), CultureInfo.InvariantCulture) > TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1), Limit);
        await owner.RunAsync("apply -f -", (await OrreryAsync(["data-plane", "token", Name, .. at])).Succeeded());
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
        await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid("is behind of the control plane's by about")), Limit);

        // 4. Set right, the server takes that certificate for no more than whose key it is; the satellite says why at once, and asks seldom.
        clock.Shift = TimeSpan.Zero;
        await RestartAsync();
        await Eventually.EqualsAsync("False ApprovalNeeded", () => ConditionAsync("Identity", "{.status} {.reason}"), Limit);
        Assert.Contains("as it was issued while the control plane's clock was ahead", await ConditionAsync("Identity", "{.message}"), StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid("by the control plane's clock its certificate is not good now") && satellite.HasSaid($"'orrery data-plane approve {Name}'")), Limit);
        await Eventually.EqualsAsync("Unknown", () => ConditionAsync("Ready", "{.status}"), Limit);
        int before = network.Connections;
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.InRange(network.Connections - before, 0, 20);

        // 5. An operator is enough.
        (await OrreryAsync(["data-plane", "approve", Name])).Succeeded();
        await Eventually.EqualsAsync("True", () => ConditionAsync("Identity", "{.status}"), Limit);
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
        await Eventually.EqualsAsync(
            "configmap/kube-root-ca.crt\n", async () => (await OrreryAsync(["data-plane", "kubectl", Name, "--", "get", "configmap", "kube-root-ca.crt", "-n", "kube-public", "-o", "name"])).Output, Limit);

        // 6. Who asked by what was not good now, and who let it in.
        string user = $"orrery:expired:orrery:data-plane:{Name}:";
        JsonNode asked = (await EventsAsync()).Last(e => IsOf(e, "create", null));
        Assert.StartsWith(user, (string)asked["user"]!["username"]!, StringComparison.Ordinal);
        Assert.Contains(await EventsAsync(), e => IsOf(e, "update", "approval") && (string?)e["objectRef"]?["name"] == (string?)asked["objectRef"]?["name"] && (string?)e["user"]?["username"] == "orrery-admin");
    }

    private static bool IsOf(JsonNode e, string verb, string? subresource) =>
        (string?)e["verb"] == verb && (string?)e["objectRef"]?["resource"] == "certificatesigningrequests" && (string?)e["objectRef"]?["subresource"] == subresource && (int?)e["responseStatus"]?["code"] is 200 or 201;

    private async Task RestartAsync()
    {
        server!.Kill();
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    private Task<string> ConditionAsync(string type, string what) => Root.RunAsync($"get dataplane {Name} -o 'jsonpath={{range .status.conditions[?(@.type==\"{type}\")]}}{what}{{end}}'");

    private Task<Ended> OrreryAsync(string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });

    private Task<List<JsonNode>> EventsAsync() => Watched.EventsAsync(AuditLog);
}
